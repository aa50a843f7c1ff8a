import type { Upload } from '../../../shared/client/client-artifacts.ts';
import { parseValue } from '../../../shared/envelope/gate.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { UnprocessableError } from '../../../shared/errors/errors.ts';
import { UsageError } from '../usage-error.ts';
import { imageInput, readInput } from './image.ts';

/** The options of a command that describe a job. */
export interface JobOptions {
  readonly text?: string;
  readonly image?: string;
  /** A file of JSON, `-` for standard input. */
  readonly payload?: string;
}

/** What a job is made of. */
export interface JobInput {
  readonly payload: JsonObject;
  /** Members of the payload that are too large for a message. */
  readonly files: Readonly<Record<string, Upload>>;
}

/**
 * The payload of a job: the file's object, then the image, then the text over it. Throws UsageError when a file cannot be
 * read, when the text is given twice or when nothing is given at all.
 */
export async function jobPayload(
  positional: string | undefined,
  options: JobOptions,
): Promise<JobInput> {
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
  const read = image === undefined ? undefined : await imageInput(image);
  return {
    payload: {
      ...(payload === undefined ? {} : await readPayload(payload)),
      ...(typeof read === 'string' ? { image: read } : {}),
      ...(text === undefined ? {} : { text }),
    },
    files: typeof read === 'object' ? { image: read } : {},
  };
}

async function readPayload(file: string): Promise<JsonObject> {
  const name = file === '-' ? 'Standard input' : file;
  const bytes = file === '-' ? await readStandardInput() : await readInput(file);
  const value = parsed(bytes, name);
  if (isJsonObject(value)) return value;
  throw new UsageError(
    'payload_not_object',
    `${name} must hold a JSON object, such as {"text": "…"}.`,
  );
}

/** The gate that the coordinators have: what they refuse is told here, and bytes that are no text are not made to look like one. */
function parsed(bytes: Uint8Array, name: string): JsonValue {
  try {
    return parseValue(bytes);
  } catch (error) {
    if (!(error instanceof UnprocessableError)) throw error;
    const { code, message } = error;
    if (code !== 'bad_json') throw new UsageError(code, `${name}: ${message}`);
    throw new UsageError('payload_not_json', `${name} is no JSON: ${whyNot(bytes)}.`);
  }
}

/** The parser's own words quote the text, which is its reader's. */
function whyNot(bytes: Uint8Array): string {
  try {
    JSON.parse(Buffer.from(bytes).toString('utf8'));
    return 'something is wrong in it';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
