import { checkInput } from './check-input.ts';
import { type CheaperModel, cheaperModel, checkPath } from './check-stand-ins.ts';
import type { ModelUse } from './compilation.ts';
import { didYouMean } from './did-you-mean.ts';
import type { ModelReference } from './kernel.ts';
import type { LoadedFlow } from './load.ts';
import type { Finding, Problem } from './problem.ts';
import { type FindModel, type ModelSchemas, Shapes } from './shape.ts';

/** The newest manifest of each model by name, or several versions of it. */
export type Manifests = ReadonlyMap<string, ModelSchemas | readonly ModelSchemas[]>;

/**
 * Checks each mapping of a flow against the schemas of both models: fields that the model before cannot give, keys that the
 * model behind does not know or misses, types that can never fit. What depends on data is left to the run. A model without a
 * manifest is `model_unknown`.
 */
export function checkAgainstManifests(
  loaded: LoadedFlow,
  manifests: Manifests,
): readonly Problem[] {
  const { compilation } = loaded;
  const findModel = finderOf(manifests);
  const shapes = new Shapes(compilation, findModel);
  const cheaper = cheaperModel(loaded, shapes, findModel);
  const findings = [
    ...compilation.uses.flatMap((use) => checkUse(use, shapes, findModel, manifests)),
    ...(cheaper === undefined ? [] : checkCheaper(cheaper, manifests)),
    ...compilation.paths.flatMap((path) => checkPath(path, shapes, cheaper)),
  ];
  const seen = new Set<string>();
  return findings
    .filter(
      ({ path, message }) => !seen.has(`${path} ${message}`) && seen.add(`${path} ${message}`),
    )
    .map((finding) => loaded.locate(finding));
}

function finderOf(manifests: Manifests): FindModel {
  return (name, version) => {
    const known = manifests.get(name);
    const all = known === undefined ? [] : 'version' in known ? [known] : known;
    const fitting = version === undefined ? all : all.filter((model) => model.version === version);
    return fitting.reduce<ModelSchemas | undefined>(
      (newest, model) => (newest === undefined || model.version > newest.version ? model : newest),
      undefined,
    );
  };
}

function checkUse(
  use: ModelUse,
  shapes: Shapes,
  findModel: FindModel,
  manifests: Manifests,
): readonly Finding[] {
  const model = findModel(use.model, use.version);
  if (model === undefined) return [unknownModel(use.modelWhere, use, manifests)];
  return checkInput(use, model.inputSchema, shapes);
}

/** A model that is not there, named at `path`. */
function unknownModel(
  path: string,
  { model, version }: ModelReference,
  manifests: Manifests,
): Finding {
  if (manifests.has(model)) {
    return {
      path,
      code: 'model_unknown',
      message: `There is no version ${version} of the model "${model}".`,
    };
  }
  return {
    path,
    code: 'model_unknown',
    message: `There is no model "${model}".${didYouMean(model, manifests.keys())}`,
  };
}

function checkCheaper(cheaper: CheaperModel, manifests: Manifests): readonly Finding[] {
  const path = 'budget.onExceeded.model';
  const { reference, schemas, calls } = cheaper;
  if (schemas === undefined) return [unknownModel(path, reference, manifests)];
  if (calls.size > 0) return [];
  const message = `The model ${reference.model} takes the input of no call of this flow: it could never be called instead.`;
  return [{ path, code: 'cheaper_unfit', message }];
}
