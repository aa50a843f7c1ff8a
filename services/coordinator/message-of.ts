import type { Artifacts } from '../../shared/artifacts/artifact-store.ts';
import { isJsonObject, type JsonValue } from '../../shared/envelope/json.ts';
import { largestMember } from '../../shared/envelope/largest-member.ts';
import { MAX_MESSAGE_BYTES } from '../../shared/envelope/limits.ts';
import { canLeave } from './artifacts/heavy-rows.ts';
import type { Command, Decision, RunEvent } from './engine/decision.ts';
import type { Run } from './engine/run.ts';
import { deadStepRow, requestRow, resultOf, resultRow } from './messages.ts';
import type { OutboxRow } from './store/store.ts';

export type Decided = Decision & { readonly type: 'decided' };
export type Dispatch = Command & { readonly type: 'dispatch' };

/** What a command sends. */
interface Sent {
  readonly row?: OutboxRow;
  /** The same as it is kept, for whoever asks later. */
  readonly result?: JsonValue;
  /** A request that no message can carry. */
  readonly oversize?: Dispatch;
  readonly oversizeResult?: boolean;
}

/** The message that a command sends, if it sends one and a message can carry it. */
export function messageOf(
  run: Run,
  command: Command,
  { nowMs, artifacts }: { readonly nowMs: number; readonly artifacts?: Artifacts | undefined },
): Sent {
  switch (command.type) {
    case 'dispatch': {
      const row = requestRow(run, command, nowMs);
      return canLeave(row, artifacts) ? { row } : { oversize: command };
    }
    case 'deadLetter': {
      const row = deadStepRow(run, command, nowMs);
      const fits = row.body.byteLength <= MAX_MESSAGE_BYTES;
      return { row: fits ? row : deadStepRow(run, { ...command, input: null }, nowMs) };
    }
    case 'publishResult': {
      const result = resultOf(run, command.payload);
      const row = resultRow(run, result, { nowMs });
      // A result is JSON; its type says less, because its optional fields may be undefined.
      return canLeave(row, artifacts)
        ? { row, result: result as unknown as JsonValue }
        : { oversizeResult: true };
    }
    default:
      return {};
  }
}

/** The failure of an attempt whose request is too large: it names the part that is. */
export function tooLarge(dispatch: Dispatch, nowMs: number): RunEvent {
  const { path, attempt, model, input, context } = dispatch;
  const { pointer } = largestMember({ payload: input, context });
  const part = largestMember(pointer === '/payload' ? input : context);
  const at = new Date(nowMs).toISOString();
  return {
    type: 'replyReceived',
    path,
    attempt,
    output: {},
    patch: {},
    outcome: {
      status: 'failed',
      code: 'message_too_large',
      message: `The request to ${model} is larger than a message may be (${MAX_MESSAGE_BYTES} bytes): ${pointer}${part.pointer} alone takes ${part.bytes}.`,
      retryable: false,
      startedAt: at,
      finishedAt: at,
      worker: 'coordinator',
    },
  };
}

/** The decision that ends a run whose output no message can carry: it failed for that, and says which part it was. */
export function withoutOutput(decision: Decided): Decided {
  const published = decision.commands.find(({ type }) => type === 'publishResult');
  const payload = published?.type === 'publishResult' ? published.payload : null;
  const part = largestMember(isJsonObject(payload) ? payload : { output: payload });
  const code = 'message_too_large';
  const message = `The output of the flow is larger than a message may be (${MAX_MESSAGE_BYTES} bytes): ${part.pointer} alone takes ${part.bytes}.`;
  const commands = decision.commands.map((command) =>
    command.type === 'publishResult'
      ? ({ ...command, status: 'failed', payload: null } as const)
      : command,
  );
  const history = decision.history.map((entry) =>
    entry.type === 'run_finished'
      ? { ...entry, code, message, facts: { status: 'failed' } }
      : entry,
  );
  const run: Run = { ...decision.run, status: 'failed', error: { code, message } };
  return { ...decision, run, commands, history };
}
