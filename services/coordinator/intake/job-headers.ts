import { type BudgetAmounts, readBudget } from '../../../shared/envelope/budget.ts';
import { instantSchema } from '../../../shared/envelope/envelope.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { priorityNumber } from '../../../shared/envelope/priority.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { extractTrace, newTraceparent } from '../../../shared/telemetry/trace-context.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';

/** What a job says outside of its body. */
export interface JobHeaders {
  readonly flowVersion: number | undefined;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number | undefined;
  readonly budget: BudgetAmounts | undefined;
  readonly priority: number;
  readonly watch: boolean;
  readonly traceparent: string;
}

/** Urgency of a job that names none, and the most that there is. */
const NORMAL_PRIORITY = priorityNumber('normal');
const URGENT_PRIORITY = priorityNumber('urgent');

/** Throws ContractError `deadline_invalid`, `budget_invalid` or `flow_unknown`: a wish that cannot be kept must not be dropped silently. */
export function jobHeadersOf({ headers }: Delivery): JobHeaders {
  return {
    flowVersion: flowVersionOf(headers[header.flowVersion]),
    deadlineMs: deadlineOf(headers[header.deadline]),
    budget: budgetOf(headers[header.budget]),
    priority: priorityOf(headers[header.priority]),
    watch: headers[header.watch] === true || headers[header.watch] === 'true',
    traceparent: extractTrace(headers).traceparent ?? newTraceparent(),
  };
}

function deadlineOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const parsed = instantSchema.safeParse(value);
  if (parsed.success) return Date.parse(parsed.data);
  throw new ContractError('deadline_invalid', 'The deadline is no ISO 8601 instant.');
}

function budgetOf(value: unknown): BudgetAmounts | undefined {
  if (value === undefined) return undefined;
  const { amounts, problems } = readBudget(String(value));
  if (problems.length === 0) return amounts;
  throw new ContractError('budget_invalid', problems.join(' '));
}

function flowVersionOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const version = Number(value);
  if (Number.isSafeInteger(version) && version > 0) return version;
  throw new ContractError('flow_unknown', 'The version of the flow is no positive whole number.');
}

/** A wish: what makes no sense is normal. */
function priorityOf(value: unknown): number {
  const priority = Number(value ?? NORMAL_PRIORITY);
  const valid = Number.isInteger(priority) && priority >= 0 && priority <= URGENT_PRIORITY;
  return valid ? priority : NORMAL_PRIORITY;
}
