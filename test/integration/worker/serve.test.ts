import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { ChatServer, says } from '../../unit/llm/chat-server.ts';
import { Bench, request } from '../../unit/worker/harness.ts';
import { ServiceProcess } from './service-process.ts';

const echoProcess = new URL('echo-process.ts', import.meta.url);
const llmService = new URL('../../../services/llm/main.ts', import.meta.url);
/** A process takes seconds to start on a busy machine. */
const SLOW_MS = 120_000;

const work = workQueueName('echo', 1);

let broker: TestBroker;
let bench: Bench;
const running: ServiceProcess[] = [];
beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  bench = new Bench(await connectAmqp({ url: broker.url }));
  await bench.transport.declareWorkQueue('echo', 1);
  await bench.listen();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.kill()));
  await bench.tearDown();
});

function start(env: Record<string, string>, script = echoProcess, args: string[] = []) {
  const service = new ServiceProcess(script, { AMQP_URL: broker.url, ...env }, args);
  running.push(service);
  return service;
}

describe('a worker process', { timeout: SLOW_MS }, () => {
  it('serves its model, finishes what has begun on SIGTERM, and ends with 0', async () => {
    const service = start({ LOG_LEVEL: 'debug', INSTANCE: 'echo-7' });
    await service.says('"serving"');
    const asked = request({ text: '300' });
    await bench.send(asked);
    await service.says('"request taken"');
    service.signal('SIGTERM');
    expect(await service.exitCode()).toBe(0);
    await eventually(() => bench.repliesTo(asked).length === 1);
    expect(bench.repliesTo(asked)[0]?.outcome).toMatchObject({
      status: 'succeeded',
      worker: 'echo-7',
    });
    expect(service.errors).toContain('"stopped"');
  });

  it('gives back what does not finish in the time it has', async () => {
    const service = start({ LOG_LEVEL: 'debug', DRAIN_MS: '50' });
    await service.says('"serving"');
    await bench.send(request({ text: '60000' }));
    await service.says('"request taken"');
    service.signal('SIGINT');
    expect(await service.exitCode()).toBe(0);
    await eventually(async () => (await bench.transport.readyCount(work)) === 1);
    expect(bench.replies).toEqual([]);
  });

  it('waits for a broker that is not there yet, saying so once for each reason, and serves when it comes', async () => {
    const { hostname, port } = new URL(broker.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port || 5672) });
    proxy.refuse();
    try {
      const service = start({ AMQP_URL: proxy.url(broker.url) });
      await service.says('the broker is not there; trying again until it is');
      proxy.heal();
      await service.says('"serving"');
      // Reset and closed are two reasons, and a proxy that refuses gives either.
      const reasons = service.errors.match(/"reason":"[^"]*"/g);
      expect(reasons).toEqual([...new Set(reasons)]);
      service.signal('SIGTERM');
      expect(await service.exitCode()).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  it('stops also while it waits for its broker', async () => {
    const service = start({ AMQP_URL: 'amqp://127.0.0.1:1' });
    await service.says('the broker is not there');
    service.signal('SIGTERM');
    expect(await service.exitCode()).toBe(0);
  });

  it('ends with 2 for a wrong environment and names every problem at once', async () => {
    const service = start({ CONCURRENCY: 'many', LOG_LEVEL: 'loud', INSTANCE: 'a b' });
    expect(await service.exitCode()).toBe(2);
    for (const name of ['CONCURRENCY', 'LOG_LEVEL', 'INSTANCE']) {
      expect(service.errors).toContain(name);
    }
    expect(service.errors).not.toContain(' at ');
  });
});

describe('the llm service', { timeout: SLOW_MS }, () => {
  it('serves the model file it is told to', async () => {
    const server = await new ChatServer().start();
    server.answer(says('{"summary":"It broke.","urgency":"high","area":"login"}'));
    try {
      const env = { LLM_MODEL: 'ticket-summary', OLLAMA_BASE_URL: server.baseUrl };
      const service = start(env, llmService);
      await service.says('"serving"');
      const asked = request({ text: 'I cannot log in.' }, { model: 'ticket-summary' });
      bench.model = 'ticket-summary';
      const reply = await bench.ask(asked);
      expect(reply.payload).toEqual({ summary: 'It broke.', urgency: 'high', area: 'login' });
      expect(reply.outcome.usage).toMatchObject({ calls: 1, inputTokens: 12, outputTokens: 5 });
      service.signal('SIGTERM');
      expect(await service.exitCode()).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it.each([
    [[], 'Name the model'],
    [['no-such-model'], 'no-such-model.yaml: cannot be read'],
    [['general-chatbot'], 'OPENAI_BASE_URL'],
  ])('ends with 2 when it is told %j', async (args, problem) => {
    const service = start({}, llmService, args);
    expect(await service.exitCode()).toBe(2);
    expect(service.errors).toContain(problem);
  });
});
