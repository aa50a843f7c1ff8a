import { type CallPlace, compileFallback } from './compile-fallback.ts';
import type { ModelCall } from './definition.ts';
import {
  type BreakerRules,
  defaultBreaker,
  type LastResortDefinition,
  type RetryDefinition,
} from './definition-policy.ts';
import type { Mapping } from './definition-words.ts';
import { compileValue } from './expression.ts';
import type { BreakerPolicy, Expression, LastResort, RetryPolicy, StepPolicy } from './kernel.ts';
import { at } from './problem.ts';

/** The share of slow calls at which a breaker opens, where its flow names no other. */
const SLOW_RATE = 0.8;

/** All that a call does when its model is slow, wrong, failing or away. */
export function compilePolicy(call: ModelCall, place: CallPlace): StepPolicy {
  const { timeout, within, retry, validate, cache } = call;
  const breaker = breakerOf(call, place);
  const onOpen = lastResortOf('onOpen', call.onOpen, place);
  const onFailure = lastResortOf('onFailure', call.onFailure, place);
  return {
    timeoutMs: timeout,
    ...(within === undefined ? {} : { withinMs: within }),
    retry: retryOf(retry),
    ...(breaker === undefined ? {} : { breaker }),
    fallback: compileFallback(call, place),
    ...(onOpen === undefined ? {} : { onOpen }),
    ...(onFailure === undefined ? {} : { onFailure }),
    reask: validate?.reask ?? 0,
    ...(cache === undefined ? {} : { cacheMs: cache }),
  };
}

function retryOf({
  attempts,
  initial,
  factor,
  max,
  jitter,
  on = {},
}: RetryDefinition): RetryPolicy {
  return { attempts, initialMs: initial, factor, maxMs: max, jitter, on };
}

/** A model has a breaker unless its flow says that it has none. */
function breakerOf(
  { breaker = true, onOpen }: ModelCall,
  { compilation, whereOf }: CallPlace,
): BreakerPolicy | undefined {
  if (breaker === false) {
    if (onOpen !== undefined) {
      const message = '`onOpen` has no meaning with `breaker: false`: nothing ever opens.';
      compilation.find(whereOf('onOpen'), 'on_open_unused', message);
    }
    return undefined;
  }
  const rules = breaker === true ? defaultBreaker : breaker;
  if (rules.slow === undefined && rules.slowRate !== undefined) {
    const message = '`slowRate` has a meaning only with `slow`, which says when a call is slow.';
    compilation.find(at(whereOf('breaker'), 'slowRate'), 'slow_missing', message);
  }
  return rulesOf(rules);
}

function rulesOf(rules: BreakerRules): BreakerPolicy {
  const { failureRate, slow, slowRate, minCalls, window, openFor, probes } = rules;
  return {
    failureRate,
    slowRate: slowRate ?? SLOW_RATE,
    ...(slow === undefined ? {} : { slowMs: slow }),
    minCalls,
    windowMs: window,
    openMs: openFor,
    probes,
  };
}

function lastResortOf(
  key: 'onOpen' | 'onFailure',
  definition: LastResortDefinition | undefined,
  place: CallPlace,
): LastResort | undefined {
  if (definition === undefined) return undefined;
  const where = place.whereOf(key);
  const { stale, default: written } = definition;
  if (stale === undefined && written === undefined) {
    const message = `Say what answers then: \`${key}: { stale: 24h }\`, { default: … }, or both.`;
    place.compilation.find(where, 'last_resort_empty', message);
  }
  return {
    ...(stale === undefined ? {} : { staleMs: stale }),
    ...(written === undefined ? {} : { value: defaultOf(written, at(where, 'default'), place) }),
  };
}

function defaultOf(
  written: Mapping,
  where: string,
  { path, scope, compilation }: CallPlace,
): Expression {
  const { expression, tree } = compileValue(written, 'output', { where, scope, compilation });
  compilation.produce(path, { kind: 'mapping', tree, standIn: 'its default answers' });
  return expression;
}
