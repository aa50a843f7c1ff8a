/** The AMQP 0-9-1 frames that faults are about, found in the bytes of one direction of a connection. */

const PREAMBLE_BYTES = 8;
/** Type, channel and size before the payload, the end mark behind it. */
const HEAD_BYTES = 7;
const METHOD_FRAME = 1;
const CONNECTION_TUNE = 0x000a001e;
const BASIC_ACK = 0x003c0050;

/** Cuts a stream into whole frames; what is not whole yet waits for the rest. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #preamble: boolean;

  /** Clients begin with a protocol header, brokers do not. */
  constructor(from: 'client' | 'broker') {
    this.#preamble = from === 'client';
  }

  /** Frames (and the protocol header) that are whole now, in order. */
  read(bytes: Buffer): Buffer[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Buffer[] = [];
    for (;;) {
      const size = this.#sizeOf(rest);
      if (size === undefined || rest.length < size) break;
      this.#preamble = false;
      frames.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.#rest = Buffer.from(rest);
    return frames;
  }

  #sizeOf(rest: Buffer): number | undefined {
    if (this.#preamble) return PREAMBLE_BYTES;
    return rest.length < HEAD_BYTES ? undefined : HEAD_BYTES + rest.readUInt32BE(3) + 1;
  }
}

/** basic.ack: a publisher confirm from the broker, an acknowledgement from a consumer. */
export function isAck(frame: Buffer): boolean {
  return methodOf(frame) === BASIC_ACK;
}

/** Lowers the heartbeat that a broker proposes; other frames are left as they are. */
export function withHeartbeat(frame: Buffer, seconds: number): Buffer {
  if (methodOf(frame) !== CONNECTION_TUNE) return frame;
  const changed = Buffer.from(frame);
  // channel-max (2), frame-max (4), heartbeat (2)
  changed.writeUInt16BE(seconds, HEAD_BYTES + 4 + 6);
  return changed;
}

function methodOf(frame: Buffer): number | undefined {
  const isMethod = frame.length >= HEAD_BYTES + 4 && frame[0] === METHOD_FRAME;
  return isMethod ? frame.readUInt32BE(HEAD_BYTES) : undefined;
}
