import fc from 'fast-check';
import { newId } from '../../shared/envelope/ids.ts';
import { isJsonObject, type JsonValue } from '../../shared/envelope/json.ts';
import { refusals } from '../../shared/envelope/refusal.ts';
import { allEntrances } from './corpus/cases-of.ts';
import { textOf } from './corpus/envelopes.ts';
import type { HostileClient } from './entrances/broker.ts';

/** Messages between two good jobs, which say that the fleet still works. */
const BETWEEN = 25;

/** JSON text, good and bad, that is put in some place of a good message. */
const planted = [
  ...['null', 'true', '[]', '{}', '""', '-0', '1e999', '9007199254740993', '-1', '1e308', 'NaN'],
  ...['"\\u0000"', '"\\ud800"', '"\u202e"', '"../../x"', '"a.*.#"', '"2026-02-30T00:00:00Z"'],
  ...['{"__proto__":{"a":1}}', '{"constructor":{}}', '{"then":1}', '{"a":1,"a":2}'],
  ...['{"$artifact":{}}', '{"$artifact":"file:///etc/passwd"}'],
  `${'['.repeat(80)}${']'.repeat(80)}`,
  `"${'x'.repeat(70_000)}"`,
  `[${'0,'.repeat(5_000)}0]`,
];

const change = fc.record({
  kind: fc.constantFrom('replace', 'drop', 'add', 'rename'),
  /** Which member, on the way down, as a share of those that there are. */
  way: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 }),
  text: fc.constantFrom(...planted),
  key: fc.constantFrom('id', 'run', 'payload', 'text', '__proto__', 'x', 'attempt', '\u200b'),
});
const cut = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  drop: fc.nat(4),
  bytes: fc.uint8Array({ maxLength: 4 }),
});
const message = fc.record({
  entrance: fc.constantFrom(...allEntrances),
  pick: fc.nat(1_000),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
  /** Most keep their structure: broken bytes are refused long before anything else is looked at. */
  cuts: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(cut, { maxLength: 2 }) },
  ),
});
type Message = typeof message extends fc.Arbitrary<infer M> ? M : never;

/** Codes of what is parked and no refusal of the gate. */
const others = ['not_your_route', 'flow_unknown', 'reference_not_allowed', 'unexpected_error'];
const known: ReadonlySet<string> = new Set([...Object.keys(refusals), ...others]);

/**
 * Sends messages of the fleet's own traffic with a few things changed in them. Whatever they are, the fleet has a code that is known for
 * them or takes them, and good jobs are answered. Answers what is wrong; the same seed sends the same.
 */
export function fuzz(count: number, seed: number) {
  return async (
    client: HostileClient,
    isAlive: () => Promise<boolean>,
  ): Promise<readonly string[]> => {
    for (const [index, one] of fc.sample(message, { numRuns: count, seed }).entries()) {
      const ids = { id: 'c-fuzz', run: newId(), artifactFolder: '' };
      const recorded = client.recorded(one.entrance);
      const good = recorded[one.pick % recorded.length] ?? textOf(one.entrance, ids);
      await client.send(one.entrance, ids, mutated(good, one));
      if (index % BETWEEN === BETWEEN - 1 && !(await isAlive())) {
        return [`No good job is answered after ${index + 1} fuzzed messages of seed ${seed}.`];
      }
    }
    const strange = [...client.parkedCodes].filter((code) => !known.has(code));
    return strange.map((code) => `Fuzzed messages of seed ${seed} were parked as ${code}.`);
  };
}

function mutated(good: string, { changes, cuts }: Message): Uint8Array {
  const raw: string[] = [];
  let value: JsonValue = JSON.parse(good);
  for (const one of changes) value = changed(value, one, 0, raw);
  const text = JSON.stringify(value).replaceAll(/"@(\d+)@"/g, (_, at) => raw[Number(at)] ?? '');
  let bytes: Uint8Array = Buffer.from(text);
  for (const { at, drop, bytes: more } of cuts) {
    const from = Math.floor(at * bytes.length);
    bytes = Buffer.concat([bytes.subarray(0, from), more, bytes.subarray(from + drop)]);
  }
  return bytes;
}

/** The value with one thing changed in it. What is planted is kept aside: JSON.stringify could not write it. */
function changed(
  value: JsonValue,
  { kind, way, text, key }: Message['changes'][number],
  depth: number,
  raw: string[],
): JsonValue {
  const mark = () => `@${raw.push(text) - 1}@`;
  if (!isJsonObject(value)) return mark();
  const names = Object.keys(value);
  const name = names[Math.floor((way[depth] ?? 0) * names.length)];
  if (name === undefined || kind === 'add') {
    return Object.fromEntries([...Object.entries(value), [key, mark()]]);
  }
  if (depth < way.length - 1 && isJsonObject(value[name])) {
    const inside = changed(value[name], { kind, way, text, key }, depth + 1, raw);
    return Object.fromEntries(
      Object.entries(value).map(([own, item]) => [own, own === name ? inside : item]),
    );
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([own, item]): [string, JsonValue][] => {
      if (own !== name) return [[own, item]];
      if (kind === 'drop') return [];
      return kind === 'rename' ? [[key, item]] : [[own, mark()]];
    }),
  );
}
