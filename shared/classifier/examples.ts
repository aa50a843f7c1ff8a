import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A text and the label it should get. */
export interface Example {
  readonly label: string;
  readonly text: string;
}

const byLabel = z.record(z.string().min(1), z.array(z.string().min(1)).min(1));
const texts = z.array(z.string().min(1)).min(1);

/** Reads a JSON file `{ "label": ["text", …] }`. Throws when the file is missing or has another shape. */
export function readExamples(file: URL): Example[] {
  const parsed = byLabel.parse(JSON.parse(readFileSync(file, 'utf8')));
  return Object.entries(parsed).flatMap(([label, list]) => list.map((text) => ({ label, text })));
}

/** Reads a JSON file that is one list of texts, all of which get the same label. */
export function readTexts(file: URL, label: string): Example[] {
  return texts.parse(JSON.parse(readFileSync(file, 'utf8'))).map((text) => ({ label, text }));
}
