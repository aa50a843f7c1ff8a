import { newId, runIdOf } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import type { OutgoingMessage } from '../transport/transport.ts';
import type { ClientArtifacts } from './client-artifacts.ts';
import { jobMessage } from './job-message.ts';
import type { SubmitOptions } from './options.ts';

/** Who submits. */
export interface Submitter {
  readonly tenant: string;
  readonly client: string;
  readonly apiKey: string | undefined;
  readonly artifacts: ClientArtifacts;
}

/**
 * The message of a job and the run that it becomes. What is large of it is in the store when this resolves. Throws what `jobMessage`
 * throws, and what a store throws.
 */
export async function submission(
  { tenant, client, apiKey, artifacts }: Submitter,
  flow: string,
  payload: JsonObject,
  options: SubmitOptions,
): Promise<{ readonly job: OutgoingMessage; readonly run: string }> {
  const nowMs = Date.now();
  const { id = newId() } = options;
  const run = runIdOf(tenant, client, id);
  const values = await artifacts.light({ ...options, payload }, { tenant, run }, nowMs);
  const idIsNew = options.id === undefined;
  const job = jobMessage({ ...options, ...values, id, idIsNew, flow, apiKey, nowMs });
  return { job, run };
}
