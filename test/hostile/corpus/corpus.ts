import { artifactCases } from '../cases/artifacts.ts';
import { bytesCases } from '../cases/bytes.ts';
import { commandCases, flowFileCases } from '../cases/files.ts';
import { jsonCases } from '../cases/json.ts';
import { meaningCases } from '../cases/meaning.ts';
import { pictureCases } from '../cases/pictures.ts';
import { shapeCases } from '../cases/shape.ts';
import { tokenCases } from '../cases/tokens.ts';
import type { HostileCase } from './case.ts';

/** Every case, by family. */
export const corpus: readonly HostileCase[] = [
  ...bytesCases,
  ...jsonCases,
  ...shapeCases,
  ...tokenCases,
  ...artifactCases,
  ...pictureCases,
  ...meaningCases,
  ...flowFileCases,
  ...commandCases,
].sort((one, other) => one.family - other.family);

/** One case of each family, at the first entrance it has. */
export function firstOfEach(cases: readonly HostileCase[]): readonly HostileCase[] {
  const seen = new Set<number>();
  return cases.filter(({ family }) => !seen.has(family) && seen.add(family));
}
