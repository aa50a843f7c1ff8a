import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { isJsonObject } from '../envelope/json.ts';
import type { ModelUse } from './compilation.ts';
import { didYouMean } from './did-you-mean.ts';
import type { MappingTree } from './mapping.ts';
import { at, type Finding } from './problem.ts';
import { fieldAt, missingField, type Shape, type Shapes, typesOf } from './shape.ts';

/** What in the input of a call can never fit the input schema of its model. */
export function checkInput(
  { where, model, input, inputWhere }: ModelUse,
  schema: JsonObject,
  shapes: Shapes,
): readonly Finding[] {
  const shape = shapes.ofTree(input);
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const known = Object.keys(properties);
  // A model reads the keys it names; a schema that means to take others says so.
  const closed = ![
    'additionalProperties',
    'patternProperties',
    'allOf',
    'anyOf',
    'oneOf',
    '$ref',
  ].some((key) => schema[key] ?? false);
  const findings: Finding[] = [];
  if (input.kind === 'map') {
    for (const [key, tree] of input.entries) {
      const path = at(inputWhere, key);
      const property = properties[key];
      if (property === undefined && closed) {
        const message = `The model ${model} takes no "${key}": it takes ${known.join(', ')}.${didYouMean(key, known)}`;
        findings.push({ path, code: 'input_key_unknown', message });
      } else if (isJsonObject(property))
        findings.push(...checkType(tree, property, { path, model, key, shapes }));
    }
  }
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  for (const key of required) {
    if (missingField(shape, [key]) === undefined) continue;
    const left = input.kind === 'map' ? '' : ` The ${sourceOf(input)} has no such field.`;
    const message = `The model ${model} needs "${key}" in its input.${left}`;
    findings.push({
      path: input.kind === 'map' ? inputWhere : where,
      code: 'input_key_missing',
      message,
    });
  }
  if (input.kind === 'expression')
    findings.push(...checkWhole(shape, schema, { path: where, model }));
  return findings;
}

function sourceOf(input: MappingTree): string {
  return input.kind === 'expression' ? `value of ${input.program.source}` : 'input';
}

/** An object that is handed over as it is: fields both sides know must have types that can fit. */
function checkWhole(
  shape: Shape,
  schema: JsonObject,
  { path, model }: { path: string; model: string },
): readonly Finding[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).flatMap(([key, property]) => {
    const given = typesOf(fieldAt(shape, [key]));
    const wanted = isJsonObject(property) ? typesOf(property) : undefined;
    return canFit(given, wanted) ? [] : [mismatch({ path, model, key }, given, wanted)];
  });
}

function checkType(
  tree: MappingTree,
  property: JsonObject,
  place: {
    readonly path: string;
    readonly model: string;
    readonly key: string;
    readonly shapes: Shapes;
  },
): readonly Finding[] {
  if (
    tree.kind === 'literal' &&
    Array.isArray(property['enum']) &&
    !includes(property['enum'], tree.value)
  ) {
    const message = `The model ${place.model} takes ${property['enum'].map((value) => JSON.stringify(value)).join(', ')} as "${place.key}".`;
    return [{ path: place.path, code: 'type_mismatch', message }];
  }
  const given = typesOf(place.shapes.ofTree(tree));
  const wanted = typesOf(property);
  return canFit(given, wanted) ? [] : [mismatch(place, given, wanted)];
}

function includes(values: readonly JsonValue[], value: JsonValue): boolean {
  return values.some((each) => JSON.stringify(each) === JSON.stringify(value));
}

function mismatch(
  { path, model, key }: { readonly path: string; readonly model: string; readonly key: string },
  given: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
): Finding {
  const message = `The model ${model} takes ${wanted?.join(' or ')} as "${key}", this gives ${given?.join(' or ')}.`;
  return { path, code: 'type_mismatch', message };
}

function canFit(
  given: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
): boolean {
  if (given === undefined || wanted === undefined) return true;
  // A JSON number may be whole: only the data tells.
  const number = (type: string) => (type === 'integer' ? 'number' : type);
  return given.some((one) => wanted.some((other) => number(one) === number(other)));
}
