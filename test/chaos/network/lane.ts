import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { FrameReader, isAck, withHeartbeat } from './frames.ts';

/** What happens to the bytes of one direction of a connection. */
export type Treatment = 'pass' | 'swallow' | 'slice' | 'delay' | 'drop_acks';

const DELAY_MS = 400;
const SLICE_BYTES = 3;

/** One direction of a connection: whole frames, in order, each treated as the fault of the moment wants it. */
export class Lane {
  treatment: Treatment = 'pass';
  /** True once a frame was dropped: this connection is not whole any more. */
  damaged = false;
  readonly #to: Socket;
  readonly #reader: FrameReader;
  readonly #heartbeatSeconds: number;
  readonly #waiting: { readonly frame: Buffer; readonly arrivedMs: number }[] = [];
  #moving = false;

  constructor(from: 'client' | 'broker', to: Socket, heartbeatSeconds: number) {
    this.#to = to;
    this.#reader = new FrameReader(from);
    this.#heartbeatSeconds = heartbeatSeconds;
  }

  push(bytes: Buffer): void {
    const arrivedMs = performance.now();
    for (const frame of this.#reader.read(bytes)) this.#waiting.push({ frame, arrivedMs });
    if (!this.#moving) void this.#move();
  }

  async #move(): Promise<void> {
    this.#moving = true;
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const frame = withHeartbeat(next.frame, this.#heartbeatSeconds);
      if (this.treatment === 'pass') this.#write(frame);
      else await this.#treat(frame, next.arrivedMs);
    }
    this.#moving = false;
  }

  async #treat(frame: Buffer, arrivedMs: number): Promise<void> {
    switch (this.treatment) {
      case 'swallow':
        this.damaged = true;
        return;
      case 'drop_acks':
        if (isAck(frame)) this.damaged = true;
        else this.#write(frame);
        return;
      case 'delay':
        await pause(Math.max(0, arrivedMs + DELAY_MS - performance.now()));
        return this.#write(frame);
      case 'slice':
        for (let at = 0; at < frame.length; at += SLICE_BYTES) {
          this.#write(frame.subarray(at, at + SLICE_BYTES));
          await nextTurn();
        }
        return;
      case 'pass':
        return this.#write(frame);
    }
  }

  #write(bytes: Buffer): void {
    if (!this.#to.destroyed) this.#to.write(bytes);
  }
}
