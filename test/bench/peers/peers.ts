import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../support/broker/command.ts';
import type { Place } from '../place.ts';
import { RunningSystem } from '../running-system.ts';
import type { Scenario, ScenarioName } from '../scenarios.ts';
import type { System } from '../system.ts';
import { describeRedis, removeKeys } from './redis.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
const can: readonly ScenarioName[] = ['chain', 'fan-out', 'alone'];
let serial = 0;

/** Flows of BullMQ: a worker and a client process, and Redis. */
const bullmq: System = {
  id: 'bullmq',
  name: 'BullMQ flows',
  group: 'over a broker',
  scenarios: can,
  start(_, { name }) {
    const prefix = `flotilla-bench-${process.pid}-${serial++}`;
    const file = (role: string) => new URL(`./bullmq/${role}.ts`, import.meta.url);
    return RunningSystem.start(
      [
        { role: 'client', file: file('client'), args: [prefix, name] },
        { role: 'worker', file: file('worker'), args: [prefix, name] },
      ],
      () => removeKeys(prefix),
    );
  },
};

function langgraph(
  about: Pick<System, 'id' | 'name' | 'reference'>,
  checkpoints: 'none' | 'memory' | 'postgres',
): System {
  return {
    ...about,
    group: 'in one process',
    scenarios: can,
    async start(place: Place, { name }: Scenario) {
      const database = checkpoints === 'postgres' ? await place.newDatabase() : undefined;
      const file = new URL('./langgraph/client.ts', import.meta.url);
      const args = [database?.url ?? checkpoints, name];
      return RunningSystem.start([{ role: 'client', file, args }], async () => database?.remove());
    },
  };
}

const langgraphs = [
  langgraph({ id: 'langgraph', name: 'LangGraph, no checkpoints', reference: true }, 'none'),
  langgraph({ id: 'langgraph-memory', name: 'LangGraph, in memory' }, 'memory'),
  langgraph({ id: 'langgraph-postgres', name: 'LangGraph, PostgreSQL' }, 'postgres'),
];

/** The peers that can be measured here, installed; what is missing is said. */
export async function findPeers(say: (line: string) => void): Promise<readonly System[]> {
  if (!existsSync(`${folder}node_modules`)) {
    say('installing the peers in test/bench/peers');
    const args = ['ci', '--ignore-scripts', '--prefix', folder];
    const installed = await run('npm', args, { timeoutMs: INSTALL_TIMEOUT_MS });
    if (!installed.succeeded) {
      const reason = installed.output.split('\n').slice(0, 3).join(' ');
      say(`No peers: npm could not install them (${reason}). --peers needs the npm registry once.`);
      return [];
    }
  }
  const redis = await describeRedis();
  if (redis) say(`peers: ${redis}`);
  else say('No BullMQ: no Redis answers on 127.0.0.1:6379. Start one and say --peers again.');
  return [...(redis ? [bullmq] : []), ...langgraphs];
}
