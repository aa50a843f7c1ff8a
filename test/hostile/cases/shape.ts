import type { MessageCase } from '../corpus/case.ts';
import { allEntrances, casesAt, outcomesAt } from '../corpus/cases-of.ts';
import { AT } from '../corpus/envelopes.ts';

/** B21 to B31: envelopes, headers and properties of another shape than they have. */

const instead = (what: string, code: string, members: Record<string, string | null>) => ({
  what,
  code,
  planted: { instead: members },
});
const manyHeaders = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`h${at}`, at]));
const clients = ['job', 'operation'] as const;
const steps = ['request', 'reply', 'progress'] as const;
const step = (changes: object) => ({
  step: JSON.stringify({
    run: '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10',
    path: 'answer',
    model: 'parrot',
    version: 1,
    attempt: 1,
    timeoutMs: 1_000,
    deadline: '2099-01-01T00:00:00Z',
    sentAt: AT,
    ...changes,
  }),
});

export const shapeCases: readonly MessageCase[] = [
  ...casesAt(21, allEntrances, [
    { what: 'a field that nobody knows', code: 'schema_invalid', planted: { top: '"admin":true' } },
    instead('a text for a payload', 'schema_invalid', { payload: '"x"' }),
    instead('a list for a context', 'schema_invalid', { context: '[]' }),
    instead('a number for an id', 'schema_invalid', { id: '5' }),
    instead('no id', 'schema_invalid', { id: null }),
    instead('no timestamp', 'schema_invalid', { timestamp: null }),
    instead('no payload', 'schema_invalid', { payload: null }),
  ]),

  ...casesAt(
    22,
    clients,
    [
      ['of 10,000 characters', 'x'.repeat(10_000)],
      ['with a new line', 'a\\nb'],
      ['with a path', '../../etc/passwd'],
      ['with wildcards', 'a.*.#'],
      ['with a space', 'a b'],
      ['that is empty', ''],
      ['with SQL', "x' OR '1'='1"],
      ['with another alphabet', '\u0430dmin'],
    ].map(([what, id]) => instead(`an id ${what}`, 'bad_id', { id: `"${id}"` })),
  ),
  ...casesAt(22, steps, [
    instead('a path out of its folder', 'schema_invalid', step({ path: '../../x' })),
    instead('a run that is none', 'schema_invalid', step({ run: 'a.*.#' })),
    instead('a model with dots', 'schema_invalid', step({ model: 'parrot.v1.#' })),
  ]),

  ...casesAt(
    23,
    clients,
    [
      ['the 30th of February', '2026-02-30T00:00:00Z', 'bad_timestamp'],
      ['1969', '1969-12-31T23:59:59Z', 'bad_timestamp'],
      ['a time without a zone', '2026-06-11T14:23:00', 'bad_timestamp'],
      ['words', 'yesterday', 'bad_timestamp'],
      ['the year 275760', '+275760-09-13T00:00:00Z', 'bad_timestamp'],
      ['the year 9999', '9999-01-01T00:00:00Z', 'timestamp_in_future'],
    ].map(([what = '', at, code = '']) => instead(what, code, { timestamp: `"${at}"` })),
  ),
  ...casesAt(23, clients, [instead('a number', 'bad_timestamp', { timestamp: '1781187780' })]),

  ...casesAt(24, steps, [
    instead('no step', 'schema_invalid', { step: null }),
    instead('no context', 'schema_invalid', { context: null }),
    instead('a tenant that is no name', 'schema_invalid', step({ tenant: '../other' })),
  ]),
  ...casesAt(24, clients, [instead('no context', 'schema_invalid', { context: null })]),

  ...casesAt(
    25,
    allEntrances,
    [999, -1, 0, 1.5, '1', 'latest'].map((version) => ({
      what: `schema version ${JSON.stringify(version)}`,
      code: 'unsupported_version',
      properties: { headers: { 'flotilla-schema-version': version } },
    })),
  ),

  ...outcomesAt(26, 'job', [
    instead('no text', 'refused input_invalid', { payload: '{}' }),
    instead('a text that is none', 'refused input_invalid', { payload: '{"text":{"a":1}}' }),
    instead('a text of 10 MB', 'parked body_too_large', {
      payload: `{"text":"${'x'.repeat(10_000_000)}"}`,
    }),
    instead('one letter under 200,000 marks', 'refused message_too_large', {
      payload: `{"text":"e${'\u0301'.repeat(200_000)}"}`,
    }),
  ]),
  ...outcomesAt(26, 'request', [instead('no text', 'answered input_invalid', { payload: '{}' })]),

  ...casesAt(
    27,
    ['request', 'reply', 'progress'],
    [
      instead('attempt -1', 'schema_invalid', step({ attempt: -1 })),
      instead('attempt 1e99', 'schema_invalid', step({ attempt: 1e99 })),
    ],
  ),
  ...outcomesAt(27, 'reply', [
    {
      what: 'attempt 1,000,000 of a run that nobody has',
      code: 'ignored unknown_correlation',
      body: (good) => good.replace('"attempt":1,', '"attempt":1000000,'),
    },
  ]),
  ...outcomesAt(27, 'job', [
    {
      what: 'a counter at the top',
      code: 'parked schema_invalid',
      planted: { top: '"attempt":9' },
    },
    ...[-1, 1e9, 'urgent', 1.5].map((priority) => ({
      what: `priority ${priority} in a header`,
      code: 'succeeded',
      properties: { headers: { 'flotilla-priority': priority } },
    })),
    { what: 'priority 255', code: 'succeeded', properties: { priority: 255 } },
  ]),

  ...casesAt(
    28,
    ['job'],
    [
      {
        what: 'metadata of 33 KiB',
        code: 'metadata_too_large',
        planted: { payload: `"metadata":{"a":"${'x'.repeat(33 * 1024)}"}` },
      },
    ],
  ),
  ...outcomesAt(
    28,
    'job',
    [
      '{{7*7}}',
      '${process.exit(1)}',
      '=cmd|calc!A0',
      'function(){return 1}',
      '<script>alert(1)</script>',
      "'; DROP TABLE runs; --",
      '$(reboot)',
    ].map((text) => ({
      what: `metadata with ${text}`,
      code: 'succeeded',
      planted: { payload: `"metadata":{"a":${JSON.stringify(text)}}` },
    })),
  ),

  ...casesAt(29, clients, [
    instead('bait for the pattern of ids', 'bad_id', { id: `"${' '.repeat(50_000)}!"` }),
    instead('bait for the pattern of instants', 'bad_timestamp', {
      timestamp: `"2026-06-11T14:23:00.${'0'.repeat(50_000)}"`,
    }),
  ]),
  ...casesAt(29, steps, [
    instead(
      'bait for the pattern of paths',
      'schema_invalid',
      step({ path: `${'a/'.repeat(30_000)}!` }),
    ),
  ]),

  ...casesAt(30, allEntrances, [
    {
      what: '3,000 headers',
      code: 'headers_too_large',
      properties: { headers: manyHeaders(3_000) },
    },
    {
      what: 'a header of 32 KiB',
      code: 'headers_too_large',
      properties: { headers: { a: 'x'.repeat(32 * 1024) } },
    },
  ]),
  ...outcomesAt(30, 'job', [
    {
      what: 'nested headers, which nobody reads',
      code: 'succeeded',
      properties: { headers: { a: { b: { c: manyHeaders(1_000) } } } },
    },
    {
      what: 'forged words of the broker',
      code: 'succeeded',
      properties: {
        headers: {
          'x-death': [{ count: 1e6, reason: 'rejected', queue: 'jobs' }],
          'x-delivery-count': 1e6,
          'x-acquired-count': -1,
        },
      },
    },
  ]),

  ...outcomesAt(31, 'job', [
    { what: 'a reply_to', code: 'succeeded', properties: { replyTo: 'jobs' } },
    { what: 'an expiration', code: 'succeeded', properties: { expiration: '60000' } },
    { what: 'another type', code: 'succeeded', properties: { type: 'result' } },
    { what: 'another message id', code: 'succeeded', properties: { messageId: '../../x\n' } },
    { what: 'another app id', code: 'succeeded', properties: { appId: 'coordinator' } },
    {
      what: 'somebody else as user',
      code: 'refused by the broker',
      properties: { userId: 'admin' },
    },
  ]),
];
