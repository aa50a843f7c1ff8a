import { createHash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import type { CaseIds, MessageCase } from '../corpus/case.ts';
import { outcomesAt, type Variant } from '../corpus/cases-of.ts';

/** B44 to B49 and B52: references to what lies in the artifact store. Every job is one of the flow `picture`. */

const HOUR_MS = 3_600_000;
const runOf = ({ id }: CaseIds) => runIdOf('default', 'anonymous', id);
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Reference {
  readonly store: unknown;
  readonly key: unknown;
  readonly sha256: unknown;
  readonly bytes: unknown;
  readonly mediaType: unknown;
  readonly expires: unknown;
}

/** A reference to what these bytes would be, if they were in the store. */
function referenceTo(bytes: Uint8Array, key: string, mediaType = 'image/png'): Reference {
  const stamp = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(key) ?? [];
  const [, year, month, day, hour, minute, second] = stamp;
  const expires = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  return { store: 'folder', key, sha256: hashOf(bytes), bytes: bytes.length, mediaType, expires };
}

function keyOf(ids: CaseIds, tenant = 'default'): string {
  return mintKey({ tenant, run: runOf(ids) }, Date.now() + HOUR_MS);
}

/** Puts bytes where the key says, past the store. */
function place({ artifactFolder }: CaseIds, key: string, bytes: Uint8Array): string {
  const file = join(artifactFolder, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

/** A job whose picture is whatever it is. */
function picture(what: string, code: string, image: (ids: CaseIds) => unknown): Variant {
  return {
    what,
    code,
    routingKey: 'picture',
    planted: (ids) => ({ instead: { payload: JSON.stringify({ image: image(ids) }) } }),
  };
}

/** The same, with a reference that is right but for what is changed of it. */
function changed(
  what: string,
  code: string,
  change: (right: Reference, ids: CaseIds) => object,
): Variant {
  return picture(what, code, (ids) => {
    const right = referenceTo(Buffer.from('picture'), keyOf(ids));
    return { $artifact: { ...right, ...change(right, ids) } };
  });
}

const addresses = [
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:5672/_x',
  'javascript:alert(1)',
  's3://other/key',
];

const disguised = [
  'http://0x7f.1/',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://１２７.０.０.１/',
  'http://[::ffff:169.254.169.254]/',
  'http://safe.test@169.254.169.254/',
];

const name = `20990101T000000Z-${'a'.repeat(32)}`;

export const artifactCases: readonly MessageCase[] = [
  ...outcomesAt(44, 'job', [
    ...addresses.map((url) =>
      picture(`a reference that is ${url}`, 'refused reference_not_allowed', () => ({
        $artifact: url,
      })),
    ),
    ...addresses.map((url) =>
      picture(`a reference with the url ${url}`, 'refused reference_not_allowed', () => ({
        $artifact: { url },
      })),
    ),
    changed('a store that is an address', 'refused reference_not_allowed', () => ({
      store: 'http://169.254.169.254',
    })),
    changed('a field more', 'refused reference_not_allowed', () => ({ url: 'http://127.0.0.1' })),
    changed('another store', 'refused artifact_not_allowed', () => ({ store: 'other' })),
  ]),

  ...outcomesAt(
    45,
    'job',
    disguised.map((url) => picture(url, 'refused image_invalid', () => url)),
  ),

  ...outcomesAt(
    46,
    'job',
    ['https://rebind.test/a.png', 'https://redirect.test/?to=http://127.0.0.1'].map((url) =>
      picture(`${url}, which nobody opens`, 'refused image_invalid', () => url),
    ),
  ),

  ...outcomesAt(47, 'job', [
    ...[
      `../other/${name}`,
      `default/%2e%2e/${name}`,
      `default//${name}`,
      `/default/x/${name}`,
      `default/../../etc/passwd`,
      'x'.repeat(2_000),
      '',
    ].map((key) =>
      changed(`the key ${key.slice(0, 40)}`, 'refused reference_not_allowed', () => ({ key })),
    ),
    changed('the key of another tenant', 'refused artifact_not_allowed', (_, ids) =>
      referenceTo(Buffer.from('picture'), keyOf(ids, 'other')),
    ),
    changed('the key of another run', 'refused artifact_not_allowed', (_, { run }) =>
      referenceTo(
        Buffer.from('picture'),
        mintKey({ tenant: 'default', run }, Date.now() + HOUR_MS),
      ),
    ),
    changed('another expiry than the key says', 'refused reference_not_allowed', () => ({
      expires: '2098-01-01T00:00:00.000Z',
    })),
  ]),

  ...outcomesAt(48, 'job', [
    changed('nothing there', 'refused artifact_missing', () => ({})),
    changed('other bytes there', 'refused artifact_corrupt', ({ key }, ids) => {
      place(ids, String(key), Buffer.from('replace'));
      return {};
    }),
    changed('fewer bytes there', 'refused artifact_corrupt', ({ key }, ids) => {
      place(ids, String(key), Buffer.from('pict'));
      return {};
    }),
    changed('another hash', 'refused artifact_corrupt', ({ key }, ids) => {
      place(ids, String(key), Buffer.from('picture'));
      return { sha256: 'a'.repeat(64) };
    }),
  ]),

  ...outcomesAt(49, 'job', [
    changed('more bytes there than promised', 'refused artifact_corrupt', ({ key }, ids) => {
      place(ids, String(key), Buffer.alloc(1_000_000));
      return {};
    }),
    changed('10 GB there', 'refused artifact_corrupt', ({ key }, ids) => {
      truncateSync(place(ids, String(key), Buffer.from('picture')), 10 * 2 ** 30);
      return {};
    }),
    changed('more promised than is read', 'refused artifact_missing', () => ({
      bytes: 9 * 2 ** 20,
    })),
    changed('a TB promised', 'refused reference_not_allowed', () => ({ bytes: 2 ** 40 })),
    changed('a negative size', 'refused reference_not_allowed', () => ({ bytes: -1 })),
  ]),

  ...outcomesAt(
    52,
    'job',
    [
      ['a zip', 'application/zip', Buffer.from('504b0304140000000800', 'hex')],
      ['a tar with ../', 'application/x-tar', Buffer.from('../../etc/passwd'.padEnd(512, '\0'))],
      ['gzip', 'application/gzip', Buffer.from('1f8b0800000000000003', 'hex')],
    ].map(([what, type, bytes]) =>
      picture(`${what} for a picture`, 'refused media_unsupported', (ids) => {
        const content = bytes as Buffer;
        const key = keyOf(ids);
        place(ids, key, content);
        return { $artifact: referenceTo(content, key, type as string) };
      }),
    ),
  ),
];
