import { randomFillSync } from 'node:crypto';
import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { TRACEPARENT_HEADER, TRACESTATE_HEADER } from './trace-headers.ts';

/**
 * W3C trace context in message headers. Where an OpenTelemetry SDK is registered its propagator reads and writes it; where
 * none is, the trace that came in is carried along unchanged, so that a process without telemetry does not cut a trace in two.
 */

/** Message headers as the transports hand them over. */
type MessageHeaders = Readonly<Record<string, string | number | boolean>>;

/** The trace a message belongs to, as its headers carry it. Empty: none. */
export type TraceHeaders = {
  readonly traceparent?: string;
  readonly tracestate?: string;
};

/** A traceparent taken apart. */
export interface Traceparent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly flags: number;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** A later version may be longer; without a cap a header could be as long as its sender likes. */
const MAX_TRACEPARENT_LENGTH = 256;
const SAMPLED = '01';

const MAX_TRACESTATE_LENGTH = 512;
const MAX_TRACESTATE_MEMBERS = 32;
const TRACESTATE_MEMBER =
  /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/** The parts of a valid traceparent; undefined for anything else. A version above 00 may have more after the flags. */
export function parseTraceparent(value: unknown): Traceparent | undefined {
  if (typeof value !== 'string' || value.length > MAX_TRACEPARENT_LENGTH) return undefined;
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = '00', more] =
    TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === 'ff') return undefined;
  if (version === '00' && more !== undefined) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** The beginning of a new, sampled trace. */
export function newTraceparent(): string {
  return traceparentOf(randomId(16), SAMPLED);
}

/** A traceparent in the same trace with a new span id; a new trace where `parent` is not valid. */
export function childTraceparent(parent: string): string {
  const parsed = parseTraceparent(parent);
  if (parsed === undefined) return newTraceparent();
  return traceparentOf(parsed.traceId, parsed.flags.toString(16).padStart(2, '0'));
}

/** What valid trace context the headers hold. A wrong tracestate is dropped alone; without a traceparent it means nothing. */
export function extractTrace(headers: MessageHeaders): TraceHeaders {
  const traceparent = headers[TRACEPARENT_HEADER];
  if (typeof traceparent !== 'string' || !parseTraceparent(traceparent)) return {};
  const tracestate = headers[TRACESTATE_HEADER];
  return isTracestate(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** The same for a span that shall have the sender's span as its parent. The root context where no SDK is registered. */
export function contextOf(trace: TraceHeaders): Context {
  return propagation.extract(ROOT_CONTEXT, trace);
}

/**
 * The trace headers of an outgoing message: those of the span active in `active`, else `trace` as it came in. Empty when
 * there is neither.
 */
export function injectTrace(trace: TraceHeaders, active: Context = context.active()): TraceHeaders {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  const injected = extractTrace(carrier);
  return injected.traceparent === undefined ? trace : injected;
}

/** The trace headers of a message that continues the trace of a received one. */
export function continuedTrace(headers: MessageHeaders): TraceHeaders {
  return injectTrace(extractTrace(headers));
}

function isTracestate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_TRACESTATE_LENGTH) return false;
  const members = value.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));
  const entries = members.filter((member) => member !== '');
  const names = new Set(entries.map((member) => member.slice(0, member.indexOf('='))));
  return (
    entries.length > 0 &&
    members.length <= MAX_TRACESTATE_MEMBERS &&
    names.size === entries.length &&
    entries.every((member) => TRACESTATE_MEMBER.test(member))
  );
}

function traceparentOf(traceId: string, flags: string): string {
  return `00-${traceId}-${randomId(8)}-${flags}`;
}

/** Random bytes are asked for by the page: a call for each id would cost more than the rest of a message's headers. */
const pool = Buffer.alloc(4_096);
let taken = pool.length;

/** Random hexadecimal digits, never all zero: the grammar gives that a meaning of its own. */
function randomId(bytes: number): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const id = pool.subarray(taken, taken + bytes);
  taken += bytes;
  if (id.every((byte) => byte === 0)) id[bytes - 1] = 1;
  return id.toString('hex');
}
