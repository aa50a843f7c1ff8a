import type { Client } from '../../../shared/client/client.ts';
import { resultOrRest } from '../../../shared/client/result-or-rest.ts';
import type { ContinuedRunAnswer, Verbs } from '../../../shared/client/verbs.ts';
import { exitCode } from '../failure.ts';
import { restJson, showAwaited } from '../run/show-awaited.ts';
import { moneyText } from '../terminal/amounts.ts';
import { countText } from '../terminal/duration.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { act } from './act.ts';
import { type FleetCommandOptions, whereOf } from './options.ts';

type GoOnVerb = 'run.resume' | 'run.rerun' | 'run.fork';

export interface GoOnOptions extends FleetCommandOptions {
  /** False: on a broker, does not wait for the result. */
  readonly wait: boolean;
}

/** Lets a run go on and waits until it has ended or rests. Answers the exit code. */
export function goOn<V extends GoOnVerb>(
  verb: V,
  args: Verbs[V]['args'],
  options: GoOnOptions,
  terminal: Terminal,
): Promise<number> {
  return act(options, terminal, [args.run], async ({ client, embedded }) => {
    const answer: ContinuedRunAnswer = await client.operation(verb, args);
    return showContinued(answer, { client, wait: embedded || options.wait }, options, terminal);
  });
}

/** Tells that a run goes on, and how it ends or for what it rests. */
export async function showContinued(
  answer: ContinuedRunAnswer,
  { client, wait }: { readonly client: Client; readonly wait: boolean },
  options: FleetCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { json } = options;
  if (!json) terminal.err.print(savedLine(answer));
  if (!wait) {
    terminal.out.print(json ? JSON.stringify(answer) : answer.run);
    return exitCode.succeeded;
  }
  const where = whereOf(options);
  const awaited = await resultOrRest(client, answer.run);
  if (!json) return showAwaited(awaited, { json: false, where }, terminal);
  if (awaited.name === 'rests') {
    terminal.out.print(JSON.stringify({ ...answer, ...restJson(awaited.details, where) }));
    return exitCode.rests;
  }
  const { result } = awaited;
  terminal.out.print(JSON.stringify({ ...answer, result }));
  return result.run.status === 'succeeded' ? exitCode.succeeded : exitCode.failed;
}

function savedLine({ run, reused, savedCalls, savedMicroUsd }: ContinuedRunAnswer): string {
  if (reused.length === 0) return `Run ${run} goes on.`;
  const money = savedMicroUsd > 0 ? ` and ${moneyText(savedMicroUsd)}` : '';
  const kept = `${countText(reused.length, 'step')} kept`;
  return `Run ${run} goes on: ${kept}, ${countText(savedCalls, 'model call')}${money} saved.`;
}
