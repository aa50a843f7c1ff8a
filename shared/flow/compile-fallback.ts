import type { ModelCall } from './definition.ts';
import type { FallbackDefinition } from './definition-policy.ts';
import type { Mapping } from './definition-words.ts';
import { type CompiledValue, compileValue, type Place } from './expression.ts';
import type { KeyTemplate, Rung } from './kernel.ts';
import { at } from './problem.ts';
import { readReference } from './reference.ts';

/** Where a model is called. */
export interface CallPlace extends Place {
  readonly path: KeyTemplate;
  /** Where a key of the call is written: a tier of a cascade has some of its own and some of the cascade's. */
  whereOf(key: string): string;
  /** What the call's own model is asked. */
  readonly input: CompiledValue;
}

/** The models that are asked when the call's own is spent; without an input of their own they are asked the same. */
export function compileFallback({ model, fallback }: ModelCall, place: CallPlace): readonly Rung[] {
  const same = new Set([model]);
  return writtenRungs(fallback, place.whereOf('fallback')).map((written): Rung => {
    if (written.input === undefined) {
      if (same.has(written.model)) {
        const message = `"${written.model}" is asked the same already: \`retry\` asks it again, a fallback is another model or has an \`input\` of its own.`;
        place.compilation.find(written.where, 'fallback_repeats', message);
      }
      same.add(written.model);
    }
    return compileRung(written, place);
  });
}

interface WrittenRung {
  readonly model: string;
  readonly input?: Mapping | undefined;
  readonly where: string;
  readonly modelWhere: string;
}

function writtenRungs(
  fallback: FallbackDefinition | undefined,
  where: string,
): readonly WrittenRung[] {
  if (fallback === undefined) return [];
  if (Array.isArray(fallback)) {
    return fallback.map((rung, index) => writtenRung(rung, at(where, index)));
  }
  return [writtenRung(fallback, where)];
}

function writtenRung(rung: Exclude<FallbackDefinition, unknown[]>, where: string): WrittenRung {
  if (typeof rung === 'string') return { model: rung, where, modelWhere: where };
  return { ...rung, where, modelWhere: at(where, 'model') };
}

function compileRung({ model, input, where, modelWhere }: WrittenRung, place: CallPlace): Rung {
  const { compilation, path } = place;
  const { name, version } = readReference(model);
  const use = { model: name, ...(version === undefined ? {} : { version }) };
  const inputWhere = input === undefined ? place.whereOf('input') : at(where, 'input');
  const asked =
    input === undefined
      ? place.input
      : compileValue(input, 'object', { ...place, where: inputWhere });
  const standIn = `the fallback ${model} answers`;
  compilation.produce(path, { kind: 'model', ...use, standIn });
  compilation.uses.push({ path, where, modelWhere, ...use, input: asked.tree, inputWhere });
  return { ...use, input: asked.expression };
}
