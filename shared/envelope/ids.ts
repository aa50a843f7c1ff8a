import { v5, v7 } from 'uuid';

/** Namespace of every derived id of Flotilla (a fixed random uuid; changing it changes every id). */
const NAMESPACE = '7c0b2c5e-6a0a-4d0e-9a0b-3f1d6f0a5b11';

/** The run that a job becomes: the same client and job id always name the same run, so intake is idempotent. */
export function runIdOf(tenant: string, client: string, jobId: string): string {
  return v5(JSON.stringify([tenant, client, jobId]), NAMESPACE);
}

/** Id of a message that belongs to a run; a re-send has the same id and is seen as the duplicate it is. */
export function messageIdOf(run: string, path: string, attempt: number, type: string): string {
  return v5(JSON.stringify([run, path, attempt, type]), NAMESPACE);
}

/** A fresh id, ordered by time: for jobs whose client gave none, operations and control messages. */
export function newId(): string {
  return v7();
}
