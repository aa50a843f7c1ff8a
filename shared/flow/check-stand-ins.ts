import { checkInput } from './check-input.ts';
import { didYouMean } from './did-you-mean.ts';
import type { KeyTemplate, ModelReference } from './kernel.ts';
import type { LoadedFlow } from './load.ts';
import type { Finding } from './problem.ts';
import type { ResolvedPath } from './resolve.ts';
import {
  type FindModel,
  type ModelSchemas,
  missingField,
  type Shape,
  type Shapes,
  type StandInShape,
} from './shape.ts';

/** The model that a spent budget puts in the place of others. */
export interface CheaperModel {
  readonly reference: ModelReference;
  /** Undefined: nobody knows it. */
  readonly schemas: ModelSchemas | undefined;
  /** Paths of the calls whose input it takes. */
  readonly calls: ReadonlySet<KeyTemplate>;
}

/** The cheaper model of a flow's budget; undefined when it names none. */
export function cheaperModel(
  { flow, compilation }: LoadedFlow,
  shapes: Shapes,
  findModel: FindModel,
): CheaperModel | undefined {
  const reference = flow.budget?.onExceeded;
  if (typeof reference !== 'object') return undefined;
  const { model, version } = reference;
  const schemas = findModel(model, version);
  const fitting = compilation.uses.filter(
    (use) =>
      schemas !== undefined &&
      use.model !== model &&
      checkInput({ ...use, model }, schemas.inputSchema, shapes).length === 0,
  );
  return { reference, schemas, calls: new Set(fitting.map(({ path }) => path)) };
}

/** A field that the value cannot have, or cannot have while something else stands in for its model. */
export function checkPath(
  path: ResolvedPath,
  shapes: Shapes,
  cheaper: CheaperModel | undefined,
): readonly Finding[] {
  const usual = unknownField(path, shapes.ofKeys(path.keys));
  if (usual !== undefined) return [usual];
  const standIns = [...shapes.standIns(path.keys), ...cheaperOnes(path, shapes, cheaper)];
  return standIns.flatMap(({ when, shape }) => unknownField(path, shape, when) ?? []);
}

function cheaperOnes(
  { keys }: ResolvedPath,
  shapes: Shapes,
  cheaper: CheaperModel | undefined,
): readonly StandInShape[] {
  if (!shapes.origins(keys).some((key) => cheaper?.calls.has(key))) return [];
  const when = `the cheaper model ${cheaper?.reference.model} answers`;
  return [{ when, shape: cheaper?.schemas?.outputSchema }];
}

function unknownField(path: ResolvedPath, shape: Shape, when?: string): Finding | undefined {
  const missing = missingField(shape, path.fields);
  if (missing === undefined || missing.index >= path.optionalFrom) return undefined;
  const { field, known, index } = missing;
  const owner = [path.root, ...path.fields.slice(0, index)].join('.');
  const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  const message =
    when === undefined
      ? `${owner} has no field "${field}": ${has}.${didYouMean(field, known)}`
      : `${owner} has no field "${field}" when ${when}: ${has}. Write ${owner}.?${field} where it may be missing.`;
  return { path: path.where, code: 'field_unknown', message, offset: path.offset };
}
