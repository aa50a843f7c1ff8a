import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { isJsonObject } from '../envelope/json.ts';
import type { Compilation, Producer } from './compilation.ts';
import type { KeyTemplate } from './kernel.ts';
import type { MappingTree } from './mapping.ts';

/** A JSON Schema; undefined when nothing is known. */
export type Shape = JsonObject | undefined;

/** What a model's manifest says of its contract. */
export interface ModelSchemas {
  readonly version: number;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
}

/** Finds a model's schemas; without a version, of its newest. */
export type FindModel = (name: string, version?: number) => ModelSchemas | undefined;

/** What may stand in for the usual value. */
export interface StandInShape {
  /** "the fallback general-chatbot answers". */
  readonly when: string;
  readonly shape: Shape;
}

/** Tells the shape of values of a compiled flow, as far as the models' schemas give it away. */
export class Shapes {
  readonly #compilation: Compilation;
  readonly #findModel: FindModel;
  readonly #known = new Map<KeyTemplate, Shape>();

  constructor(compilation: Compilation, findModel: FindModel) {
    this.#compilation = compilation;
    this.#findModel = findModel;
  }

  /** The shape of the first of the keys that has a value: any of them may be the one. */
  ofKeys(keys: readonly KeyTemplate[]): Shape {
    return anyOf(keys.map((key) => this.#ofKey(key)));
  }

  /** The shapes of what may lie under the keys in place of the usual value, and when. */
  standIns(keys: readonly KeyTemplate[]): readonly StandInShape[] {
    return this.origins(keys).flatMap((key) =>
      this.#producersOf(key).flatMap((producer) => {
        if (!('standIn' in producer) || producer.standIn === undefined) return [];
        return [{ when: producer.standIn, shape: this.#ofProducer(producer) }];
      }),
    );
  }

  /** The keys, and those whose values are taken over under them: the drafts of a refine, the tiers of a cascade. */
  origins(keys: readonly KeyTemplate[]): readonly KeyTemplate[] {
    const found = new Set<KeyTemplate>();
    const visit = (key: KeyTemplate): void => {
      if (found.has(key)) return;
      found.add(key);
      for (const producer of this.#producersOf(key)) {
        if (producer.kind === 'any') producer.keys.forEach(visit);
      }
    };
    keys.forEach(visit);
    return [...found];
  }

  /** The shape a mapping's value will have. */
  ofTree(tree: MappingTree): Shape {
    switch (tree.kind) {
      case 'literal':
        return { const: tree.value };
      case 'text':
        return { type: 'string' };
      case 'list':
        return { type: 'array' };
      case 'map':
        return objectOf(tree.entries.map(([key, member]) => [key, this.ofTree(member)]));
      case 'expression':
        if (tree.path) return fieldAt(this.ofKeys(tree.path.keys), tree.path.fields);
        return typeShapes.get(tree.program.type.replace(/<.*$/, ''));
    }
  }

  #ofKey(key: KeyTemplate): Shape {
    if (this.#known.has(key)) return this.#known.get(key);
    // Marked first: no producer may ask for itself.
    this.#known.set(key, undefined);
    const usual = this.#producersOf(key).filter(
      (producer) => !('standIn' in producer) || producer.standIn === undefined,
    );
    const shape = anyOf(usual.map((producer) => this.#ofProducer(producer)));
    this.#known.set(key, shape);
    return shape;
  }

  #producersOf(key: KeyTemplate): readonly Producer[] {
    return this.#compilation.producers.get(key) ?? [];
  }

  #ofProducer(producer: Producer): Shape {
    switch (producer.kind) {
      case 'model':
        return this.#findModel(producer.model, producer.version)?.outputSchema;
      case 'schema':
        return isJsonObject(producer.schema) ? producer.schema : undefined;
      case 'mapping':
        return this.ofTree(producer.tree);
      case 'any':
        return this.ofKeys(producer.keys);
      case 'fields':
        return objectOf([...producer.fields].map(([name, keys]) => [name, this.ofKeys(keys)]));
      case 'list': {
        const { element } = producer;
        const items = 'kind' in element ? this.ofTree(element) : this.ofKeys(element);
        return { type: 'array', ...(items === undefined ? {} : { items }) };
      }
      case 'element': {
        const items = this.ofTree(producer.list)?.['items'];
        return isJsonObject(items) ? items : undefined;
      }
    }
  }
}

const typeShapes: ReadonlyMap<string, JsonObject> = new Map([
  ['bool', { type: 'boolean' }],
  ['string', { type: 'string' }],
  ['int', { type: 'integer' }],
  ['double', { type: 'number' }],
  ['list', { type: 'array' }],
]);

/** What `missingField` answers: the name of the field that cannot be there, and those that can. */
export interface MissingField {
  readonly field: string;
  readonly known: readonly string[];
  readonly index: number;
}

/** The first field of a path that the shape rules out; undefined when all may be there. */
export function missingField(shape: Shape, fields: readonly string[]): MissingField | undefined {
  let current = shape;
  for (const [index, field] of fields.entries()) {
    const known = closedFields(current);
    if (known !== undefined && !known.includes(field)) return { field, known, index };
    current = fieldAt(current, [field]);
  }
  return undefined;
}

/** The shape of a field inside a shape. */
export function fieldAt(shape: Shape, fields: readonly string[]): Shape {
  let current = shape;
  for (const field of fields) {
    if (current === undefined) return undefined;
    const options = optionsOf(current);
    current = anyOf(options.map((option) => propertyOf(option, field)));
  }
  return current;
}

function propertyOf(shape: JsonObject, field: string): Shape {
  const properties = shape['properties'];
  const property =
    isJsonObject(properties) && Object.hasOwn(properties, field) ? properties[field] : undefined;
  return isJsonObject(property) ? property : undefined;
}

/** All fields a value of this shape can have; undefined when it may have others. */
function closedFields(shape: Shape): readonly string[] | undefined {
  if (shape === undefined) return undefined;
  const fields: string[] = [];
  for (const option of optionsOf(shape)) {
    if (isScalar(option)) continue;
    const closed = option['type'] === 'object' && option['additionalProperties'] === false;
    if (!closed || ['allOf', '$ref', 'patternProperties', 'oneOf'].some((key) => key in option))
      return undefined;
    fields.push(...Object.keys(isJsonObject(option['properties']) ? option['properties'] : {}));
  }
  return [...new Set(fields)];
}

function isScalar(shape: JsonObject): boolean {
  const { type } = shape;
  return (
    type === 'string' ||
    type === 'number' ||
    type === 'integer' ||
    type === 'boolean' ||
    type === 'null'
  );
}

/** JSON types a value of this shape can have; undefined when any. */
export function typesOf(shape: Shape): readonly string[] | undefined {
  if (shape === undefined) return undefined;
  const types: string[] = [];
  for (const option of optionsOf(shape)) {
    const { type } = option;
    if ('const' in option) types.push(typeOfValue(option['const'] ?? null));
    else if (typeof type === 'string') types.push(type);
    else if (Array.isArray(type)) types.push(...type.map(String));
    else return undefined;
  }
  return types;
}

function typeOfValue(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function optionsOf(shape: JsonObject): readonly JsonObject[] {
  const options = shape['anyOf'];
  return Array.isArray(options) ? options.filter(isJsonObject).flatMap(optionsOf) : [shape];
}

function anyOf(shapes: readonly Shape[]): Shape {
  const known = shapes.filter((shape) => shape !== undefined);
  if (known.length < shapes.length || known.length === 0) return undefined;
  return known.length === 1 ? known[0] : { anyOf: [...known] };
}

function objectOf(members: readonly (readonly [string, Shape])[]): JsonObject {
  const properties = Object.fromEntries(members.map(([name, shape]) => [name, shape ?? {}]));
  return { type: 'object', properties, additionalProperties: false };
}
