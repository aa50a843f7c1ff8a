import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { checkedDecide } from '../../support/checked-decide.ts';
import { RunDriver } from '../../support/run-driver.ts';

const folder = join(import.meta.dirname, '../../../infra/flows');
const flows = new Map(loadFlowFolder(folder).map(({ flow }) => [flow.name, flow]));

type Answers = Readonly<Record<string, JsonObject | null>>;

function flowNamed(name: string): CompiledFlow {
  const flow = flows.get(name);
  if (flow === undefined) throw new Error(`There is no flow ${name}.`);
  return flow;
}

/** Runs a flow whose models answer by name (null: they fail for good); what is not named stays silent. */
function run(name: string, payload: JsonObject, answers: Answers): RunDriver {
  const driver = new RunDriver(flowNamed(name), { payload, decide: checkedDecide });
  driver.accept();
  while (driver.run.finishedAtMs === null) {
    const call = driver.openCalls.find(({ phase }) => phase.model in answers);
    const answer = call === undefined ? undefined : answers[call.phase.model];
    if (call === undefined || answer === undefined) driver.timeToDue();
    else if (answer === null) driver.failWith(call.path, { retryable: false });
    else driver.succeed(call.path, answer);
  }
  return driver;
}

const text = { text: 'The quick brown fox.' };
const spam = { label: 'spam', confidence: 0.9 };
const ham = { label: 'ham', confidence: 0.5 };

