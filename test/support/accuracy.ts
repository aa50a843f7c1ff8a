/** Texts by the label that they should get. */
export type Labelled = Readonly<Record<string, readonly string[]>>;

/** Runs a classifier over held-out texts. `wrong` names each mistake, so that a failing test says what to look at. */
export async function measure<T>(
  held: Labelled,
  classify: (text: string) => Promise<T>,
  labelOf: (output: T) => string,
): Promise<{ accuracy: number; outputs: { right: boolean; output: T }[]; wrong: string[] }> {
  const outputs: { right: boolean; output: T }[] = [];
  const wrong: string[] = [];
  for (const [label, texts] of Object.entries(held)) {
    for (const text of texts) {
      const output = await classify(text);
      const right = labelOf(output) === label;
      outputs.push({ right, output });
      if (!right) wrong.push(`${label} taken for ${labelOf(output)}: ${text}`);
    }
  }
  return { accuracy: 1 - wrong.length / outputs.length, outputs, wrong };
}
