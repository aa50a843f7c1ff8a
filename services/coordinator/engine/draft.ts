import type { RunError, StepLedger, Usage } from '../../../shared/envelope/envelope.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import type { Budget, Kernel } from '../../../shared/flow/kernel.ts';
import type { Command, Facts, HistoryEntry, RunEvent } from './decision.ts';
import type { Frame, Run } from './run.ts';

/** A decision while it is being taken. It is thrown away when a value is missing, so nothing outside may see it change. */
export interface Draft {
  readonly run: Run;
  readonly event: RunEvent;
  readonly facts: Facts;
  readonly written: Map<string, JsonValue>;
  /** Keys that were asked for and have not been read. */
  readonly unread: Set<string>;
  /** The same of shared answers. */
  readonly unreadAnswers: Set<string>;
  readonly commands: Command[];
  readonly history: HistoryEntry[];
  /** Attempts closed by this decision. */
  readonly closed: string[];
  readonly degraded: string[];
  readonly missing: string[];
  /** For nodes that hold others: how to go on inside of them. */
  readonly walk: Walk;
  usage: Usage;
  steps: Readonly<Record<string, StepLedger>>;
  /** What attempts that have not answered may still cost, by `path#attempt`; empty where there is no budget. */
  reserved: Readonly<Record<string, Usage>>;
  budget: Budget | undefined;
  /** Requests that leave with this decision, by model: facts do not know of them yet. */
  readonly leaving: Map<string, number>;
  /** A step found no time left, whatever the nodes around it make of that. */
  outOfTime: boolean;
}

/** Going into nodes of any kind. */
interface Walk {
  /** Enters a node. `indices` are those of the enclosing `map` elements, outermost first. */
  start(node: Kernel, indices: readonly number[], draft: Draft): NodeOutcome;
  /** Tells an open node the event of this decision. A node that the event does not concern gives back the same frame. */
  advance(node: Kernel, frame: Frame, indices: readonly number[], draft: Draft): NodeOutcome;
}

/** What a decision begins with. */
export type Question = Pick<Draft, 'run' | 'event' | 'facts' | 'walk'>;

export function newDraft(question: Question): Draft {
  return {
    ...question,
    written: new Map(),
    unread: new Set(),
    unreadAnswers: new Set(),
    commands: [],
    history: [],
    closed: [],
    degraded: [],
    missing: [],
    usage: question.run.usage,
    steps: question.run.steps,
    reserved: question.run.reserved ?? {},
    budget: question.run.budget,
    leaving: new Map(),
    outOfTime: false,
  };
}

/** How far a node came. */
export type NodeOutcome =
  | { readonly type: 'done' }
  | { readonly type: 'open'; readonly frame: Frame }
  | { readonly type: 'failed'; readonly error: RunError };

export const done: NodeOutcome = { type: 'done' };

export function open(frame: Frame): NodeOutcome {
  return { type: 'open', frame };
}

export function failed(code: string, message: string, step: string): NodeOutcome {
  return { type: 'failed', error: { code, message, step } };
}
