import { deadDrop } from './dead-drop.ts';
import { deadEdit } from './dead-edit.ts';
import { deadList } from './dead-list.ts';
import { deadReplay } from './dead-replay.ts';
import { deadShow } from './dead-show.ts';
import { modelList } from './model-list.ts';
import { modelContinue, modelPause } from './model-pause.ts';
import type { Operation } from './operation.ts';
import { runCancel } from './run-cancel.ts';
import { runFork } from './run-fork.ts';
import { runGet } from './run-get.ts';
import { runList } from './run-list.ts';
import { runRerun } from './run-rerun.ts';
import { runResume } from './run-resume.ts';
import { runSignal } from './run-signal.ts';

const runs: readonly Operation[] = [
  runGet,
  runList,
  runCancel,
  runSignal,
  runResume,
  runRerun,
  runFork,
];
const letters: readonly Operation[] = [deadList, deadShow, deadEdit, deadReplay, deadDrop];
const models: readonly Operation[] = [modelList, modelPause, modelContinue];

/** Every verb of the operations queue. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  [...runs, ...letters, ...models].map((operation) => [operation.verb, operation]),
);