describe('the flows that are shipped', () => {
  it('support: a clear intent goes to the specialist, any other to the chatbot', () => {
    const models = { 'product-qa': { text: 'expert' }, 'general-chatbot': { text: 'chat' } };
    const clear = { ...models, 'intent-recognizer': { label: 'billing', confidence: 0.9 } };
    const vague = { ...models, 'intent-recognizer': { label: 'billing', confidence: 0.3 } };
    const output = { answer: 'expert', intent: 'billing' };
    expect(run('support', text, clear).result).toMatchObject({ payload: output });
    expect(run('support', text, vague).result).toMatchObject({
      payload: { ...output, answer: 'chat' },
    });
  });

  it('review: joins three models, and names the one that did not answer in time', () => {
    const models = { sentiment: { label: 'positive' }, topic: { label: 'price' } };
    const whole = run('review', text, { ...models, language: { language: 'en' } });
    expect(whole.result.payload).toMatchObject({ sentiment: 'positive', language: 'en' });
    expect(whole.run.missing).toEqual([]);
    const part = run('review', text, models);
    expect(part.result.payload).toMatchObject({ topic: 'price', missing: ['language'] });
    expect(part.run).toMatchObject({ status: 'succeeded', missing: ['findings/language'] });
  });

  it('verdict: weighs the votes', () => {
    const { result } = run('verdict', text, {
      'spam-rules': ham,
      'spam-bayes': spam,
      'spam-style': { ...ham, confidence: 0.3 },
    });
    expect(result.payload).toMatchObject({ label: 'spam', votes: { spam: 0.9, ham: 0.8 } });
  });

  it('headline: takes the branch with the best score', () => {
    const driver = new RunDriver(flowNamed('headline'), { payload: text, decide: checkedDecide });
    driver.accept();
    driver.succeed('headline/short/shortDraft', { text: 'short' });
    driver.succeed('headline/long/longDraft', { text: 'long' });
    driver.succeed('headline/long/longScore', { score: 0.8 });
    driver.succeed('headline/short/shortScore', { score: 0.4 });
    expect(driver.result.payload).toMatchObject({
      text: 'long',
      chosen: 'long',
      scores: { short: 0.4, long: 0.8 },
    });
  });

  it('digest: a judge makes one of several', () => {
    const { result } = run('digest', text, {
      summarizer: { text: 'sum' },
      editor: { text: 'edited' },
    });
    expect(result.payload).toEqual({ brief: 'sum', digest: 'edited' });
  });

  it('summary: improves until the critic is content, and the best draft wins', () => {
    const driver = new RunDriver(flowNamed('summary'), { payload: text, decide: checkedDecide });
    driver.accept();
    const scores = [0.4, 0.7, 0.5];
    for (const [index, score] of scores.entries()) {
      const round = index + 1;
      const draft = index === 0 ? 'draft' : 'improve';
      driver.succeed(`summary/${round}/${draft}`, { text: `draft ${round}` });
      driver.succeed(`summary/${round}/critic`, { score, problems: [] });
    }
    expect(driver.result.payload).toEqual({ summary: 'draft 2', rounds: 3 });
    const critic = { score: 0.95, problems: [] };
    const content = run('summary', text, { summarizer: { text: 'good' }, critic });
    expect(content.result.payload).toEqual({ summary: 'good', rounds: 1 });
  });

  it('triage: asks the better model only when the cheap one is not sure or fails', () => {
    const sure = { label: 'high', confidence: 0.9 };
    const unsure = { label: 'low', confidence: 0.2 };
    const cheap = run('triage', text, { 'triage-keywords': sure });
    expect(cheap.dispatches).toHaveLength(1);
    expect(cheap.result.payload).toMatchObject({ label: 'high' });
    const better = run('triage', text, { 'triage-keywords': unsure, 'triage-classifier': sure });
    expect(better.result.payload).toMatchObject({ label: 'high', servedBy: 'triage-classifier@1' });
    const failed = run('triage', text, { 'triage-keywords': null, 'triage-classifier': unsure });
    expect(failed.result.payload).toMatchObject({ label: 'low' });
    expect(failed.run.degraded).toEqual(['triage/1']);
  });

  it('receipt: reads the image and classifies what it read, or says that there is nothing', () => {
    const transaction = { tag: 'groceries', confidence: 0.8 };
    const payload = { image: 'data:image/png;base64,AAAA' };
    const read = run('receipt', payload, {
      ocr: { text: 'MILK 1.20', lines: [{ text: 'MILK 1.20' }] },
      'transaction-classifier': transaction,
    });
    expect(read.result.payload).toMatchObject({ tag: 'groceries', lines: ['MILK 1.20'] });
    const empty = run('receipt', payload, { ocr: { text: '  ', lines: [] } });
    expect(empty.run.error).toMatchObject({ code: 'nothing_to_read' });
  });

  it('album: describes four images at a time, in their order', () => {
    const images = ['a', 'b', 'c', 'd', 'e'].map((image) => image);
    const driver = new RunDriver(flowNamed('album'), {
      payload: { images },
      decide: checkedDecide,
    });
    driver.accept();
    expect(driver.open).toHaveLength(4);
    for (const index of [3, 0, 4, 2, 1]) {
      const description = `image ${index}`;
      const path = `pictures/${index}/description`;
      driver.succeed(path, { description, width: index, height: 1 });
    }
    expect(driver.result.payload).toMatchObject({ missing: [] });
    const { pictures } = driver.result.payload as { pictures: unknown[] };
    expect(pictures[3]).toEqual({ text: 'image 3', size: '3x1' });
    expect(pictures).toHaveLength(5);
  });

  it('inbox: runs other flows as steps, and refuses what they call spam', () => {
    const models = {
      'spam-bayes': ham,
      'spam-style': ham,
      'triage-keywords': { label: 'high', confidence: 0.9 },
      'intent-recognizer': { label: 'billing', confidence: 0.9 },
      'product-qa': { text: 'Pay here.' },
    };
    const answered = run('inbox', text, { ...models, 'spam-rules': ham });
    expect(answered.result).toMatchObject({ status: 'succeeded', payload: { priority: 'high' } });
    expect(JSON.stringify(answered.result.payload)).toContain('Dear customer, Pay here.');
    const refused = run('inbox', text, {
      'spam-rules': spam,
      'spam-bayes': spam,
      'spam-style': spam,
    });
    expect(refused.run.error).toMatchObject({ code: 'spam_refused' });
  });

  it('careful-answer: its model, another, or a sentence of its own, and says which', () => {
    const chat = { text: 'chat', source: 'retrieval' };
    const models = { 'product-qa': { text: 'expert' }, 'general-chatbot': chat };
    const own = run('careful-answer', text, models);
    const expert = { answer: 'expert', servedBy: 'product-qa@1', degraded: null };
    expect(own.result.payload).toEqual(expert);
    const other = run('careful-answer', text, { ...models, 'product-qa': null });
    const fallback = { answer: 'chat', servedBy: 'general-chatbot@1', degraded: 'fallback' };
    expect(other.result.payload).toEqual(fallback);
    const silent = run('careful-answer', text, {});
    const sentence = { servedBy: 'default', degraded: 'default' };
    expect(silent.result).toMatchObject({ status: 'succeeded', payload: sentence });
    expect(silent.run.degraded).toEqual(['answer']);
  });

  it('refund: grants a small one, asks a person for a larger one, a day at most', () => {
    const of = (amount: number) => {
      const driver = new RunDriver(flowNamed('refund'), {
        payload: { ...text, amount },
        decide: checkedDecide,
      });
      driver.accept();
      driver.succeed('mood', { label: 'negative' });
      return driver;
    };
    expect(of(20).result.payload).toEqual({ granted: true, by: 'rule' });
    const asked = of(50);
    const facts = { ask: { question: 'Refund 50 EUR?', reason: text.text, mood: 'negative' } };
    expect(asked.history).toContainEqual({ type: 'wait_began', path: 'decision', facts });
    asked.tell({ type: 'signalled', path: 'decision', value: { granted: 1 }, by: 'ann' });
    expect(asked.results).toEqual([]);
    const value = { granted: true, by: 'ann' };
    asked.tell({ type: 'signalled', path: 'decision', value, by: 'ann' });
    expect(asked.result.payload).toEqual(value);
    const forgotten = of(50);
    forgotten.timeToDue();
    expect(forgotten.result.payload).toEqual({ granted: false, by: 'nobody' });
  });

  const careful = 'careful-answer';
  it.each([...flows.keys()].filter((name) => name !== careful))(
    '%s ends when nobody answers',
    (name) => {
      const payload = { ...text, image: 'data:,x', images: ['a', 'b'] };
      const { run: ended, results } = run(name, payload, {});
      expect(['failed', 'timed_out']).toContain(ended.status);
      expect(results).toHaveLength(1);
    },
  );
});
