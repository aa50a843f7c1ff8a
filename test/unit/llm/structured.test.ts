import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../shared/errors/errors.ts';
import { schemaCheck } from '../../../shared/llm/json-schema.ts';
import { structuredAnswer } from '../../../shared/llm/structured.ts';

const check = schemaCheck({
  type: 'object',
  required: ['label'],
  additionalProperties: false,
  properties: { label: { enum: ['a', 'b'] }, note: { type: 'string' } },
});

describe('a structured answer', () => {
  it.each([
    ['plain', '{"label":"a"}'],
    ['in fences', '```json\n{"label":"a"}\n```'],
    ['in fences without a language', '```\n{"label":"a"}\n```'],
    ['after a sentence', 'Sure! Here it is:\n\n```json\n{ "label": "a" }\n```\nAnything else?'],
    ['within a sentence', 'The answer is {"label":"a"}.'],
    ['after its reasoning', '<think>Is it {"label":"b"}?</think>\n{"label":"a"}'],
    ['with fences in a text', '{"label":"a","note":"```x```"}'],
  ])('is found %s', (_how, content) => {
    expect(structuredAnswer(content, check)).toMatchObject({ label: 'a' });
  });

  it.each([
    ['empty', ''],
    ['a refusal', 'I am sorry, I cannot do that.'],
    ['cut off', '{"label":"a'],
    ['a list', '["a"]'],
    ['not of the schema', '{"label":"secret"}'],
    ['with an unknown field', '{"label":"a","extra":1}'],
  ])('that is %s is output_invalid, may be asked again, and is not quoted', (_what, content) => {
    let error: unknown;
    try {
      structuredAnswer(content, check);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'output_invalid', constructor: TransientError });
    expect((error as Error).message).not.toContain('secret');
  });

  it('says where it breaks the schema', () => {
    expect(() => structuredAnswer('{"label":"c","extra":1}', check)).toThrow(
      /(root).*extra.*\/label/,
    );
  });
});
