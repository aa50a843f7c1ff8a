import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.ts';

const file = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
/** Smaller measurements say whether the benchmark works, and little about speed. */
const [LEAST_ROUNDS, LEAST_JOBS] = [3, 1_000];

export interface Results {
  readonly options: BenchOptions;
  /** As it was typed. */
  readonly command: string;
  readonly environment: readonly string[];
  /** Title and text table of each part. */
  readonly parts: readonly { readonly title: string; readonly text: string }[];
}

/** Writes RESULTS.md anew, from this measurement alone. */
export function writeResults({ options, command, environment, parts }: Results): void {
  const { rounds, jobs, peers } = options;
  const trial = rounds < LEAST_ROUNDS || jobs < LEAST_JOBS;
  const lines = [
    '# Results',
    '',
    `Written by \`${command}\`. What is measured and how to read it: [README.md](README.md).`,
    '',
    ...environment.map((fact) => `- ${fact}`),
    `- ${rounds} ${rounds === 1 ? 'turn' : 'turns'} of each system, medians; ${jobs} jobs of a chain in a turn`,
    ...(trial
      ? ['', '**A trial of the benchmark itself: too small for its figures to count.**']
      : []),
    ...(peers
      ? [
          '',
          'BullMQ keeps its jobs as durably as Redis is set up to; the fleet has every commit on disk.',
        ]
      : []),
    ...parts.flatMap(({ title, text }) => ['', `## ${title}`, '', '```text', text, '```']),
    '',
  ];
  writeFileSync(file, lines.join('\n'));
}
