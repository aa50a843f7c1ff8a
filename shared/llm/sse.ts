/** A line longer than this is no answer of a model; without the bound a bad server fills the memory. */
const MAX_LINE = 1024 * 1024;

/**
 * The `data` of each server-sent event of a stream, one line each, as chat completions use them. Rejects with what the stream
 * rejects with, and with a SyntaxError for a line that never ends.
 */
export async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new SyntaxError('An event is too long.');
    yield* dataOf(lines);
  }
  yield* dataOf([rest + decoder.decode()]);
}

function dataOf(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim())
    .filter((data) => data !== '');
}
