import { describe, expect, it } from 'vitest';
import { jitterOf } from '../../../services/coordinator/engine/jitter.ts';
import { jobDigestOf, newRun } from '../../../services/coordinator/engine/new-run.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import { flowOf, sequence } from '../../support/kernel-builders.ts';

const id = runIdOf('default', 'web', 'job-1');
const digest = jobDigestOf('support', { a: 1, b: 2 }, { c: 3 });
const accepted = {
  runId: id,
  digest,
  tenant: 'default',
  client: 'web',
  job: {
    id: 'job-1',
    timestamp: '2026-01-01T00:00:00Z',
    payload: { a: 1, b: 2 },
    context: { c: 3 },
  },
  flow: flowOf(sequence(), { name: 'support', version: 4 }),
  priority: 2,
  watch: true,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  acceptedAtMs: 1_000,
};

describe('a new run', () => {
  it('is pinned to its job and its flow, and has decided nothing', () => {
    const { run } = newRun(accepted);
    expect(run).toMatchObject({
      id,
      correlationId: id,
      jobId: 'job-1',
      flow: 'support',
      flowVersion: 4,
      flowDigest: 'digest-of-test',
      jobDigest: digest,
      deadlineMs: 301_000,
      status: 'pending',
      state: null,
      dueMs: null,
    });
  });

  it('carries the correlation id that the client set', () => {
    expect(newRun({ ...accepted, correlationId: 'mine' }).run.correlationId).toBe('mine');
  });

  it('begins with the payload and the context of its job', () => {
    expect([...newRun(accepted).values]).toEqual([
      ['$payload', { a: 1, b: 2 }],
      ['$context', { c: 3 }],
    ]);
  });
});

describe('the digest of a job', () => {
  it('says flow, payload and context, whatever the order of keys', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(jobDigestOf('support', { b: 2, a: 1 }, { c: 3 })).toBe(digest);
    expect(jobDigestOf('support', { b: 2, a: 2 }, { c: 3 })).not.toBe(digest);
    expect(jobDigestOf('support', { b: 2, a: 1 }, {})).not.toBe(digest);
    expect(jobDigestOf('other', { b: 2, a: 1 }, { c: 3 })).not.toBe(digest);
  });
});

describe('jitter', () => {
  it('is always the same for the same attempt', () => {
    expect(jitterOf('run', 'a/b', 2)).toBe(jitterOf('run', 'a/b', 2));
  });

  it('is spread evenly over [0, 1)', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let attempt = 0; attempt < 10_000; attempt += 1) {
      const tenth = Math.floor(jitterOf('run', `step/${attempt % 100}`, attempt) * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(tenths).toHaveLength(10);
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
