import type { z } from 'zod';
import type { Usage } from '../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { type ModelLimits, manifestSchema } from '../../shared/envelope/manifest.ts';
import { compileInputSchema } from '../../shared/flow/input-schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ModelContract } from './engine/decision.ts';

const contractSchema = manifestSchema.pick({
  name: true,
  inputSchema: true,
  outputSchema: true,
  prices: true,
  estimate: true,
  limits: true,
  provenance: true,
});
type Announced = z.infer<typeof contractSchema>;

/** What a version announced, beyond what the engine asks for. */
export interface AnnouncedContract extends ModelContract {
  readonly limits: ModelLimits;
}

/**
 * What a manifest promises, as the engine asks for it. A schema that cannot be checked here (it is none, or its patterns might
 * run long) is the worker's alone to check; that is logged once per announcement.
 */
export function contractOf(manifest: JsonObject, logger: Logger): AnnouncedContract | undefined {
  const parsed = contractSchema.safeParse(manifest);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  return {
    checkInput: checkOf(data, 'inputSchema', logger),
    checkOutput: checkOf(data, 'outputSchema', logger),
    estimate: estimateOf(data),
    limits: data.limits ?? {},
    provenance: data.provenance ?? false,
  };
}

function checkOf(
  announced: Announced,
  which: 'inputSchema' | 'outputSchema',
  logger: Logger,
): (value: JsonObject) => readonly string[] {
  const compiled = compileInputSchema(announced[which]);
  if ('check' in compiled) return (value) => compiled.check(value);
  const { name: model } = announced;
  logger.debug({ model, which, problems: compiled }, 'a schema is checked by the worker alone');
  return () => [];
}

function estimateOf({ prices = {}, estimate = {} }: Announced): Usage {
  const { inputTokens = 0, outputTokens = 0, computeMs = 0 } = estimate;
  const tokenMicroUsd =
    (inputTokens * (prices.microUsdPerMillionInputTokens ?? 0) +
      outputTokens * (prices.microUsdPerMillionOutputTokens ?? 0)) /
    1_000_000;
  const microUsd = estimate.microUsd ?? Math.ceil((prices.microUsdPerCall ?? 0) + tokenMicroUsd);
  return { calls: 1, inputTokens, outputTokens, microUsd, computeMs };
}
