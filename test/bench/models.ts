import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type AnyModel, defineModel } from '../../shared/worker/model.ts';

const number = z.object({ n: z.number() });

function model(name: string, concurrency: number, run: (n: number) => Promise<number> | number) {
  return defineModel({
    name,
    version: 1,
    description: 'A trivial model.',
    input: number,
    output: number,
    concurrency,
    run: async ({ n }) => ({ n: await run(n) }),
  });
}

const adding = ['bench-first', 'bench-second', 'bench-third', 'bench-fourth'].map((name) =>
  model(name, 200, (n) => n + 1),
);

/** Takes one request and never answers it. */
const silent = model('bench-silent', 1, () => new Promise(() => {}));

/** The models of these names. */
export function benchModels(names: readonly string[]): readonly AnyModel[] {
  return [...adding, silent].filter(({ name }) => names.includes(name));
}

/** Where the flows of the benchmark lie. */
export const benchFlowFolder = fileURLToPath(new URL('./flows', import.meta.url));
