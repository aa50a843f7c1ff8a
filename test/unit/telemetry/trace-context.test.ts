import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import {
  childTraceparent,
  contextOf,
  continuedTrace,
  extractTrace,
  injectTrace,
  newTraceparent,
  parseTraceparent,
} from '../../../shared/telemetry/trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;
const zeros = (length: number) => '0'.repeat(length);

describe('a traceparent', () => {
  test('is taken apart', () => {
    expect(parseTraceparent(traceparent)).toEqual({ traceId, spanId, flags: 1 });
  });

  test('of a later version may have more behind its flags', () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-00-what-comes`)).toMatchObject({ traceId });
    expect(parseTraceparent(`cc-${traceId}-${spanId}-00`)).toMatchObject({ traceId });
  });

  test.each<[value: unknown, why: string]>([
    ['', 'empty'],
    [`00-${traceId}-${spanId}`, 'too short'],
    [`${traceparent}-more`, 'too long for version 00'],
    [`cc-${traceId}-${spanId}-00.more`, 'continued without a dash'],
    [`cc-${traceId}-${spanId}-00-${'x'.repeat(300)}`, 'endless'],
    [`ff-${traceId}-${spanId}-01`, 'of the forbidden version'],
    [`00-${zeros(32)}-${spanId}-01`, 'without a trace id'],
    [`00-${traceId}-${zeros(16)}-01`, 'without a span id'],
    [traceparent.toUpperCase(), 'in capitals'],
    [`00-${traceId.slice(1)}g-${spanId}-01`, 'not hexadecimal'],
    [` ${traceparent}`, 'indented'],
    [`${traceparent}\n`, 'ended by a line feed'],
    [7, 'a number'],
    [undefined, 'missing'],
  ])('%j is not valid: %s', (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  test('that is new is valid, sampled and different each time', () => {
    const made = Array.from({ length: 100 }, newTraceparent);
    for (const value of made) expect(parseTraceparent(value)?.flags).toBe(1);
    expect(new Set(made.map((value) => parseTraceparent(value)?.traceId)).size).toBe(100);
  });

  test('of a child keeps the trace and its flags and has a span of its own', () => {
    const unsampled = `00-${traceId}-${spanId}-00`;
    const child = parseTraceparent(childTraceparent(unsampled));
    expect(child).toMatchObject({ traceId, flags: 0 });
    expect(child?.spanId).not.toBe(spanId);
  });

  test('of a child of nothing valid begins a trace', () => {
    expect(parseTraceparent(childTraceparent('x'))).toBeDefined();
  });
});

describe('extracted headers', () => {
  test.each([
    'vendor=1',
    'a=1,b=2',
    ' a=1 , b=2 ',
    'tenant@vendor=x:y',
    '0tenant@vendor=x',
    'a_b*c-d/e=!"#$%',
    'a=1,,b=2',
  ])('keep the tracestate %j', (tracestate) => {
    expect(extractTrace({ traceparent, tracestate })).toEqual({ traceparent, tracestate });
  });

  test.each([
    ...['', ',', 'a', '=1', 'a=', 'A=1', 'a=1,a=2', 'a=b=c', '0a=1', 'a=é', 'a@b@c=1', 'a b=1'],
    ...['x'.repeat(513), Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(), 1, true],
  ])('drop the tracestate %j alone', (tracestate) => {
    expect(extractTrace({ traceparent, tracestate })).toEqual({ traceparent });
  });

  test('hold nothing without a valid traceparent, and nothing that is no trace context', () => {
    expect(extractTrace({ tracestate: 'a=1' })).toEqual({});
    expect(extractTrace({ traceparent: 'x', tracestate: 'a=1' })).toEqual({});
    expect(extractTrace({ traceparent, other: 1 })).toEqual({ traceparent });
  });
});

describe('without an SDK', () => {
  test('the trace that came in goes out unchanged', () => {
    const headers = { traceparent, tracestate: 'a=1', 'flotilla-watch': true };
    expect(continuedTrace(headers)).toEqual({ traceparent, tracestate: 'a=1' });
    expect(continuedTrace({ traceparent: 'forged' })).toEqual({});
    expect(contextOf({ traceparent })).toBe(ROOT_CONTEXT);
  });
});

/** The least that an SDK's W3C propagator does. */
const propagator: TextMapPropagator<unknown> = {
  inject(context: Context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
  },
  extract(context, carrier, getter) {
    const parsed = parseTraceparent(getter.get(carrier, 'traceparent'));
    if (!parsed) return context;
    return trace.setSpanContext(context, {
      traceId: parsed.traceId,
      spanId: parsed.spanId,
      traceFlags: parsed.flags,
    });
  },
  fields: () => ['traceparent'],
};

describe('with a propagator', () => {
  afterEach(() => propagation.disable());

  test('the active span goes out instead of the trace that came in', () => {
    propagation.setGlobalPropagator(propagator);
    const own = { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 };
    const active = trace.setSpanContext(ROOT_CONTEXT, own);
    expect(injectTrace({ traceparent, tracestate: 'a=1' }, active)).toEqual({
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    });
  });

  test('the trace that came in goes out where no span is active', () => {
    propagation.setGlobalPropagator(propagator);
    expect(injectTrace({ traceparent }, ROOT_CONTEXT)).toEqual({ traceparent });
  });

  test('the sender’s span can be the parent of a new one', () => {
    propagation.setGlobalPropagator(propagator);
    const context = contextOf(extractTrace({ traceparent }));
    expect(trace.getSpanContext(context)).toMatchObject({ traceId, spanId });
  });
});
