import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import {
  tooLargeOf,
  tooLargeOfOutput,
  withReferences,
} from '../../../shared/artifacts/claim-check.ts';
import { type LargeValue, withValues } from '../../../shared/artifacts/large-values.ts';
import { decode, encode } from '../../../shared/envelope/codec.ts';
import { DEFAULT_TENANT } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { MAX_INTERNAL_BODY_BYTES, MAX_MESSAGE_BYTES } from '../../../shared/envelope/limits.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { OutboxRow } from '../store/store.ts';

/**
 * A request or result may be put together of so many values that no message carries it, though each of them is small. It is stored and
 * decided as it is, and loses what is large in it on its way out: only what leaves the process has to be small.
 */

/** More than a reference takes as JSON. */
const REFERENCE = 'x'.repeat(512);

/** Whether a message can be sent: as it is, or once what is large in it is moved out. */
export function canLeave(row: OutboxRow, artifacts: Artifacts | undefined): boolean {
  const bytes = row.body.byteLength;
  if (bytes <= MAX_MESSAGE_BYTES) return true;
  if (artifacts === undefined || bytes > MAX_INTERNAL_BODY_BYTES) return false;
  const { values, large } = open(row, artifacts);
  const rest = withValues(
    values,
    large.map(({ path }) => ({ path, value: REFERENCE })),
  );
  const gone = Buffer.byteLength(JSON.stringify(values)) - Buffer.byteLength(JSON.stringify(rest));
  return bytes - gone <= MAX_MESSAGE_BYTES;
}

/** Whether it is one of those: what is parked goes as it came. */
export function isHeavy({ exchange: to, body }: OutboxRow): boolean {
  const ours = to === exchange.work || to === exchange.results;
  return ours && body.byteLength > MAX_MESSAGE_BYTES;
}

/** Makes messages as they leave; without a store they leave as they are. What it makes throws what `withReferences` throws. */
export function lightening(
  artifacts: Artifacts | undefined,
  now: () => number,
  signal: AbortSignal,
): (row: OutboxRow) => Promise<OutboxRow> {
  return async (row) => {
    if (artifacts === undefined) return row;
    const { values, large, scope, seal } = open(row, artifacts);
    const place = { artifacts, scope, nowMs: now() };
    return { ...row, body: seal(await withReferences(values, large, place, signal)) };
  };
}

interface Opened {
  readonly values: JsonObject;
  /** What has to leave them. */
  readonly large: readonly LargeValue[];
  readonly scope: { readonly tenant: string; readonly run: string };
  /** The body with other values. */
  seal(values: JsonObject): Uint8Array;
}

function open({ type, body }: OutboxRow, artifacts: Artifacts): Opened {
  if (type === 'result') {
    const result = decode('result', body, { trust: 'internal' });
    const { payload, run } = result;
    return {
      values: { payload },
      large: tooLargeOfOutput(payload, artifacts),
      scope: { tenant: run.tenant ?? DEFAULT_TENANT, run: run.id },
      seal: (values) => encode('result', { ...result, payload: values['payload'] ?? null }),
    };
  }
  const request = decode('request', body, { trust: 'internal' });
  const { payload, context, step } = request;
  return {
    values: { payload, context },
    large: tooLargeOf({ payload, context }, artifacts),
    scope: { tenant: step.tenant ?? DEFAULT_TENANT, run: step.run },
    seal: (values) =>
      encode('request', {
        ...request,
        payload: values['payload'] as JsonObject,
        context: values['context'] as JsonObject,
      }),
  };
}
