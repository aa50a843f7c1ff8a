import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { kindOf, nodeKinds } from '../../../shared/flow/definition.ts';
import type { Kernel } from '../../../shared/flow/kernel.ts';
import { loadFlowFiles, loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { RunDriver } from '../../support/run-driver.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, nodes: string, { version = 1, more = '', input = '{}' } = {}): void {
  const text = `flow: ${name}\nversion: ${version}\ndescription: A.\ninput: ${input}\ndo:\n${nodes}\n${more}`;
  writeFileSync(join(folder, `${name}-${version}.yaml`), text);
}

function load() {
  return loadFlowFiles(
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  );
}

describe('a flow as a step of another', () => {
  it('is compiled in place, with a payload and a context of its own', () => {
    write(
      'inner',
      '  - { step: a, model: m }\n  - { step: b, model: m, input: { t: context.a.t, p: payload.x } }',
      { more: 'output: { done: context.b.t }' },
    );
    write(
      'outer',
      '  - { step: a, model: m }\n  - { flow: sub, of: inner, input: { x: context.a.t } }\n  - { step: last, model: m, input: { t: context.sub.done } }',
    );
    const { flows, problems } = load();
    expect(problems).toEqual([]);
    const outer = flows.find(({ flow }) => flow.name === 'outer');
    const paths = outer?.flow.body.items.map((node: Kernel) =>
      'path' in node ? `${node.kind} ${node.path}` : node.kind,
    );
    expect(paths).toEqual([
      'call a',
      'set sub/$payload',
      'call sub/a',
      'call sub/b',
      'set sub',
      'call last',
    ]);
    if (outer === undefined) throw new Error('no outer');
    const driver = new RunDriver(outer.flow, { payload: { text: 'x' }, context: { locale: 'de' } });
    driver.accept();
    driver.succeed('a', { t: 'A' }, { patch: { mood: 'good' } });
    expect(driver.dispatches.at(-1)).toMatchObject({
      path: 'sub/a',
      input: { x: 'A' },
      context: { locale: 'de' },
    });
    driver.succeed('sub/a', { t: 'B' });
    expect(driver.dispatches.at(-1)).toMatchObject({ path: 'sub/b', input: { t: 'B', p: 'A' } });
    driver.succeed('sub/b', { t: 'C' });
    expect(driver.dispatches.at(-1)).toMatchObject({
      path: 'last',
      input: { t: 'C' },
      context: { locale: 'de', mood: 'good', a: { t: 'A' }, sub: { done: 'C' } },
    });
    driver.succeed('last', { end: true });
    expect(driver.result.payload).toEqual({ end: true });
  });

  it('without an output gives the value of its last node', () => {
    write('inner', '  - { set: v, value: 42 }');
    write('outer', '  - { flow: sub, of: inner }');
    const driver = new RunDriver(load().flows.find(({ flow }) => flow.name === 'outer')!.flow);
    driver.accept();
    expect(driver.result.payload).toBe(42);
  });

  it('refuses an input that does not fit the schema of the nested flow', () => {
    write('inner', '  - { set: v, value: 42 }', { input: '{ type: object, required: [x] }' });
    write('outer', '  - { flow: sub, of: inner, input: { y: 1 } }');
    const driver = new RunDriver(load().flows.find(({ flow }) => flow.name === 'outer')!.flow);
    driver.accept();
    expect(driver.run.error).toMatchObject({
      code: 'expression_failed',
      message: expect.stringMatching(
        /do\[0\]\.input: this is no input of flow inner: \/ needs the field "x"/,
      ),
    });
  });

  it('takes the newest version, or the one that is named; the digest tells them apart', () => {
    write('inner', '  - { set: v, value: 1 }', { version: 1 });
    write('inner', '  - { set: v, value: 2 }', { version: 2 });
    write(
      'outer',
      '  - { flow: a, of: inner }\n  - { flow: b, of: inner@1 }\n  - { set: both, value: [context.a, context.b] }',
    );
    const first = load().flows.find(({ flow }) => flow.name === 'outer')!.flow;
    const driver = new RunDriver(first);
    driver.accept();
    expect(driver.result.payload).toEqual([2, 1]);
    write('inner', '  - { set: v, value: 3 }', { version: 2 });
    expect(load().flows.find(({ flow }) => flow.name === 'outer')?.flow.digest).not.toBe(
      first.digest,
    );
  });

  it('may not contain itself, nor be unknown', () => {
    write('a', '  - { flow: x, of: b }');
    write('b', '  - { flow: x, of: a }');
    write('c', '  - { flow: x, of: nowhere }');
    expect(load().problems).toMatchObject([
      { code: 'flow_recursive', path: 'do[0]', message: expect.stringMatching(/a → b → a/) },
      { code: 'flow_recursive', path: 'do[0]', message: expect.stringMatching(/b → a → b/) },
      { code: 'flow_unknown', line: 6 },
    ]);
  });

  it('spends the budget of the run: its own does not count', () => {
    const budget = 'budget: { calls: 1, onExceeded: { model: cheap } }';
    write('inner', '  - { step: a, model: m }', { more: budget });
    write('outer', '  - { flow: sub, of: inner }', { more: 'budget: { calls: 9 }' });
    write('plain', '  - { flow: sub, of: inner }');
    const [inner, outer, plain] = load().flows.map(({ flow }) => flow);
    expect(inner?.budget).toEqual({ calls: 1, onExceeded: { model: 'cheap' } });
    expect(outer?.budget).toEqual({ calls: 9, onExceeded: 'fail' });
    expect(plain).not.toHaveProperty('budget');
    expect(plain?.mayCall).toEqual([{ model: 'm' }]);
  });

  it('cannot grow without bounds', () => {
    write(
      'f0',
      Array.from({ length: 50 }, (_, index) => `  - { set: s${index}, value: 1 }`).join('\n'),
    );
    for (let level = 1; level <= 3; level++) {
      write(
        `f${level}`,
        Array.from({ length: 20 }, (_, index) => `  - { flow: n${index}, of: f${level - 1} }`).join(
          '\n',
        ),
      );
    }
    expect(load().problems.map(({ code }) => code)).toContain('flow_too_large');
  });
});

