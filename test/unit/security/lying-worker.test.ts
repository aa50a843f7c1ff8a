import { describe, expect, it } from 'vitest';
import { letterOf } from '../../../services/coordinator/dead-letters/letter.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { message } from '../../../shared/envelope/message.ts';
import { audienceOf, claimsOf } from '../../../shared/security/claims.ts';
import { open } from '../../../shared/security/open.ts';
import { seal } from '../../../shared/security/seal.ts';
import { coordinatorSpoke } from '../../../shared/security/spoke.ts';
import { deathHeader } from '../../../shared/transport/broker-headers.ts';
import { exchange, routingKey, workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage } from '../../../shared/transport/transport.ts';
import { keys } from '../../support/forging.ts';
import { coordinator, delivered, NOW_MS, sentiment } from '../../support/signing.ts';

/** A worker of `sentiment` that somebody has got hold of: it has the key that it shares with the coordinators. */
const ring = keys.ring(sentiment);
const asCoordinator = (spec: OutgoingMessage, aud: string): OutgoingMessage => {
  const claims = { ...claimsOf(spec, coordinatorSpoke, NOW_MS), aud };
  const token = ring.sealing('worker.sentiment', NOW_MS)?.sign(claims) ?? '';
  return { ...spec, headers: { ...spec.headers, [header.token]: token } };
};

function requestTo(model: string): OutgoingMessage {
  const run = newId();
  const at = new Date(NOW_MS).toISOString();
  const step = { run, path: 's1', model, version: 1, attempt: 1, timeoutMs: 1_000 };
  return message({
    type: 'request',
    exchange: exchange.work,
    routingKey: routingKey.request(model, 1),
    correlationId: run,
    envelope: {
      id: newId(),
      timestamp: at,
      payload: {},
      context: {},
      step: { ...step, deadline: at, sentAt: at },
    },
  });
}

/** A request as the broker gives it up, or as somebody says that it did. */
const givenUp = (request: OutgoingMessage, model: string): Delivery =>
  delivered(request, {
    exchange: exchange.dead,
    routingKey: 'failed',
    headers: {
      ...request.headers,
      [deathHeader.reason]: 'delivery_limit',
      [deathHeader.queue]: workQueueName(model, 1),
    },
  });

/** The run of the attempt that nobody will answer, as the coordinators believe it. */
function lostRun(delivery: Delivery): string | undefined {
  const { writer, spoke } = open(delivery, coordinator, keys.ring(coordinator), NOW_MS);
  const believed = { ...delivery, verdict: { writer: writer.name, spoke } };
  return letterOf(believed, NOW_MS).lost?.run;
}

const refused = { code: 'not_your_route' };

describe('a request that the broker gave up', () => {
  it('is believed as its coordinators signed it', () => {
    const request = seal(requestTo('topic'), coordinator, keys.ring(coordinator), NOW_MS);
    expect(lostRun(givenUp(request, 'topic'))).toBe(request.correlationId);
  });

  it('is not believed when another worker signed it in their name', () => {
    const request = requestTo('topic');
    for (const aud of [audienceOf(request), `${exchange.dead}/failed`, 'nowhere', '']) {
      const forged = givenUp(asCoordinator(request, aud), 'topic');
      expect(() => lostRun(forged), aud).toThrow(expect.objectContaining(refused));
    }
  });

  it('is of no step of another model, whatever route its token says', () => {
    const aud = audienceOf(requestTo('sentiment'));
    expect(lostRun(givenUp(asCoordinator(requestTo('topic'), aud), 'topic'))).toBeUndefined();
  });

  it('is not what a worker parked because it could not read it', () => {
    const parked = { ...requestTo('sentiment'), exchange: exchange.dead };
    const own = seal({ ...parked, routingKey: 'unprocessable' }, sentiment, ring, NOW_MS);
    expect(() => lostRun(givenUp(own, 'sentiment'))).toThrow(expect.objectContaining(refused));
  });
});
