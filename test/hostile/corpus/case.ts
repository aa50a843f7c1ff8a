import type { Options } from 'amqplib';
import type { Signing } from './signing.ts';

/**
 * Where messages come in; beside them there are flow files and the command line. `letter` is a message in the dead letters, which somebody
 * then tries to replay.
 */
export type MessageEntrance =
  | 'job'
  | 'request'
  | 'reply'
  | 'progress'
  | 'operation'
  | 'announcement'
  | 'control'
  | 'letter';

/** What a case is known by while it runs: its own id, fit for an envelope, and a run that nobody has. */
export interface CaseIds {
  readonly id: string;
  readonly run: string;
  /** Where the fleet's artifact store has its files. */
  readonly artifactFolder: string;
}

/** A message as it goes to the broker; nothing of it is checked on the way. */
export interface RawMessage {
  readonly body: Uint8Array;
  /** Default: that of the entrance. */
  readonly routingKey?: string;
  /** Over those that a good message has; `undefined` leaves one out. */
  readonly properties?: Options.Publish;
}

interface Named {
  /** Of the catalogue: 1 to 58. */
  readonly family: number;
  /** What is hostile about it, in a few words. */
  readonly what: string;
  /** What the fleet answers, see `outcome` in observations.ts: `parked bad_json`, `refused input_invalid`, `succeeded`, …; several where it is the broker's to say. */
  readonly expected: string | readonly string[];
}

/** A message that is published as it is. */
export interface MessageCase extends Named {
  readonly entrance: MessageEntrance;
  /** How often it comes, one after the other; the last outcome counts, and it reaches a model once at most. Default 1. */
  readonly times?: number;
  message(ids: CaseIds): RawMessage;
}

/** A message to a fleet whose messages are signed. */
export interface SignedCase extends Omit<MessageCase, 'message'> {
  readonly signed: true;
  message(ids: CaseIds, signing: Signing): RawMessage;
}

/** A flow file that is loaded. */
export interface FlowFileCase extends Named {
  readonly entrance: 'flow file';
  readonly file: Uint8Array;
}

/** A command that is run. `{file}` among the arguments stands for the file. */
export interface CommandCase extends Named {
  readonly entrance: 'command line';
  readonly args: readonly string[];
  readonly file?: Uint8Array;
  readonly input?: string;
}

export type HostileCase = MessageCase | SignedCase | FlowFileCase | CommandCase;
