import { type FeatureSettings, features } from '../text/features.ts';
import type { Example } from './examples.ts';
import { type Scored, softmax } from './ranking.ts';
import { shuffler } from './shuffle.ts';
import { type SparseVector, Vectoriser } from './vectors.ts';

/** How a logistic regression is trained. The defaults suit some hundred short texts. */
export interface LogisticSettings {
  readonly features: FeatureSettings;
  readonly epochs?: number;
  readonly rate?: number;
  /** Pull of every weight towards zero per step. */
  readonly decay?: number;
  /** Below 1 sharpens the confidences; chosen by cross-validation on the training data. */
  readonly temperature?: number;
}

/** A trained classifier of texts. */
export interface TextClassifier {
  /** All labels with their probabilities, best first. They add up to 1. */
  classify(text: string): Scored[];
  /** Share (0 to 1) of the text's words that the training data contains, rare words counting more. */
  familiarity(text: string): number;
}

/**
 * Trains multinomial logistic regression over TF-IDF features by stochastic gradient descent. The same examples
 * always give the same classifier: the order of training is shuffled with a fixed seed.
 */
export function trainLogistic(
  examples: readonly Example[],
  settings: LogisticSettings,
): TextClassifier {
  const { epochs = 6, rate = 8, decay = 2e-5, temperature = 1 } = settings;
  const extract = (text: string) => features(text, settings.features);
  const documents = examples.map(({ text }) => extract(text));
  const vectoriser = new Vectoriser(documents);
  const labels = [...new Set(examples.map(({ label }) => label))];
  const labelIndex = new Map(labels.map((label, at) => [label, at]));
  const rows = documents.map((document, at) => ({
    vector: vectoriser.vector(document),
    target: labelIndex.get(examples[at]!.label)!,
  }));

  // One block of labels.length weights per feature: a text touches few features, and all labels of each.
  const width = labels.length;
  const weights = new Float64Array(vectoriser.size * width);
  const bias = new Float64Array(width);
  const score = ({ indices, values }: SparseVector): number[] => {
    const scores = [...bias];
    for (let k = 0; k < indices.length; k++) {
      const base = indices[k]! * width;
      for (let label = 0; label < width; label++) {
        scores[label]! += weights[base + label]! * values[k]!;
      }
    }
    return scores;
  };

  const shuffle = shuffler(7);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const step = rate / (1 + epoch);
    for (const { vector, target } of shuffle(rows)) {
      const errors = probabilities(score(vector));
      errors[target]! -= 1;
      for (let label = 0; label < width; label++) bias[label]! -= 0.01 * step * errors[label]!;
      for (let k = 0; k < vector.indices.length; k++) {
        const base = vector.indices[k]! * width;
        for (let label = 0; label < width; label++) {
          const at = base + label;
          weights[at] =
            weights[at]! * (1 - step * decay) - step * errors[label]! * vector.values[k]!;
        }
      }
    }
  }

  return {
    classify: (text) => softmax(labels, score(vectoriser.vector(extract(text))), temperature),
    familiarity: (text) => vectoriser.knownShare(extract(text)),
  };
}

function probabilities(scores: number[]): number[] {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
