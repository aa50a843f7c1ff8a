import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../infra/schemas/schema-files.ts';
import { operations } from '../../services/coordinator/operations/table.ts';
import { decode, encode } from '../../shared/envelope/codec.ts';
import { type MessageType, schemas } from '../../shared/envelope/envelope.ts';
import { header } from '../../shared/envelope/headers.ts';
import { cancelSchema, heldSchema, manifestSchema } from '../../shared/envelope/manifest.ts';
import { refusals } from '../../shared/envelope/refusal.ts';
import { tokenRefusals } from '../../shared/security/token-refusal.ts';
import { exchanges, staticQueues } from '../../shared/transport/topology.ts';

const page = readFileSync(new URL('../../shared/protocol.md', import.meta.url), 'utf8');

interface Example {
  readonly type: MessageType;
  /** Of a control message: its verb. */
  readonly verb: string | undefined;
  readonly text: string;
}

const examples: Example[] = [...page.matchAll(/^```json ?(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, tag = '', text = '']) => {
    const [type = '', verb] = tag.split(' ');
    return { type: type as MessageType, verb, text };
  },
);

/** The payload schema of a control message, where the protocol fixes one. */
const payloads = { announced: manifestSchema, held: heldSchema, cancel: cancelSchema };

describe('the examples of the protocol', () => {
  test('show every message type, and name a type that exists', () => {
    const shown = new Set(examples.map(({ type }) => type));
    expect([...shown].sort()).toEqual(Object.keys(schemas).sort());
  });

  const numbered = examples.map((example, index) => ({ ...example, index }));

  test.each(numbered)(
    'example $index, $type $verb, passes the strict gate',
    ({ type, verb, text }) => {
      const body = Buffer.from(text);
      const envelope = decode(type, body, { trust: 'untrusted' });
      // Nothing of it is ignored, so an example shows no field that does not exist.
      expect(JSON.parse(text)).toEqual(envelope);
      expect(decode(type, encode(type, envelope), { trust: 'internal' })).toEqual(envelope);
      if (verb === 'announced' || verb === 'held' || verb === 'cancel') {
        expect(payloads[verb].parse(envelope.payload)).toEqual(envelope.payload);
      }
    },
  );

  test.each(numbered)('example $index, $type $verb, matches its JSON Schema', ({ type, text }) => {
    const ajv = new Ajv2020({ validateFormats: false });
    const validate = ajv.compile(JSON.parse(schemaFiles()[`${type}.schema.json`] ?? 'false'));
    expect(validate(JSON.parse(text)), ajv.errorsText(validate.errors)).toBe(true);
  });
});

describe('the page', () => {
  test.each(exchanges)('names exchange $name with its routing keys', ({ name, routingKeys }) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    for (const { key } of routingKeys) expect(row).toContain(`\`${key}\``);
  });

  test.each(staticQueues)('names queue $name', ({ name }) => {
    expect(page).toContain(`\`${name}\``);
  });

  test.each(Object.values(header))('names header %s', (name) => {
    expect(page).toContain(`\`${name}\``);
  });

  test.each([...operations.keys()])('names verb %s with its arguments', (verb) => {
    expect(page).toMatch(new RegExp(`^\\| \`${verb}\` \\| \`\\{`, 'm'));
  });

  test.each([...Object.keys(refusals), ...Object.keys(tokenRefusals)])('names code %s', (code) => {
    expect(page).toContain(`\`${code}\``);
  });
});
