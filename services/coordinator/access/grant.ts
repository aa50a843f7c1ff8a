import { ContractError } from '../../../shared/errors/errors.ts';
import type { Right } from './clients-file.ts';

/** What a client may do. */
export interface Grant {
  readonly may: ReadonlySet<Right>;
  /** Flows it may submit jobs to; null: all. */
  readonly flows: ReadonlySet<string> | null;
  /** The most urgent its jobs can be: 0 background, 1 normal, 2 urgent. */
  readonly maxPriority: number;
  /** Jobs and operations together; null: as many as it likes. */
  readonly perMinute: number | null;
}

/** Throws ContractError `not_allowed` where the client may not submit jobs to the flow. */
export function mayUseFlow(client: string, { may, flows }: Grant, flow: string): void {
  if (!may.has('submit')) throw notAllowed(`The client ${client} may not submit jobs.`);
  if (flows === null || flows.has(flow)) return;
  throw notAllowed(`The client ${client} may not use the flow ${flow}.`);
}

/** What only looks. Every other verb changes something. */
const readingVerbs: ReadonlySet<string> = new Set([
  'run.get',
  'run.list',
  'dead.list',
  'dead.show',
  'model.list',
]);

/** Throws ContractError `not_allowed` where the client may not ask for this. */
export function mayAsk(client: string, { may }: Grant, verb: string): void {
  const right: Right = readingVerbs.has(verb) ? 'read' : 'operate';
  if (!may.has(right)) throw notAllowed(`The client ${client} may not ${right}: ${verb}.`);
}

function notAllowed(sentence: string): ContractError {
  return new ContractError(
    'not_allowed',
    `${sentence} Whoever runs the fleet can allow it in the file of clients.`,
  );
}
