import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { prioritySchema } from './priority.ts';
import { provenanceSchema } from './provenance.ts';

/**
 * The canonical envelope: the body of every message. A job is exactly the four fields of `jobSchema`; each other message
 * type keeps them and adds one or two blocks. Unknown fields are refused at the top and ignored inside our own blocks.
 */

// What JSON.parse returned is JSON: it is not walked again, and not copied, however large it is.
const json = z.custom<JsonValue>((value) => value !== undefined, 'Expected a JSON value');
/** A JSON object of any content; the schema of a flow or model, where there is one, says more. */
export const jsonObjectSchema = z
  .custom<JsonObject>(isJsonObject, 'Expected an object')
  .meta({ type: 'object' });

/** A client's or our own message id (B22): no dots, no wildcards, no path characters. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
/** A flow, model or client: a routing word. */
export const nameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);
/** Path of a node instance inside a run: `summary/2/critic`. */
export const pathSchema = z
  .string()
  .regex(/^[a-zA-Z0-9-]+(\/[a-zA-Z0-9-]+)*$/)
  .max(512);
/** ISO 8601 instant on a real date, in UTC (`Z`) or with an offset (`+02:00`); a time without a zone is none. */
export const instantSchema = z.iso.datetime({ offset: true }).max(40);
const runIdSchema = z.uuid();
const count = z.number().int().nonnegative();

/** What one or more model calls used. Money is in millionths of a US dollar, so that sums stay exact. */
const usageSchema = z.object({
  calls: count.default(0),
  inputTokens: count.default(0),
  outputTokens: count.default(0),
  microUsd: count.default(0),
  computeMs: z.number().nonnegative().default(0),
});
export type Usage = z.infer<typeof usageSchema>;

const base = { id: idSchema, timestamp: instantSchema };

const jobSchema = z.strictObject({
  ...base,
  payload: jsonObjectSchema,
  context: jsonObjectSchema,
});

/** Which model call this is about. `path` + `attempt` name it inside its run. */
const stepSchema = z.object({
  run: runIdSchema,
  path: pathSchema,
  model: nameSchema,
  version: z.number().int().positive(),
  attempt: z.number().int().positive(),
  /** Whose run it is; left out: `default`. */
  tenant: nameSchema.optional(),
  timeoutMs: z.number().int().positive(),
  deadline: instantSchema,
  sentAt: instantSchema,
  /** A re-ask: what was wrong with the model's previous answer. */
  reask: z.array(z.string().max(1024)).max(32).optional(),
  /** Where input and context came from, for a model whose manifest asks for it. */
  provenance: provenanceSchema.optional(),
});
export type StepBlock = z.infer<typeof stepSchema>;

/** How a call ended. `code` and `message` are there when it failed. */
const outcomeSchema = z.object({
  status: z.enum(['succeeded', 'failed']),
  code: z.string().max(64).optional(),
  message: z.string().max(4096).optional(),
  retryable: z.boolean().optional(),
  retryAfterMs: count.optional(),
  usage: usageSchema.optional(),
  startedAt: instantSchema,
  finishedAt: instantSchema,
  worker: z.string().max(128),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** A step of the run that did not go as planned, and why. */
const runErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  step: z.string().optional(),
  attempt: z.number().int().optional(),
});
export type RunError = z.infer<typeof runErrorSchema>;

/** Why a step's answer is not that of its own model, asked just now. */
const degradationSchema = z.object({
  /** fallback: another model; cheaper: another model, for the budget's sake; stale: an earlier answer; default: the flow's own value. */
  why: z.enum(['fallback', 'cheaper', 'stale', 'default']),
  /** The failure that led to it. */
  code: z.string(),
  /** How old a stale answer is. */
  ageMs: count.optional(),
});
export type Degradation = z.infer<typeof degradationSchema>;

/** One step of a run, or all elements of a map at one step: who served it and what it used. */
const stepLedgerSchema = z.object({
  /** `model@version`, each once; `cache` for an answer that was there already. */
  servedBy: z.array(z.string()),
  usage: usageSchema,
  degraded: z.array(degradationSchema).optional(),
});
export type StepLedger = z.infer<typeof stepLedgerSchema>;

const finalStatuses = ['succeeded', 'failed', 'cancelled', 'timed_out'] as const;
export type FinalStatus = (typeof finalStatuses)[number];

/** The outcome of a run, as its client sees it. */
const runBlockSchema = z.object({
  id: runIdSchema,
  /** Left out: `default`. */
  tenant: nameSchema.optional(),
  flow: nameSchema,
  version: z.number().int().positive(),
  status: z.enum(finalStatuses),
  /** What the job asked for, where its client may not be as urgent as that, and what it got. */
  priority: z.object({ asked: prioritySchema, given: prioritySchema }).optional(),
  startedAt: instantSchema,
  finishedAt: instantSchema,
  usage: usageSchema,
  /** By path; `#` stands for the elements of a map. */
  steps: z.record(z.string(), stepLedgerSchema).default({}),
  degraded: z.array(z.string()),
  missing: z.array(z.string()),
  error: runErrorSchema.optional(),
});

const stepMessage = {
  ...base,
  payload: jsonObjectSchema,
  context: jsonObjectSchema,
  step: stepSchema,
};
const requestSchema = z.strictObject(stepMessage);
const replySchema = z.strictObject({ ...stepMessage, outcome: outcomeSchema });
/** `payload` is { sequence, … }: numbered from 1 inside one attempt. */
const progressSchema = z.strictObject(stepMessage);
export const resultSchema = z.strictObject({
  ...base,
  payload: json,
  context: jsonObjectSchema,
  run: runBlockSchema,
});
/** A question or command to the coordinators; the verb is the routing key, `payload` its arguments. */
const operationSchema = z.strictObject({
  ...base,
  payload: jsonObjectSchema,
  context: jsonObjectSchema,
});
/** The answer to an operation: `payload` is the answer, or { code, message } when `operation.failed`. */
const answerSchema = operationSchema;
/** A worker's announcement (`payload`: manifest), or a word on the control exchange to workers. */
const controlSchema = operationSchema;

/** Message types, as the AMQP `type` property carries them, with the schema of each body. */
export const schemas = {
  job: jobSchema,
  request: requestSchema,
  reply: replySchema,
  progress: progressSchema,
  result: resultSchema,
  operation: operationSchema,
  answer: answerSchema,
  control: controlSchema,
} as const;

export type MessageType = keyof typeof schemas;
export type Job = z.infer<typeof jobSchema>;
export type Request = z.infer<typeof requestSchema>;
export type Reply = z.infer<typeof replySchema>;
export type Progress = z.infer<typeof progressSchema>;
export type Result = z.infer<typeof resultSchema>;

export type Answer = z.infer<typeof answerSchema>;
export type Control = z.infer<typeof controlSchema>;
export type EnvelopeOf<T extends MessageType> = z.infer<(typeof schemas)[T]>;
