import { describe, expect, it } from 'vitest';
import { fieldsOf, fill } from '../../../shared/llm/prompt.ts';

describe('a prompt template', () => {
  it('takes fields of the input, however deep', () => {
    const input = { text: 'hi', user: { name: 'Ada', tags: ['x'] }, count: 3 };
    expect(fill('{{text}}, {{ user.name }} ({{count}}): {{user.tags}}', input)).toBe(
      'hi, Ada (3): ["x"]',
    );
  });

  it('leaves out what is missing', () => {
    expect(fill('[{{nothing}}{{text.deeper}}]', { text: 'hi' })).toBe('[]');
  });

  it('inserts values as data: what looks like a placeholder in them stays text', () => {
    const input = { text: '{{secret}} $& $1 {{text}}', secret: 's' };
    expect(fill('<{{text}}>', input)).toBe('<{{secret}} $& $1 {{text}}>');
  });

  it('reaches nothing that is not the input', () => {
    expect(fill('{{constructor}}{{__proto__}}{{toString}}{{text.length}}', { text: 'x' })).toBe('');
  });

  it('says which fields it needs', () => {
    expect(fieldsOf('{{a}} {{ b.c }} {d}')).toEqual(['a', 'b.c']);
  });
});
