import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitionsOf } from '../../../infra/rabbitmq/definitions.ts';
import { fleetModels, usersOf } from '../../../infra/rabbitmq/fleet-users.ts';
import { passwordHash } from '../../../infra/rabbitmq/password-hash.ts';
import type { PrivateBroker } from '../../support/broker/running-broker.ts';
import { startPrivateBroker } from '../../support/broker.ts';
import { isAllowed, type Someone } from './allowed.ts';
import { Prober, type Verdict } from './probe.ts';
import { type Fleet, probesOf } from './probes.ts';

const password = randomBytes(16).toString('hex');
const clients = ['shop', 'shop-2'];
const operator: Someone = { name: 'watcher', is: 'operator' };
let broker: PrivateBroker;
let fleet: Fleet;

beforeAll(async () => {
  const models = await fleetModels();
  const users = usersOf(models, clients);
  fleet = {
    models: models.map(({ name }) => name),
    everybody: [
      ...users.map((user): Someone => {
        const is = user.role === 'client' && user.forOthers ? 'gateway' : user.role;
        return { name: user.name, is };
      }),
      operator,
    ],
  };
  broker = await startPrivateBroker();
  const passwordHashOf = () => passwordHash(password, randomBytes(4));
  const operators = [operator.name];
  await broker.importDefinitions(definitionsOf({ vhost: '/', users, operators, passwordHashOf }));
});

afterAll(() => broker?.stop());

function urlOf(user: string): string {
  return `amqp://${user}:${password}@127.0.0.1:${broker.port}`;
}

interface Tried {
  readonly probes: number;
  readonly allowed: number;
  /** What the broker did otherwise than it should. */
  readonly wrong: Readonly<Record<Verdict, readonly string[]>>;
}

async function tryEverything(who: Someone): Promise<Tried> {
  const prober = await Prober.connect(urlOf(who.name));
  const wrong: Record<Verdict, string[]> = { allowed: [], refused: [] };
  let probes = 0;
  let allowed = 0;
  for (const probe of probesOf(who, fleet)) {
    const verdict = await prober.try(probe);
    probes += 1;
    if (verdict === 'allowed') allowed += 1;
    if ((verdict === 'allowed') !== isAllowed(who, probe))
      wrong[verdict].push(JSON.stringify(probe));
  }
  await prober.close();
  return { probes, allowed, wrong };
}

describe('the users of the generated definitions', () => {
  test('may do what their role needs and nothing else', { timeout: 180_000 }, async () => {
    const tried = await Promise.all(
      fleet.everybody.map(async (who) => [who.name, await tryEverything(who)] as const),
    );
    const wrongly = (verdict: Verdict) =>
      tried.flatMap(([name, { wrong }]) => wrong[verdict].map((probe) => `${name}: ${probe}`));
    expect(wrongly('allowed')).toEqual([]);
    expect(wrongly('refused')).toEqual([]);
    for (const [name, { probes, allowed }] of tried) {
      expect(probes).toBeGreaterThan(500);
      if (name === operator.name) expect(allowed).toBe(0);
      else expect(allowed).toBeGreaterThan(10);
    }
  });

  test('log in to no other virtual host', async () => {
    await broker.addVhost('other');
    for (const { name } of fleet.everybody) {
      await expect(connect(`${urlOf(name)}/other`)).rejects.toThrow();
    }
  });
});
