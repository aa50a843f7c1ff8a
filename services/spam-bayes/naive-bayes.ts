import type { Example } from '../../shared/classifier/examples.ts';
import { features } from '../../shared/text/features.ts';

/** Log-odds that a text is spam rather than ham, and how many of its features are known. */
export interface Evidence {
  readonly logOdds: number;
  readonly known: number;
}

const settings = { bigrams: true, characters: [] } as const;

/** Learns multinomial naive Bayes with add-one smoothing over words and pairs of neighbours. */
export function trainNaiveBayes(examples: readonly Example[]): (text: string) => Evidence {
  const counts = { spam: new Map<string, number>(), ham: new Map<string, number>() };
  const totals = { spam: 0, ham: 0 };
  const vocabulary = new Set<string>();
  for (const { label, text } of examples) {
    const kind = label === 'spam' ? 'spam' : 'ham';
    for (const feature of features(text, settings)) {
      counts[kind].set(feature, (counts[kind].get(feature) ?? 0) + 1);
      totals[kind] += 1;
      vocabulary.add(feature);
    }
  }
  const chance = (kind: 'spam' | 'ham', feature: string) =>
    ((counts[kind].get(feature) ?? 0) + 1) / (totals[kind] + vocabulary.size);

  return (text) => {
    let logOdds = 0;
    let known = 0;
    for (const feature of features(text, settings)) {
      if (!vocabulary.has(feature)) continue;
      logOdds += Math.log(chance('spam', feature) / chance('ham', feature));
      known += 1;
    }
    return { logOdds, known };
  };
}
