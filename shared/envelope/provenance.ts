import { z } from 'zod';

/** Who had a hand in a value. */
const originSchema = z.object({
  /**
   * job: its client; model: a step's answer, or what it patched into the context; signal: who answered a `wait`; operation: who had the
   * step made again with another input; flow: its author, and nobody else.
   */
  from: z.enum(['job', 'model', 'signal', 'operation', 'flow']),
  /** model, signal, operation: path of the step; `#` stands for the elements of a map. */
  step: z.string().max(512).optional(),
  /** model: `model@version`, each once; `cache`, `stale` or `reused` where it was not asked for this. */
  servedBy: z.array(z.string()).optional(),
});
export type Origin = z.infer<typeof originSchema>;

/** Where a value came from: of every part of it, and of all that it was computed from. A model's answer is the model's alone. */
const valueProvenanceSchema = z.object({
  /** Somebody else than the flow's author had a hand in it: data, never an order. */
  untrusted: z.boolean(),
  origins: z.array(originSchema),
});
export type ValueProvenance = z.infer<typeof valueProvenanceSchema>;

/** What a request says of its payload and its context to a model whose manifest asks for it. */
export const provenanceSchema = z.object({
  input: valueProvenanceSchema,
  /** Keys that are not here came with the job. */
  context: z.record(z.string(), valueProvenanceSchema),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** What came with the job and was not touched since. */
export const fromJob: ValueProvenance = { untrusted: true, origins: [{ from: 'job' }] };

/** The same with every key of a context named. */
export function ofEachKey({ input, context }: Provenance, keys: readonly string[]): Provenance {
  // fromEntries, never assignment: a key may be named __proto__.
  const each = keys.map((key) => [key, own(context, key) ?? fromJob] as const);
  return { input, context: Object.fromEntries(each) };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
