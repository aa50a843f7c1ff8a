const METHOD_FRAME = 1;
const QUEUE_DECLARE = 0x0032000a;
const EXCHANGE_DECLARE = 0x0028000a;
/** The protocol header that opens a connection. */
const PREAMBLE_BYTES = 8;

/** Reads the names of declared queues and exchanges from the bytes that AMQP clients send. */
export class DeclarationReader {
  readonly queues = new Set<string>();
  readonly exchanges = new Set<string>();
  readonly #rest = new Map<number, Buffer>();

  read(bytes: Buffer, connection: number): void {
    const before = this.#rest.get(connection);
    let rest = before === undefined ? bytes : Buffer.concat([before, bytes]);
    let skip = before === undefined ? PREAMBLE_BYTES : 0;
    for (;;) {
      rest = rest.subarray(skip);
      if (rest.length < 7) break;
      // type, channel, size, payload, end mark
      const size = rest.readUInt32BE(3) + 8;
      if (rest.length < size) break;
      if (rest[0] === METHOD_FRAME) this.#method(rest.subarray(7, size - 1));
      skip = size;
    }
    this.#rest.set(connection, Buffer.from(rest));
  }

  clear(): void {
    this.queues.clear();
    this.exchanges.clear();
  }

  #method(payload: Buffer): void {
    const id = payload.readUInt32BE(0);
    if (id !== QUEUE_DECLARE && id !== EXCHANGE_DECLARE) return;
    // class and method, a reserved short, then the name as a short string
    const name = payload.toString('utf8', 7, 7 + (payload[6] ?? 0));
    (id === QUEUE_DECLARE ? this.queues : this.exchanges).add(name);
  }
}
