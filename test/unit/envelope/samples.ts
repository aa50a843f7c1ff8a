import type { Job, Reply, Request, Result, StepBlock } from '../../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';

/** Envelopes and deliveries that are valid as they are; a test changes the one thing it is about. */

const instant = '2026-06-11T14:23:00.000Z';

/** One hour after every timestamp here. */
export const nowMs = Date.parse(instant) + 3_600_000;

export function jobOf(changes: JsonObject = {}): Job {
  const job: JsonObject = {
    id: 'req-12345',
    timestamp: '2026-06-11T14:23:00Z',
    payload: { text: 'How do I reset my password?', metadata: { userId: 'u789' } },
    context: {},
  };
  return { ...job, ...changes } as unknown as Job;
}

export const step: StepBlock = {
  run: '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10',
  path: 'summary/2/critic',
  model: 'critic',
  version: 1,
  attempt: 1,
  timeoutMs: 30_000,
  deadline: instant,
  sentAt: instant,
};

export const request: Request = {
  id: '6a1f0c9e-55d5-5c0b-8b6f-0d3c0a1d5e77',
  timestamp: instant,
  payload: { text: 'A draft.' },
  context: { draft: { text: 'A draft.' } },
  step,
};

export const reply: Reply = {
  ...request,
  payload: { score: 0.5 },
  context: {},
  outcome: { status: 'succeeded', startedAt: instant, finishedAt: instant, worker: 'critic-1' },
};

export const result: Result = {
  id: 'req-12345',
  timestamp: instant,
  payload: null,
  context: {},
  run: {
    id: step.run,
    flow: 'summary',
    version: 1,
    status: 'failed',
    startedAt: instant,
    finishedAt: instant,
    usage: { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 1.5 },
    steps: {},
    degraded: [],
    missing: [],
    error: { code: 'timeout', message: 'Too slow.', step: 'critic', attempt: 1 },
  },
};

export function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

export function deliveryOf(body: Uint8Array, changes: Partial<Delivery> = {}): Delivery {
  return {
    exchange: 'flotilla.jobs',
    routingKey: 'support',
    body,
    messageId: undefined,
    type: undefined,
    correlationId: undefined,
    headers: {},
    contentType: undefined,
    contentEncoding: undefined,
    userId: undefined,
    redelivered: false,
    deliveryCount: 0,
    ...changes,
  };
}

/** The code of the error that `action` throws; undefined when it throws none. What is no UnprocessableError goes on. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'UnprocessableError' && 'code' in error) {
      return String(error.code);
    }
    throw error;
  }
}
