/** A broker that tests may use, through virtual hosts of their own. */
export interface RunningBroker {
  /** How it was found, for people. */
  readonly description: string;
  /** Makes an empty virtual host and answers its AMQP URL. */
  addVhost(name: string): Promise<string>;
  /** Removes a virtual host with everything in it. */
  removeVhost(name: string): Promise<void>;
  /** Ends what was started; a broker that was there before is left as it was found. */
  stop(): Promise<void>;
}

/** A broker that one test owns: it may be stopped, killed and starved. */
export interface PrivateBroker extends RunningBroker {
  /** AMQP URL of its default virtual host. */
  readonly url: string;
  readonly port: number;
  /** Stops it cleanly, or as a power cut would. */
  halt(how: 'cleanly' | 'killed'): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
  /** Both. */
  restart(how: 'cleanly' | 'killed'): Promise<void>;
  /** Adds what a definitions document holds. */
  importDefinitions(definitions: object): Promise<void>;
  /** Runs rabbitmqctl on it; rejects when that fails. */
  control(...args: string[]): Promise<string>;
}

/** The AMQP URL of a virtual host on loopback. */
export function guestUrl(port: number, vhost = '/'): string {
  return `amqp://guest:guest@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
}