describe('a folder', () => {
  it('tells every problem of every file, with file and line', () => {
    write('a', '  - { step: a }');
    write('b', '  - { step: b, model: m, input: { t: payload.x = 1 } }');
    expect(() => loadFlowFolder(folder)).toThrow(
      /a-1\.yaml:6:5 do\[0\]\.model: This key is missing\.[\s\S]*b-1\.yaml:6:48 do\[0\]\.input\.t: A single =/,
    );
  });

  it('holds one file for each version of a flow', () => {
    write('a', '  - { step: a, model: m }');
    writeFileSync(join(folder, 'copy.yaml'), readFileSync(join(folder, 'a-1.yaml')));
    expect(load().problems).toMatchObject([
      { code: 'flow_duplicate', line: 2, message: expect.stringMatching(/a-1\.yaml/) },
    ]);
  });
});

describe('the flows that are shipped', () => {
  const flows = loadFlowFolder('infra/flows');

  it('compile, each under its file name', () => {
    expect(flows.map(({ flow, file }) => file.endsWith(`/${flow.name}.yaml`))).not.toContain(false);
    expect(flows.length).toBeGreaterThanOrEqual(10);
  });

  it('show every node kind, merge and fallback once at least', () => {
    const text = JSON.stringify(flows.map(({ definition }) => definition.do));
    for (const kind of nodeKinds) expect(text).toContain(`"${kind}":`);
    for (const word of ['"vote"', '"best"', '"merge":{"step"', '"otherwise":"best"'])
      expect(text).toContain(word);
    expect(kindOf({ route: [] })).toBe('route');
  });

  it('have sample jobs whose payloads fit', () => {
    const samples = readdirSync('infra/samples').filter((name) => name.endsWith('.json'));
    expect(samples.length).toBeGreaterThanOrEqual(12);
    for (const name of samples) {
      const { flow, payload } = JSON.parse(readFileSync(join('infra/samples', name), 'utf8')) as {
        flow: string;
        payload: JsonObject;
      };
      const loaded = flows.find((each) => each.flow.name === flow);
      const filled = JSON.parse(
        JSON.stringify(payload, (_key, value) =>
          typeof value?.$file === 'string'
            ? readFileSync(join('infra/samples', value.$file), 'latin1')
            : value,
        ),
      );
      expect([name, loaded?.flow.checkInput(filled)]).toEqual([name, []]);
    }
  });
});
