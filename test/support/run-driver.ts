import { decide } from '../../services/coordinator/engine/decide.ts';
import {
  type Absent,
  type AnswerFacts,
  absent,
  type Command,
  type Decision,
  type Facts,
  type HistoryEntry,
  type ModelFacts,
  type RunEvent,
} from '../../services/coordinator/engine/decision.ts';
import { jobDigestOf, type NewRun, newRun } from '../../services/coordinator/engine/new-run.ts';
import { type OpenCall, openCalls } from '../../services/coordinator/engine/open-calls.ts';
import type { Run } from '../../services/coordinator/engine/run.ts';
import type { Outcome } from '../../shared/envelope/envelope.ts';
import { runIdOf } from '../../shared/envelope/ids.ts';
import type { JsonObject, JsonValue } from '../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../shared/flow/kernel.ts';

export type Decided = Decision & { readonly type: 'decided' };
export type Dispatch = Command & { readonly type: 'dispatch' };
export type PublishResult = Command & { readonly type: 'publishResult' };

export interface RunDriverOptions {
  readonly payload?: JsonObject;
  readonly context?: JsonObject;
  readonly jobId?: string;
  readonly tenant?: string;
  /** The run as something else made it; left out: as its job makes it. */
  readonly made?: NewRun;
  /** The deadline header. */
  readonly deadlineMs?: number;
  /** Default: every model was announced, version 1, one call at a time, none open. */
  readonly model?: (name: string) => ModelFacts | undefined;
  /** Default: every breaker is closed. */
  readonly breaker?: NonNullable<Facts['breaker']>;
  /** Answers that it shares with other runs. */
  readonly answers?: Map<string, AnswerFacts>;
  /** Called around each decision, with exactly what it is given. */
  readonly decide?: typeof decide;
}

export interface ReplyOptions {
  /** Left out: the open one. */
  readonly attempt?: number;
  readonly patch?: JsonObject;
  readonly output?: JsonObject;
}

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

/**
 * Runs one job through `decide` without a database, broker or clock: holds the values, feeds those that are asked for,
 * and collects commands and history. Time stands still until it is moved.
 */
export class RunDriver {
  readonly flow: CompiledFlow;
  readonly values: Map<string, JsonValue>;
  /** Shared answers, by key. */
  readonly answers: Map<string, AnswerFacts>;
  readonly commands: Command[] = [];
  readonly history: HistoryEntry[] = [];
  run: Run;
  nowMs = START_MS;
  /** Rounds of reading that the latest decision needed. */
  rounds = 0;
  readonly #options: RunDriverOptions;

  constructor(flow: CompiledFlow, options: RunDriverOptions = {}) {
    const { payload = { text: 'hello' }, context = {}, jobId = 'job-1', deadlineMs } = options;
    const accepted = () =>
      newRun({
        runId: runIdOf(options.tenant ?? 'default', 'tester', jobId),
        digest: jobDigestOf(flow.name, payload, context),
        tenant: options.tenant ?? 'default',
        client: 'tester',
        job: { id: jobId, timestamp: new Date(START_MS).toISOString(), payload, context },
        flow,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        priority: 1,
        watch: false,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        acceptedAtMs: START_MS,
      });
    const { run, values } = options.made ?? accepted();
    this.flow = flow;
    this.run = run;
    this.answers = options.answers ?? new Map();
    this.values = new Map(values);
    this.#options = options;
  }

  /** Tells the run an event now. */
  tell(event: RunEvent): Decided {
    const decided = this.#decide(event);
    for (const [key, value] of decided.values) this.values.set(key, value);
    this.run = decided.run;
    this.commands.push(...decided.commands);
    for (const command of decided.commands) this.#share(command);
    this.history.push(...decided.history);
    return decided;
  }

  accept(): Decided {
    return this.tell({ type: 'jobAccepted' });
  }

