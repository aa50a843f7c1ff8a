import type { RunDetails, RunRest } from '../../../shared/client/verbs.ts';
import { inlineValue } from './value-text.ts';
import { visibleLine } from './visible-text.ts';

/** The command that lets a run go on. `where`: what it needs to find the run, such as ` --db runs.db`. */
export function restCommand(run: string, { path, why, model }: RunRest, where: string): string {
  switch (why) {
    case 'signal':
      return `flotilla signal ${run} ${path} --data JSON${where}`;
    case 'budget':
      return `flotilla resume ${run} --budget AMOUNTS${where}`;
    case 'paused':
      return `flotilla continue ${model}${where}`;
  }
}

/** A sentence for each thing that a run waits for, which names the command to go on. */
export function restLines(details: RunDetails, where: string): string[] {
  const { run, rests } = details;
  return rests.map((rest) => {
    const command = restCommand(run.id, rest, where);
    return visibleLine(`flotilla: Run ${run.id} ${reason(rest, details)}. Go on with: ${command}`);
  });
}

function reason({ path, why, model }: RunRest, { waits }: RunDetails): string {
  switch (why) {
    case 'signal': {
      const ask = waits.find((wait) => wait.path === path)?.ask ?? null;
      const asked = ask === null ? '' : ` (${inlineValue(ask)})`;
      return `waits for an answer at ${path}${asked}`;
    }
    case 'budget':
      return `has spent its budget, at ${path}`;
    case 'paused':
      return `waits at ${path} for ${model}, which is paused`;
  }
}
