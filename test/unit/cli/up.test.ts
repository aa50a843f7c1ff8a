import { describe, expect, it } from 'vitest';
import { brokerOf } from '../../../services/cli/input/broker-url.ts';
import { plainPalette } from '../../../services/cli/terminal/palette.ts';
import { logLine } from '../../../services/cli/up/log-line.ts';
import { planProcesses } from '../../../services/cli/up/service-plan.ts';

const known = ['coordinator', 'sentiment', 'ocr'];

describe('the processes that up starts', () => {
  it('are one of each service unless it is told otherwise', () => {
    expect(planProcesses([], known).map((process) => process.name)).toEqual(known);
  });

  it('are numbered where a service has several', () => {
    expect(planProcesses(['coordinator', 'sentiment=2'], known)).toEqual([
      { service: 'coordinator', name: 'coordinator' },
      { service: 'sentiment', name: 'sentiment.1' },
      { service: 'sentiment', name: 'sentiment.2' },
    ]);
  });

  it('must be of services that there are', () => {
    expect(() => planProcesses(['sentimant'], known)).toThrow(/Did you mean "sentiment"\?/);
  });

  it.each(['ocr=0', 'ocr=x', 'ocr=1=2', 'ocr=', 'ocr=9999', 'ocr=-1'])(
    'must be a sensible number: %s',
    (word) => expect(() => planProcesses([word], known)).toThrow(/no count of processes/),
  );
});

describe('the coordinator', () => {
  it('runs once: a second one could not have its database', () => {
    expect(() => planProcesses(['coordinator=2'], known)).toThrow(/One coordinator/);
  });
});

describe('a line of the merged log', () => {
  const source = { name: 'ocr', nameColumns: 11, ink: (text: string) => text };

  it('has the time, the service, the sentence and the fields', () => {
    const json =
      '{"level":30,"time":0,"service":"ocr","pid":1,"model":"ocr","prefetch":2,"msg":"serving"}';
    expect(logLine(json, source, plainPalette, 0)).toMatch(
      /^\d\d:\d\d:\d\d ocr {10}serving {2}prefetch=2$/,
    );
  });

  it('says WARN and ERROR in words', () => {
    const line = (level: number) =>
      logLine(JSON.stringify({ level, msg: 'x' }), source, plainPalette, 0);
    expect(line(40)).toContain('WARN x');
    expect(line(50)).toContain('ERROR x');
  });

  it('shows an error without its stack', () => {
    const err = { type: 'Error', code: 'topology_missing', message: 'No queue.', stack: 'at …' };
    const line = logLine(JSON.stringify({ level: 50, msg: 'x', err }), source, plainPalette, 0);
    expect(line).toContain('err=topology_missing: No queue.');
    expect(line).not.toContain('at …');
  });

  it('keeps what is no JSON, without its control characters', () => {
    expect(logLine('{ broken \u001b[2J', source, plainPalette, 0)).toContain('{ broken \uFFFD[2J');
  });
});

describe('the broker', () => {
  it('is the option, else AMQP_URL, else none', () => {
    expect(brokerOf('amqp://one', { AMQP_URL: 'amqp://two' })?.url).toBe('amqp://one');
    expect(brokerOf(undefined, { AMQP_URL: 'amqp://two' })?.address.hostname).toBe('two');
    expect(brokerOf(undefined, { AMQP_URL: '' })).toBeUndefined();
  });

  it('is never shown with its password', () => {
    expect(brokerOf('amqp://user:secret@host', {})?.address.display).not.toContain('secret');
  });

  it('must be a URL', () => {
    expect(() => brokerOf('localhost:5672', {})).toThrow(/broker URL/);
  });
});
