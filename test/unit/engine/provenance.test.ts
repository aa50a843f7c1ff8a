import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { continueRun } from '../../../services/coordinator/engine/continue-run.ts';
import type { Origin } from '../../../shared/envelope/provenance.ts';
import { flowOf } from '../../support/flow-text.ts';
import { RunDriver, type RunDriverOptions } from '../../support/run-driver.ts';

const contract = {
  checkInput: () => [],
  checkOutput: () => [],
  estimate: { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 0 },
};

/** A run of these nodes, whose models `asks` and `asks-too` ask where their input came from. */
function driver(nodes: string, options: RunDriverOptions = {}): RunDriver {
  const run = new RunDriver(flowOf(nodes).flow, {
    model: (name) => ({
      versions: [1],
      concurrency: 1,
      openRequests: 0,
      contract: () => ({ ...contract, provenance: name.startsWith('asks') }),
    }),
    ...options,
  });
  run.accept();
  return run;
}

const job = { from: 'job' };
const model = (step: string, ...servedBy: string[]) => ({ from: 'model', step, servedBy });
const untrusted = (...origins: object[]) => ({ untrusted: true, origins: origins as Origin[] });
const theFlows = { untrusted: false, origins: [{ from: 'flow' }] };

describe('where a request says that its input and context came from', () => {
  it('is not said to a model that does not ask', () => {
    const run = driver('- { step: a, model: plain }');
    expect(run.dispatches[0]).not.toHaveProperty('provenance');
  });

  it('is the job, for its payload; keys of its context are not named', () => {
    const run = driver('- { step: a, model: asks }', { context: { lang: 'de' } });
    expect(run.dispatches[0]?.context).toEqual({ lang: 'de' });
    expect(run.dispatches[0]?.provenance).toEqual({ input: untrusted(job), context: {} });
  });

  it('is the model that answered, whatever it was asked itself', () => {
    const run = driver(
      `- { step: a, model: plain }
- { step: b, model: asks, input: { text: context.a.text } }`,
    );
    run.succeed('a', { text: 'x' });
    const a = untrusted(model('a', 'plain@1'));
    expect(run.dispatches[1]?.provenance).toEqual({ input: a, context: { a } });
  });

  it('is the fallback that answered in place of a step’s own model', () => {
    const run = driver(
      `- { step: a, model: plain, retry: { attempts: 1 }, fallback: other }
- { step: b, model: asks, input: previous }`,
    );
    run.failWith('a', {});
    run.succeed('a', { text: 'x' });
    expect(run.dispatches[2]?.provenance?.input).toEqual(untrusted(model('a', 'other@1')));
  });

  it.each([
    ["'fixed'", theFlows],
    ['payload.text', untrusted(job)],
    ['context.a.text', untrusted(model('a', 'plain@1'))],
    ['{ one: payload.text, two: context.a.text }', untrusted(job, model('a', 'plain@1'))],
    ['context.?lang.orValue("en")', untrusted(job)],
    ['context.?mood.orValue("")', untrusted(job, model('a', 'plain@1'))],
  ])('of a value that is set to %s is told from what that reads', (value, told) => {
    const patched = value.includes('mood');
    const run = driver(
      `- { step: a, model: plain }
- { set: value, value: ${value.startsWith('{') ? value : JSON.stringify(value)} }
- { set: more, value: { text: context.value } }
- { step: b, model: asks, input: context.more }`,
      { context: { lang: 'de' } },
    );
    run.succeed('a', { text: 'x' }, patched ? { patch: { mood: 'good' } } : {});
    const { input, context } = run.dispatches[1]?.provenance ?? {};
    expect(input).toEqual(told);
    const named = told.origins.some(({ from }) => from !== 'job');
    expect(context?.['value']).toEqual(named ? told : undefined);
  });

  it('of a value that the flow alone has made is the flow, and it may be trusted', () => {
    const run = driver('- { step: a, model: asks, input: { text: "\'What is up?\'" } }');
    expect(run.dispatches[0]?.provenance?.input).toEqual(theFlows);
  });

  it('of a key that a model patched is that model, also where the job has brought the key', () => {
    const run = driver(
      `- { step: a, model: plain }
- { step: b, model: plain }
- { step: c, model: asks }`,
      { context: { lang: 'de', topic: 'x' } },
    );
    run.succeed('a', { text: 'x' }, { patch: { lang: 'en' } });
    run.succeed('b', { text: 'x' });
    expect(run.dispatches[2]?.provenance?.context).toEqual({
      a: untrusted(model('a', 'plain@1')),
      b: untrusted(model('b', 'plain@1')),
      lang: untrusted(model('a', 'plain@1')),
    });
  });

  it('of branches is each branch, and of their patches whose they are', () => {
    const run = driver(
      `- parallel: both
  branches:
    - { step: left, model: plain }
    - branch: right
      do:
        - { step: first, model: other }
        - { set: last, value: { text: payload.text } }
- { step: c, model: asks, input: context.both }`,
    );
    run.succeed('both/left', { text: 'x' }, { patch: { mood: 'good' } });
    run.succeed('both/right/first', { text: 'x' });
    const left = model('both/left', 'plain@1');
    expect(run.dispatches[2]?.provenance).toEqual({
      input: untrusted(left, job),
      context: {
        both: untrusted(left, job),
        left: untrusted(left),
        first: untrusted(model('both/right/first', 'other@1')),
        mood: untrusted(left),
      },
    });
  });

  it('of a map is the model of its elements, and of an element whose list it is in', () => {
    const run = driver(
      `- { step: split, model: plain }
- map: parts
  over: context.split.parts
  as: part
  do: [{ step: each, model: asks, input: { text: part } }]
- { step: c, model: asks, input: { parts: context.parts } }`,
    );
    run.succeed('split', { parts: ['1', '2'] });
    run.succeed('parts/0/each', { text: 'x' }, { patch: { mood: 'good' } });
    run.succeed('parts/1/each', { text: 'y' });
    const [, one, two, last] = run.dispatches.map(({ provenance }) => provenance);
    const split = untrusted(model('split', 'plain@1'));
    const each = untrusted(model('parts/#/each', 'asks@1'));
    expect([one, two]).toEqual([
      { input: split, context: {} },
      { input: split, context: {} },
    ]);
    expect(last).toEqual({ input: each, context: { split, parts: each, mood: each } });
  });

  it.each([
    ['answer', 'context.answer'],
    ['instead', 'previous'],
  ])('of a route is whoever answered in the branch that was taken (%s)', (id, input) => {
    const nodes = `- route:
    - when: payload.long
      do: [{ step: answer, model: plain }]
    - do: [{ set: ${id}, value: { text: payload.text } }]
- { step: c, model: asks, input: ${input} }`;
    const answer = untrusted(model('answer', 'plain@1'));
    const long = driver(nodes, { payload: { text: 'hello', long: true } });
    long.succeed('answer', { text: 'x' });
    expect(long.dispatches[1]?.provenance).toEqual({ input: answer, context: { answer } });
    const short = driver(nodes, { payload: { text: 'hello', long: false } });
    expect(short.dispatches[0]?.provenance).toEqual({ input: untrusted(job), context: {} });
  });

  it('of a value that the flow has for a model that fails is the flow', () => {
    const run = driver(
      `- { step: a, model: plain, retry: { attempts: 1 }, onFailure: { default: { text: "'Sorry.'" } } }
- { step: b, model: asks, input: context.a }`,
    );
    run.failWith('a', {});
    expect(run.dispatches[1]?.provenance?.input).toEqual(theFlows);
  });

  it('of a person’s answer is the signal', () => {
    const run = driver(
      `- { wait: approval, within: 1m, onTimeout: { value: { granted: false } } }
- { step: b, model: asks, input: context.approval }`,
    );
    run.tell({ type: 'signalled', path: 'approval', value: { granted: true }, by: 'somebody' });
    const approval = untrusted({ from: 'signal', step: 'approval' });
    expect(run.dispatches[0]?.provenance).toEqual({ input: approval, context: { approval } });
  });

  it('of an input that was put in place of what a step was asked is that operation', () => {
    const nodes = '- { step: a, model: plain }\n- { step: b, model: asks, input: previous }';
    const first = driver(nodes);
    first.succeed('a', { text: 'x' });
    first.failWith('b', { retryable: false });
    const { run: origin, values, flow, nowMs } = first;
    const made = continueRun({
      ...{ origin, values, flow, nowMs, kind: 'rerun', from: 'b', runId: randomUUID() },
      input: { text: 'other' },
    });
    const again = driver(nodes, { made });
    expect(again.dispatches[0]?.input).toEqual({ text: 'other' });
    expect(again.dispatches[0]?.provenance).toEqual({
      input: untrusted({ from: 'operation', step: 'b' }),
      context: { a: untrusted(model('a', 'reused')) },
    });
  });

  it('of the best draft of a loop is every draft', () => {
    const run = driver(
      `- refine: text
  draft: { model: plain }
  critic: { model: critic, input: context.draft }
  improve: { model: better, input: context.draft }
  score: context.critic.score
  maxRounds: 2
- { step: c, model: asks, input: context.text }`,
    );
    run.succeed('text/1/draft', { text: 'x' });
    run.succeed('text/1/critic', { score: 0.1 });
    run.succeed('text/2/improve', { text: 'y' });
    run.succeed('text/2/critic', { score: 0.9 });
    const drafts = [model('text/1/draft', 'plain@1'), model('text/2/improve', 'better@1')];
    expect(run.dispatches.at(-1)?.provenance?.input).toEqual(untrusted(...drafts));
  });

  it('is said again when the request leaves again', () => {
    const run = driver('- { step: a, model: asks }');
    run.tell({ type: 'transportLost' });
    const [first, second] = run.dispatches;
    expect(second?.provenance).toEqual(first?.provenance);
    expect(second?.provenance).toBeDefined();
  });

  it('has a key of any name', () => {
    const context = JSON.parse('{"__proto__":{"a":1},"toString":2}');
    const run = driver('- { step: a, model: plain }\n- { step: b, model: asks }', { context });
    run.succeed('a', { text: 'x' }, { patch: { valueOf: 1 } });
    expect(Object.keys(run.dispatches[1]?.provenance?.context ?? {})).toEqual(['valueOf', 'a']);
  });
});