  /** Any reply. */
  reply(
    path: string,
    outcome: Partial<Outcome> & Pick<Outcome, 'status'>,
    { attempt, patch = {}, output = {} }: ReplyOptions = {},
  ): Decided {
    const open = this.openCalls.find((call) => call.path === path)?.attempt;
    const at = new Date(this.nowMs).toISOString();
    return this.tell({
      type: 'replyReceived',
      path,
      attempt: attempt ?? open ?? 1,
      outcome: { startedAt: at, finishedAt: at, worker: 'worker-1', ...outcome },
      output,
      patch,
    });
  }

  /** A successful reply to the open attempt of a step, or to the one named. */
  succeed(path: string, output: JsonObject, options: ReplyOptions = {}): Decided {
    return this.reply(path, { status: 'succeeded' }, { output, ...options });
  }

  /** A failed reply; retryable unless said otherwise. */
  failWith(path: string, outcome: Partial<Outcome>, options: ReplyOptions = {}): Decided {
    const failed = { code: 'overloaded', message: 'Too busy.', retryable: true, ...outcome };
    return this.reply(path, { ...failed, status: 'failed' }, options);
  }

  /** Moves time and tells the run that time has passed. */
  timeAt(nowMs: number): Decided {
    this.nowMs = nowMs;
    return this.tell({ type: 'timerDue' });
  }

  /** Moves time to the run's due time. */
  timeToDue(): Decided {
    if (this.run.dueMs === null) throw new Error('Nothing is due.');
    return this.timeAt(Math.max(this.nowMs, this.run.dueMs));
  }

  /** Paths of the open attempts. */
  get open(): readonly string[] {
    return this.openCalls.map((call) => call.path);
  }

  get openCalls(): readonly OpenCall[] {
    return openCalls(this.run);
  }

  get dispatches(): readonly Dispatch[] {
    return this.commands.filter((command) => command.type === 'dispatch');
  }

  get results(): readonly PublishResult[] {
    return this.commands.filter((command) => command.type === 'publishResult');
  }

  /** The one result; throws when there is none, or more than one. */
  get result(): PublishResult {
    const [result, ...more] = this.results;
    if (result === undefined || more.length > 0) {
      throw new Error(`${this.results.length} results were published.`);
    }
    return result;
  }

  /** Types of the history entries so far. */
  get told(): readonly HistoryEntry['type'][] {
    return this.history.map((entry) => entry.type);
  }

  #share(command: Command): void {
    if (command.type === 'keepAnswer') {
      this.answers.set(command.key, {
        kept: { output: command.output, patch: command.patch, atMs: this.nowMs },
      });
    } else if (command.type === 'claimAnswer') {
      const { kept } = this.answers.get(command.key) ?? {};
      this.answers.set(command.key, { ...(kept ? { kept } : {}), comingUntilMs: command.untilMs });
    } else if (command.type === 'releaseAnswer') {
      const { kept } = this.answers.get(command.key) ?? {};
      this.answers.set(command.key, kept ? { kept } : {});
    }
  }

  #decide(event: RunEvent): Decided {
    const { model = () => ({ versions: [1], concurrency: 1, openRequests: 0 }) } = this.#options;
    const { breaker } = this.#options;
    const read = new Map<string, JsonValue | Absent>();
    const answers = new Map<string, AnswerFacts>();
    for (this.rounds = 0; ; this.rounds += 1) {
      const facts: Facts = {
        nowMs: this.nowMs,
        flow: this.flow,
        model,
        values: read,
        answers,
        ...(breaker === undefined ? {} : { breaker }),
      };
      const decision = (this.#options.decide ?? decide)(this.run, event, facts);
      if (decision.type === 'decided') return decision;
      const keysKnown = decision.keys.every((key) => read.has(key));
      if (keysKnown && decision.answers.every((key) => answers.has(key))) {
        throw new Error('Nothing new was asked for.');
      }
      for (const key of decision.answers) answers.set(key, this.answers.get(key) ?? {});
      for (const key of decision.keys) read.set(key, this.values.get(key) ?? absent);
    }
  }
}
