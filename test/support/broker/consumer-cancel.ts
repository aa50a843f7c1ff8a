import { FrameReader } from '../../chaos/network/frames.ts';
import type { TcpProxy } from '../tcp-proxy.ts';

const HEAD_BYTES = 7;
const BASIC_CONSUME = 0x003c0014;
const BASIC_CANCEL = 0x003c001e;

interface Consumer {
  readonly connection: number;
  readonly channel: number;
  readonly tag: string;
}

/**
 * Says basic.cancel to a consumer behind a proxy, as RabbitMQ 4.3 does when a delivery is held for too long: its queue is
 * still there. `read` is the proxy's `onData`; the connection must be silent when `cancel` is called.
 */
export class ConsumerCancel {
  readonly #readers = new Map<number, FrameReader>();
  readonly #consumers = new Map<string, Consumer>();

  read(bytes: Buffer, connection: number): void {
    const reader = this.#readers.get(connection) ?? new FrameReader('client');
    this.#readers.set(connection, reader);
    for (const frame of reader.read(bytes)) {
      if (frame[0] !== 1 || frame.readUInt32BE(HEAD_BYTES) !== BASIC_CONSUME) continue;
      // class and method, a reserved short, then the names of queue and consumer as short strings
      const queueAt = HEAD_BYTES + 6;
      const tagAt = queueAt + 1 + frame.readUInt8(queueAt);
      const channel = frame.readUInt16BE(1);
      this.#consumers.set(shortString(frame, queueAt), {
        connection,
        channel,
        tag: shortString(frame, tagAt),
      });
    }
  }

  cancel(proxy: TcpProxy, queue: string): void {
    const consumer = this.#consumers.get(queue);
    if (!consumer) throw new Error(`Nobody consumed ${queue}.`);
    const payload = Buffer.alloc(4 + 1 + consumer.tag.length + 1);
    payload.writeUInt32BE(BASIC_CANCEL);
    payload.writeUInt8(consumer.tag.length, 4);
    payload.write(consumer.tag, 5);
    const noWait = 1;
    payload.writeUInt8(noWait, payload.length - 1);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(1);
    head.writeUInt16BE(consumer.channel, 1);
    head.writeUInt32BE(payload.length, 3);
    proxy.say(Buffer.concat([head, payload, Buffer.of(0xce)]), consumer.connection);
  }
}

function shortString(frame: Buffer, at: number): string {
  return frame.toString('utf8', at + 1, at + 1 + frame.readUInt8(at));
}
