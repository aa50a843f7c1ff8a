import { isJsonObject, type JsonObject } from '../../../shared/envelope/json.ts';
import { UsageError } from '../usage-error.ts';
import { imageDataUrl, readInput } from './image.ts';

/** The options of a command that describe a job. */
export interface JobOptions {
  readonly text?: string;
  readonly image?: string;
  /** A file of JSON, `-` for standard input. */
  readonly payload?: string;
}

/**
 * The payload of a job: the file's object, then the image, then the text over it. Throws UsageError when a file cannot be
 * read, when the text is given twice or when nothing is given at all.
 */
export async function jobPayload(
  positional: string | undefined,
  options: JobOptions,
): Promise<JsonObject> {
  if (positional !== undefined && options.text !== undefined) {
    throw new UsageError('text_given_twice', 'Give the text once: as a word or with --text.');
  }
  const text = positional ?? options.text;
  const { image, payload } = options;
  if (text === undefined && image === undefined && payload === undefined) {
    throw new UsageError(
      'no_input',
      'The job is empty: give it a text in quotes, --image FILE or --payload FILE.',
    );
  }
  return {
    ...(payload === undefined ? {} : await readPayload(payload)),
    ...(image === undefined ? {} : { image: await imageDataUrl(image) }),
    ...(text === undefined ? {} : { text }),
  };
}

async function readPayload(file: string): Promise<JsonObject> {
  const name = file === '-' ? 'Standard input' : file;
  const text = file === '-' ? await readStandardInput() : (await readInput(file)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError('payload_not_json', `${name} is no JSON: ${why}.`);
  }
  if (isJsonObject(value)) return value;
  throw new UsageError(
    'payload_not_object',
    `${name} must hold a JSON object, such as {"text": "…"}.`,
  );
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
