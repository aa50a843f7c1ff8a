import type { WinkMethods } from 'wink-nlp';

/** The parts of the annotation pipeline that a model needs; fewer load and run faster. */
export type Annotation = 'sbd' | 'negation' | 'sentiment' | 'pos' | 'cer';

/** Opens wink-nlp with its English model. Works offline; imported late because reading the model takes a while. */
export async function loadWink(annotations: readonly Annotation[]): Promise<WinkMethods> {
  const [{ default: winkNlp }, { default: english }] = await Promise.all([
    import('wink-nlp'),
    import('wink-eng-lite-web-model'),
  ]);
  return winkNlp(english, [...annotations]);
}
