import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { model as sentiment } from '../../services/sentiment/model.ts';
import { connectClient } from '../../shared/client/client.ts';
import { loadFlow } from '../../shared/flow/load.ts';
import { silentLogger as logger } from '../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../shared/transport/memory/transport.ts';
import type { AnyModel } from '../../shared/worker/model.ts';
import { startWorker } from '../../shared/worker/worker.ts';

const root = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The fenced block that follows the first mention of a file. */
function blockAfter(mention: string): string {
  const block = /```\w+\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(mention)));
  if (!block?.[1]) throw new Error(`README.md has no code after ${mention}`);
  return block[1];
}

describe('the README', () => {
  mkdirSync(join(root, '.flotilla'), { recursive: true });
  const folder = mkdtempSync(join(root, '.flotilla/readme-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a worker and a flow that run as they are written', async () => {
    const file = join(folder, 'model.ts');
    writeFileSync(
      file,
      blockAfter('`services/shout/model.ts`').replace('../../shared', `${root}/shared`),
    );
    const { model: shout }: { model: AnyModel } = await import(file);
    const flow = loadFlow(blockAfter('`infra/flows/loud.yaml`'));
    const transport = connectMemory(new MemoryBroker());
    const store = openSqliteStore(':memory:');
    const coordinator = await startCoordinator({
      store,
      transport,
      flows: [flow],
      instance: 'readme',
      logger,
    });
    const workers = await Promise.all(
      [shout, sentiment].map((model) =>
        startWorker({ model, transport, logger, instance: 'readme' }),
      ),
    );
    const client = await connectClient({ transport });
    const result = await client.run('loud', { text: 'What a lovely day' });
    expect(result.payload).toEqual({ text: 'WHAT A LOVELY DAY!' });
    await client.close();
    for (const worker of workers) await worker.stop();
    await coordinator.stop();
    await transport.close();
    await store.close();
  });

  it('has a main.ts like that of every worker service', () => {
    const main = readFileSync(join(root, 'services/sentiment/main.ts'), 'utf8');
    expect(blockAfter('`services/shout/main.ts`').trim()).toBe(main.trim());
  });

  it('names only sample files that are there', () => {
    const samples = [...readme.matchAll(/infra\/samples\/[\w/.-]+/g)].map((match) => match[0]);
    expect(samples).not.toEqual([]);
    expect(samples.filter((sample) => !existsSync(join(root, sample)))).toEqual([]);
  });

  it('links only to files that are there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(
      (match) => match[1] as string,
    );
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});
