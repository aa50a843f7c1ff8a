import { describe, expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import { claimsOf } from '../../../shared/security/claims.ts';
import { newKey } from '../../../shared/security/key-file.ts';
import { open } from '../../../shared/security/open.ts';
import { seal } from '../../../shared/security/seal.ts';
import { spokeOf } from '../../../shared/security/spoke.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import {
  claimed,
  keys,
  kidIn,
  opened,
  refusalOf,
  sealed,
  spokes,
  withToken,
} from '../../support/forging.ts';
import {
  coordinator,
  delivered,
  NOW_MS,
  type Sample,
  samples,
  sentiment,
  shop,
  TestKeys,
} from '../../support/signing.ts';

const find = (name: string) => samples.find((sample) => sample.name.startsWith(name)) as Sample;

describe('a worker', () => {
  const reply = find('worker → flotilla.replies');

  it('can answer for no other model (B39)', () => {
    const asTopic = { ...reply.message, routingKey: 'topic.succeeded' };
    const message = seal(asTopic, sentiment, keys.ring(sentiment), NOW_MS);
    expect(refusalOf(delivered(message), reply)).toBe('not_your_route');
  });

  it('cannot send the coordinators back what they sent it', () => {
    const back = { ...reply.message };
    const message = seal(back, coordinator, keys.ring(coordinator), NOW_MS);
    expect(refusalOf(delivered(message), reply)).toBe('not_your_route');
  });

  it('cannot speak as a client, nor a client as another', () => {
    const job = find('client → flotilla.jobs');
    const asClient = seal(job.message, sentiment, keys.ring(sentiment), NOW_MS);
    expect(refusalOf(delivered(asClient), job)).toBe('not_your_route');
    const token = claimed(job, { iss: 'client.blog' });
    expect(refusalOf(withToken(job, token), job)).toBe('not_your_route');
  });
});

describe('a token whose time is over', () => {
  const late = NOW_MS + 40 * 24 * 3_600_000;

  it('is refused where nobody would answer that it is late (F47)', () => {
    for (const name of ['worker → flotilla.replies', 'coordinator → flotilla.control ask']) {
      const sample = find(name);
      expect(refusalOf(delivered(sealed(sample)), sample, late)).toBe('deadline_exceeded');
    }
  });

  it('is let through to whoever answers that the deadline has passed (F47)', () => {
    for (const name of ['client → flotilla.jobs', 'coordinator → flotilla.work']) {
      const sample = find(name);
      const headers = { ...sample.message.headers, [header.deadline]: '2026-06-01T12:00:30Z' };
      const dated = { ...sample, message: { ...sample.message, headers } };
      expect(refusalOf(delivered(sealed(dated)), dated, late)).toBe('taken');
      expect(claimsOf(dated.message, spokeOf(dated.writer), NOW_MS).exp).toBe(
        Date.parse('2026-06-01T12:01:30Z') / 1_000,
      );
    }
  });

  it('does not matter in the dead letters, where the route of a message is another too', () => {
    const request = find('coordinator → flotilla.work');
    const moved = delivered(sealed(request), { exchange: exchange.dead, routingKey: 'failed' });
    expect(refusalOf(moved, { ...request, reader: coordinator }, late)).toBe('taken');
  });
});

describe('keys that change over', () => {
  it('open both while they overlap, and the old one no longer when it is retired (F46)', () => {
    const reply = find('worker → flotilla.replies');
    const changing = new TestKeys(spokes);
    const old = sealed(reply, changing);
    changing.add('worker.sentiment', newKey('worker.sentiment', 'HS256', NOW_MS));
    const both = changing.ring(coordinator);
    const fresh = sealed(reply, changing);
    expect(kidIn(String(fresh.headers?.[header.token]))).not.toBe(
      kidIn(String(old.headers?.[header.token])),
    );
    for (const message of [old, fresh]) {
      expect(open(delivered(message), coordinator, both, NOW_MS).writer).toEqual(sentiment);
    }
    changing.retireFirst('worker.sentiment');
    const one = changing.ring(coordinator);
    expect(() => open(delivered(old), coordinator, one, NOW_MS)).toThrow(
      expect.objectContaining({ code: 'unknown_key' }),
    );
    expect(open(delivered(fresh), coordinator, one, NOW_MS).writer).toEqual(sentiment);
  });

  it('sign with the new one only from its time on', () => {
    const reply = find('worker → flotilla.replies');
    const changing = new TestKeys(spokes);
    const coming = newKey('worker.sentiment', 'HS256', NOW_MS + 60_000);
    changing.add('worker.sentiment', coming);
    const kidAt = (nowMs: number) =>
      kidIn(String(sealed(reply, changing, nowMs).headers?.[header.token]));
    expect(kidAt(NOW_MS)).not.toBe(coming.spoke.kid);
    expect(kidAt(NOW_MS + 60_000)).toBe(coming.spoke.kid);
  });
});

describe('key pairs', () => {
  const pairs = new TestKeys(spokes, 'EdDSA');

  it.each(samples.map((sample) => [sample.name, sample] as const))('%s', (_, sample) => {
    const message = sealed(sample, pairs);
    const ring = pairs.ring(sample.reader);
    expect(open(delivered(message), sample.reader, ring, NOW_MS).writer).toEqual(sample.writer);
    const other = open.bind(null, delivered(message), sample.reader, keys.ring(sample.reader));
    expect(() => other(NOW_MS)).toThrow(expect.objectContaining({ code: 'unknown_key' }));
  });

  it('do not let a worker sign as a coordinator', () => {
    const [own] = pairs.files(sentiment);
    const [hub] = pairs.files(coordinator).filter(({ spoke }) => spoke === 'worker.sentiment');
    expect(own?.keys[0]).not.toEqual(hub?.keys[0]);
  });
});

it('the client of a job is whom its token names', () => {
  const job = find('client → flotilla.jobs');
  expect(opened(delivered(sealed(job)), job)).toEqual(shop);
});
