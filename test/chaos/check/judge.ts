import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../flows/evaluate.ts';
import { randomFlows, randomJob } from '../flows/generate.ts';
import { type ChaosOptions, TAIL_JOBS } from '../plan/options.ts';
import { readLines } from '../records/files.ts';
import { callsFiles, type Folder } from '../records/folder.ts';
import type { CallLine, FaultLine, HeardLine, LedgerLine, ResultLine } from '../records/lines.ts';
import { check, type Records, type Verdict } from './check.ts';
import { readStoredRuns } from './stored-runs.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** Of the last jobs: those that ended as they must. */
  readonly tailRight: number;
  readonly faults: readonly FaultLine[];
}

/** Judges a run by its folder and its store, when nobody writes to them any more. Writes the history of each broken run. */
export async function judge(
  { seed, jobs }: Pick<ChaosOptions, 'seed' | 'jobs'>,
  folder: Folder,
  databaseUrl: string | null,
): Promise<Judgement> {
  const flows = randomFlows(seed);
  const ledger = readLines<LedgerLine>(folder.ledger);
  const ids = [...new Set(ledger.map(({ run }) => run))];
  const records: Records = {
    ledger,
    results: readLines<ResultLine>(folder.results),
    heard: readLines<HeardLine>(folder.heard),
    calls: callsFiles(folder.root).flatMap((file) => readLines<CallLine>(file)),
    faults: readLines<FaultLine>(folder.faults),
    runs: await readStoredRuns({ sqliteFile: folder.database, databaseUrl }, ids),
    expected: (number) => {
      const { flow, payload } = randomJob(seed, number, flows);
      return evaluate(flow, payload);
    },
  };
  const verdict = check(records);
  const tail = ledger.filter(({ number }) => number >= jobs - TAIL_JOBS);
  writeHistories(folder, records, verdict);
  return {
    verdict,
    tailRight: check({ ...records, ledger: tail }).right,
    faults: records.faults,
  };
}

function writeHistories({ root }: Folder, { ledger, runs }: Records, { problems }: Verdict): void {
  const broken = new Set(problems.map((problem) => problem.split(' ', 1)[0]));
  for (const { job, run, what } of ledger) {
    if (what !== 'accepted' || !broken.has(job)) continue;
    const lines = (runs.get(run)?.history ?? []).map((entry) => `${JSON.stringify(entry)}\n`);
    writeFileSync(join(root, `history-${job}.jsonl`), lines.join(''));
  }
}
