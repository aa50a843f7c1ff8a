import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { StallWatch } from '../../chaos/fleet/stall-watch.ts';
import { AmqpProxy } from '../../chaos/network/amqp-proxy.ts';
import { FrameReader } from '../../chaos/network/frames.ts';
import { eventually } from '../../support/eventually.ts';

const preamble = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

function method(id: number, more: readonly number[] = []): Buffer {
  const payload = Buffer.from([0, 0, 0, 0, ...more]);
  payload.writeUInt32BE(id);
  const frame = Buffer.alloc(7 + payload.length + 1);
  frame[0] = 1;
  frame.writeUInt32BE(payload.length, 3);
  payload.copy(frame, 7);
  frame[frame.length - 1] = 0xce;
  return frame;
}
const ack = method(0x003c0050, [0, 0, 0, 0, 0, 0, 0, 1, 0]);
const deliver = method(0x003c003c, [1, 2, 3]);
const tune = method(0x000a001e, [0x07, 0xff, 0, 2, 0, 0, 0, 60]);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A client and a broker that are nothing but sockets, with a proxy between them. */
async function joined() {
  let broker: Socket | undefined;
  const atBroker: Buffer[] = [];
  const server = createServer((socket) => {
    broker = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => atBroker.push(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const proxy = await AmqpProxy.start({ host: '127.0.0.1', port }, 3);
  closing.push(() => proxy.close());
  const client = connect(Number(new URL(proxy.url('amqp://x')).port), '127.0.0.1');
  client.on('error', () => {});
  closing.push(() => client.destroy());
  const atClient: Buffer[] = [];
  client.on('data', (bytes) => atClient.push(bytes));
  client.write(preamble);
  await eventually(() => atBroker.length > 0);
  const toClient = (frame: Buffer) => broker?.write(frame);
  const received = (frames: readonly Buffer[]) => (to: readonly Buffer[]) =>
    Buffer.concat(to).equals(Buffer.concat(frames));
  return { proxy, client, toClient, atClient, atBroker, received };
}

it('frames are cut out of a stream however it arrives', () => {
  const reader = new FrameReader('client');
  const bytes = Buffer.concat([preamble, deliver, ack]);
  const frames = Array.from(bytes, (byte) => reader.read(Buffer.from([byte]))).flat();
  expect(frames).toEqual([preamble, deliver, ack]);
});

it('drop_confirms drops the acks of the broker and nothing else, and resets the connection at the end', async () => {
  const { proxy, client, toClient, atClient, received } = await joined();
  proxy.begin('drop_confirms');
  for (const frame of [deliver, ack, deliver]) toClient(frame);
  await eventually(() => received([deliver, deliver])(atClient));
  proxy.heal();
  await eventually(() => client.destroyed);
});

it('drop_acks drops the acks of the client and nothing else', async () => {
  const { proxy, client, atBroker, received } = await joined();
  proxy.begin('drop_acks');
  client.write(Buffer.concat([ack, deliver, ack]));
  await eventually(() => received([preamble, deliver])(atBroker));
});

it('a half-open connection stays silent after the fault; whoever has it must notice', async () => {
  const { proxy, client, toClient, atClient } = await joined();
  proxy.begin('half_open');
  toClient(deliver);
  client.write(deliver);
  // A whole round through the proxy, so that what was to be swallowed has been.
  await joined();
  proxy.heal();
  toClient(deliver);
  await joined();
  expect([atClient.length, client.destroyed]).toEqual([0, false]);
});

it('slices and delays keep every byte in order', async () => {
  const { proxy, toClient, atClient, received } = await joined();
  proxy.begin('slice');
  toClient(deliver);
  await eventually(() => received([deliver])(atClient));
  proxy.begin('delay');
  toClient(ack);
  await eventually(() => received([deliver, ack])(atClient));
});

it('the heartbeat that the broker proposes is lowered', async () => {
  const { toClient, atClient } = await joined();
  toClient(tune);
  await eventually(() => Buffer.concat(atClient).length === tune.length);
  expect(Buffer.concat(atClient).readUInt16BE(17)).toBe(3);
});

it('a run in which nothing goes on for a minute is given up', () => {
  let nowMs = 0;
  let stalled = 0;
  const watch = new StallWatch(
    () => {
      stalled += 1;
    },
    () => nowMs,
  );
  for (const [atMs, finished] of [
    [0, 1],
    [59_000, 1],
    [61_000, 2],
    [120_000, 2],
  ] as const) {
    nowMs = atMs;
    watch.look(finished);
  }
  expect(stalled).toBe(0);
  nowMs = 121_500;
  watch.look(2);
  expect(stalled).toBe(1);
});
