import { fileURLToPath } from 'node:url';
import type { StoreKind } from '../plan/options.ts';
import { fleetSlots, type Slot } from '../plan/slots.ts';
import { callsFile, type Folder } from '../records/folder.ts';
import { type Program, type SlotEvents, SlotProcess } from './slot-process.ts';

export interface FleetPlace {
  readonly store: StoreKind;
  readonly folder: Folder;
  /** AMQP URL by slot. */
  readonly urls: Readonly<Record<string, string>>;
  readonly databaseUrl: string | null;
}

/** The coordinators and workers of a run, each in a process of its own that is replaced when it is killed. */
export class Fleet {
  readonly #slots: readonly { readonly slot: Slot; readonly process: SlotProcess }[];

  constructor(place: FleetPlace, events: SlotEvents) {
    this.#slots = fleetSlots(place.store).map((slot) => ({
      slot,
      process: new SlotProcess(slot.name, programOf(slot, place), place.folder.root, events),
    }));
  }

  get names(): readonly string[] {
    return this.#slots.map(({ slot }) => slot.name);
  }

  start(): void {
    for (const { process } of this.#slots) process.start();
  }

  /** Stops the workers, then the coordinators. Answers those that did not end in order, or that refused a message of the others. */
  async stop(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const role of ['worker', 'coordinator'] as const) {
      const slots = this.#slots.filter(({ slot }) => slot.role === role);
      await Promise.all(
        slots.map(async ({ slot, process }) => {
          const code = await process.stop();
          if (code !== 0) wrong.push(`${slot.name} was stopped and ended with ${code}`);
          if (process.refused) wrong.push(`${slot.name} refused a signed message`);
        }),
      );
    }
    return wrong;
  }

  kill(): void {
    for (const { process } of this.#slots) process.kill();
  }
}

function programOf(slot: Slot, { folder, urls, databaseUrl }: FleetPlace): Program {
  const url = urls[slot.name] ?? '';
  if (slot.role === 'worker') {
    return {
      file: fileURLToPath(new URL('../worker-process.ts', import.meta.url)),
      args: (life) => [url, callsFile(folder.root, life), ...slot.models],
      env: signing(folder),
      servingText: 'all models are served',
    };
  }
  return {
    file: fileURLToPath(new URL('../../../services/coordinator/main.ts', import.meta.url)),
    args: () => [],
    env: {
      ...signing(folder),
      AMQP_URL: url,
      FLOTILLA_DB: folder.database,
      FLOWS_DIR: folder.flows,
      LOG_LEVEL: 'info',
      ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
    },
    servingText: '"coordinating"',
  };
}

/** Everything is signed, as by default. */
function signing({ keys }: Folder): Readonly<Record<string, string>> {
  return { SECURITY: 'on', KEYS_DIR: keys };
}
