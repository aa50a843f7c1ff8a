import { exchange } from '../../../shared/transport/topology.ts';
import type { CaseIds, MessageEntrance } from './case.ts';

/** Good messages as text, one for each entrance, with places where hostile text can be put in. */

/** The flow that a job asks for, and the model of its only step. */
const FLOW = 'hostile';
const MODEL = 'parrot';

/** JSON text, not checked: it goes into the body as it is. */
export interface Planted {
  /** More members of `payload`: `"a":1e999`. */
  readonly payload?: string;
  /** More members of `context`. */
  readonly context?: string;
  /** More members at the top. */
  readonly top?: string;
  /** Members at the top in place of good ones, by name; `null` leaves one out. */
  readonly instead?: Readonly<Record<string, string | null>>;
}

export const AT = '2026-06-11T14:23:00Z';

/** Where messages of an entrance go. */
export function addressOf(
  entrance: MessageEntrance,
  { id }: CaseIds,
): { readonly exchange: string; readonly routingKey: string } {
  switch (entrance) {
    case 'job':
      return { exchange: exchange.jobs, routingKey: FLOW };
    case 'request':
      return { exchange: exchange.work, routingKey: `${MODEL}.v1` };
    case 'reply':
      return { exchange: exchange.replies, routingKey: `${MODEL}.succeeded` };
    case 'progress':
      return { exchange: exchange.progress, routingKey: `${MODEL}.progress` };
    case 'operation':
      return { exchange: exchange.operations, routingKey: 'run.list' };
    case 'announcement':
      // Another word for each case: announcements are answered by nothing but a log line that names it.
      return { exchange: exchange.control, routingKey: `announced.${id}` };
    case 'control':
      return { exchange: exchange.control, routingKey: `cancel.${MODEL}` };
    case 'letter':
      return { exchange: exchange.dead, routingKey: 'failed' };
  }
}

function goodPayload(entrance: MessageEntrance, { id, run }: CaseIds): string {
  switch (entrance) {
    case 'progress':
      return '"sequence":1';
    case 'operation':
      return '"limit":1';
    case 'announcement':
      return `"name":"${id}","version":1,"description":"d","inputSchema":{},"outputSchema":{},"concurrency":1,"instance":"i"`;
    case 'control':
      return `"run":"${run}"`;
    default:
      return '"text":"hello"';
  }
}

function stepOf({ run }: CaseIds): string {
  const deadline = '2099-01-01T00:00:00Z';
  return `{"run":"${run}","path":"answer","model":"${MODEL}","version":1,"attempt":1,"timeoutMs":1000,"deadline":"${deadline}","sentAt":"${AT}"}`;
}

const hasStep: ReadonlySet<MessageEntrance> = new Set(['request', 'reply', 'progress', 'letter']);

/** The body of a good message with something planted in it. */
export function textOf(entrance: MessageEntrance, ids: CaseIds, planted: Planted = {}): string {
  const members: Record<string, string | null> = {
    id: `"${ids.id}"`,
    timestamp: `"${AT}"`,
    payload: `{${joined(goodPayload(entrance, ids), planted.payload)}}`,
    context: `{${planted.context ?? ''}}`,
    ...(hasStep.has(entrance) ? { step: stepOf(ids) } : {}),
    ...(entrance === 'reply' ? { outcome: outcome() } : {}),
    ...planted.instead,
  };
  const written = Object.entries(members)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',');
  return `{${joined(written, planted.top)}}`;
}

function outcome(): string {
  return `{"status":"succeeded","startedAt":"${AT}","finishedAt":"${AT}","worker":"somebody"}`;
}

function joined(one: string, other: string | undefined): string {
  return other === undefined ? one : `${one},${other}`;
}
