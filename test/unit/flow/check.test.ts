import { describe, expect, it } from 'vitest';
import { flowText, problemOf, problemsIn } from '../../support/flow-text.ts';

const step = (id: string) => `{ step: ${id}, model: echo }`;

describe('ids', () => {
  it('recur in branches of one route that exclude each other', () => {
    const nodes = `- route:\n    - when: payload.a == 1\n      do: [${step('a')}]\n    - do: [${step('a')}]\n- ${step('b')}`;
    expect(problemsIn(flowText(nodes))).toEqual([]);
  });

  it.each([
    ['in one list', `- ${step('a')}\n- ${step('a')}`, 'do[1]', /already used at do\[0\]/],
    [
      'before and in a route',
      `- ${step('a')}\n- route:\n    - do: [${step('a')}]`,
      'do[1].route[0].do[0]',
      /at do\[0\]/,
    ],
    [
      'in a route and behind it',
      `- route:\n    - do: [${step('a')}]\n- ${step('a')}`,
      'do[1]',
      /do\[0\]\.route\[0\]\.do\[0\]/,
    ],
    [
      'in parallel branches',
      `- parallel: p\n  branches:\n    - { branch: x, do: [${step('a')}] }\n    - { branch: y, do: [${step('a')}] }`,
      'do[0].branches[1].do[0]',
      /already used/,
    ],
    [
      'in a map and outside',
      `- ${step('a')}\n- map: m\n  over: payload.list\n  do: [${step('a')}]`,
      'do[1].do[0]',
      /already used/,
    ],
  ])('are refused twice %s', (_case, nodes, path, says) => {
    expect(problemOf(nodes)).toMatchObject({
      code: 'id_taken',
      path,
      message: expect.stringMatching(says),
    });
  });

  it.each(['payload', 'context', 'previous', 'output', 'branch', 'branches', 'round'])(
    '%s is no id',
    (id) => {
      expect(problemOf(`- ${step(id)}`)).toMatchObject({ code: 'id_reserved', path: 'do[0]' });
    },
  );

  it('draft and critic outside a refine would be hidden in it', () => {
    const refine =
      '- refine: r\n  draft: { model: m }\n  critic: { model: m }\n  improve: { model: m }';
    expect(problemOf(`- ${step('draft')}\n${refine}`)).toMatchObject({
      code: 'id_shadowed',
      path: 'do[1]',
    });
  });
});

describe('routes', () => {
  it('have their default last', () => {
    const nodes = `- route:\n    - do: [${step('a')}]\n    - when: payload.a == 1\n      do: []`;
    expect(problemOf(nodes)).toMatchObject({
      code: 'default_not_last',
      path: 'do[0].route[0]',
      line: 7,
    });
  });

  it('and lists have nothing behind a failure', () => {
    expect(problemOf(`- fail: no\n- ${step('a')}`)).toMatchObject({
      code: 'unreachable',
      path: 'do[1]',
    });
    const nodes = `- route:\n    - when: payload.a == 1\n      do: [{ fail: a }]\n    - do: [{ fail: b }]\n- ${step('a')}`;
    expect(problemOf(nodes)).toMatchObject({ code: 'unreachable', path: 'do[1]' });
  });
});

describe('joins and merges', () => {
  const parallel = (more: string) =>
    `- parallel: p\n  branches: [${step('a')}, ${step('b')}]\n  ${more}`;

  it.each([
    ['join: { need: 3 }', 'need_too_large', 'do[0].join.need'],
    ['join: {}', 'join_empty', 'do[0].join'],
    ['merge: best', 'score_missing', 'do[0].merge'],
    ['score: output.a', 'score_unused', 'do[0].score'],
    ['by: output.a', 'by_unused', 'do[0].by'],
    ['merge: { step: branches, model: m }', 'id_reserved', 'do[0].merge.step'],
  ])('%s', (more, code, path) => {
    expect(problemOf(parallel(more))).toMatchObject({ code, path });
  });

  it('two branches cannot have one name', () => {
    const nodes = `- parallel: p\n  branches:\n    - { branch: x, do: [] }\n    - { branch: x, do: [] }`;
    expect(problemOf(nodes)).toMatchObject({ code: 'branch_taken', path: 'do[0].branches[1]' });
  });
});

describe('cascades and maps', () => {
  it.each([
    ['otherwise: best', 'score_missing', 'do[0].otherwise'],
    ['score: output.a', 'score_unused', 'do[0].score'],
  ])('cascade with %s', (more, code, path) => {
    expect(problemOf(`- cascade: c\n  models: [a]\n  accept: "true"\n  ${more}`)).toMatchObject({
      code,
      path,
    });
  });

  it.each(['payload', 'context', 'optional', 'int'])('%s is no name for an element', (name) => {
    const nodes = `- map: m\n  over: payload.list\n  as: ${name}\n  do: [${step('a')}]`;
    expect(problemOf(nodes)).toMatchObject({ code: 'id_taken', path: 'do[0].as' });
  });

  it('an inner map does not hide the element of the outer one', () => {
    const inner = `{ map: n, over: item.list, do: [${step('a')}] }`;
    expect(problemOf(`- map: m\n  over: payload.list\n  do: [${inner}]`)).toMatchObject({
      code: 'id_taken',
      path: 'do[0].do[0].as',
    });
  });
});
