import { z } from 'zod';
import { instantSchema, jsonObjectSchema, nameSchema } from './envelope.ts';

/** One process of a service; another process of the same service has another. */
const instanceSchema = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/);

const microUsd = z.number().int().nonnegative();

/** What a call costs, in millionths of a US dollar. */
const pricesSchema = z.object({
  microUsdPerCall: microUsd.optional(),
  microUsdPerMillionInputTokens: microUsd.optional(),
  microUsdPerMillionOutputTokens: microUsd.optional(),
});

/** What one call is expected to use; what is left out is 0, and money what the prices make of the tokens. */
const estimateSchema = z.object({
  inputTokens: z.number().int().nonnegative().optional(),
  outputTokens: z.number().int().nonnegative().optional(),
  computeMs: z.number().nonnegative().optional(),
  microUsd: microUsd.optional(),
});

const limit = z.number().int().min(1).max(1_000_000_000);

/**
 * What the coordinators keep to, all workers of the model together. The first three are strict: they hold over every worker and
 * coordinator, and a call waits for its turn.
 */
const limitsSchema = z.object({
  /** Calls under way at a time. */
  inFlight: limit.optional(),
  /** Calls that begin in a minute. */
  requestsPerMinute: limit.optional(),
  /** Input and output tokens together. */
  tokensPerMinute: limit.optional(),
  /** Requests in the model's queue and under way; further calls wait with the coordinator. Default: max(64, 4 x concurrency). */
  window: limit.optional(),
});
export type ModelLimits = z.infer<typeof limitsSchema>;

/** What a worker announces of its model: the payload of a control message `announced.<model>`. Unknown fields are ignored. */
export const manifestSchema = z.object({
  name: nameSchema,
  /** Major version of the contract. */
  version: z.number().int().positive(),
  description: z.string().max(1000),
  /** JSON Schema of a request's payload, and of a reply's. */
  inputSchema: jsonObjectSchema,
  outputSchema: jsonObjectSchema,
  /** Calls that this process runs at a time. */
  concurrency: z.number().int().min(1).max(10_000),
  instance: instanceSchema,
  startedAt: instantSchema.optional(),
  prices: pricesSchema.optional(),
  estimate: estimateSchema.optional(),
  limits: limitsSchema.optional(),
  /** How long a call may take unless its step says otherwise. */
  timeoutMs: z.number().int().positive().optional(),
  /** Its requests say where their input and context came from. */
  provenance: z.boolean().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Payload of a control message `cancel.<model>`: every open call of the run, or one attempt of one. */
export const cancelSchema = z.object({
  run: z.uuid(),
  path: z.string().max(512).optional(),
  attempt: z.number().int().positive().optional(),
});

/** Names of calls: `<run>|<path>|<attempt>`. */
const callNamesSchema = z.array(z.string().max(640)).max(20_000);

/**
 * Payload of a control message `held.<model>`: what a worker tells the others of its model of the calls whose requests it had when
 * it lost its broker, so that nobody else makes them.
 */
export const heldSchema = z.object({
  instance: instanceSchema,
  /** The others are to tell theirs. */
  asks: z.boolean(),
  /** It will answer them. */
  running: callNamesSchema,
  /** Their replies are confirmed. */
  answered: callNamesSchema,
  /** The worker stops; this is its last word. */
  leaves: z.exactOptional(z.boolean()),
});
export type Held = z.infer<typeof heldSchema>;
