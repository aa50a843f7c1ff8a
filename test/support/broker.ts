import { inject } from 'vitest';
import { startPrivate } from './broker/find.ts';
import type { PrivateBroker, ServerCertificates } from './broker/running-broker.ts';

export interface TestBroker {
  /** AMQP URL of an empty virtual host that no other test file uses. */
  readonly url: string;
  /** Removes the virtual host with everything in it. */
  stop(): Promise<void>;
}

/** An empty virtual host on the one broker of the test run. Call it in `beforeAll` and `stop` it in `afterAll`. */
export async function testBroker(): Promise<TestBroker> {
  const desk = inject('brokerDesk');
  const answer = await fetch(desk.url, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
  const { name, url }: { name: string; url: string } = JSON.parse(await answer.text());
  return {
    url,
    stop: async () => {
      await fetch(`${desk.url}/${encodeURIComponent(name)}`, { method: 'DELETE' });
    },
  };
}

/** A broker that only the caller uses, to be restarted, killed or starved. `stop` it in `afterAll`. */
export async function startPrivateBroker(
  certificates?: ServerCertificates,
): Promise<PrivateBroker> {
  const desk = inject('brokerDesk');
  await fetch(desk.url, { method: 'PUT' });
  return startPrivate(desk.testRun, certificates);
}
