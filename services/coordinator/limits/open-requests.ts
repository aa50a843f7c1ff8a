import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { Run } from '../engine/run.ts';
import type { Store } from '../store/store.ts';
import {
  began,
  type Counts,
  hasOthers,
  merged,
  type OpenDocument,
  openDocumentOf,
  recounted,
  type Share,
  signedOff,
} from './open-document.ts';
import { addOpen, Recount } from './recount.ts';

const KEY = 'open';
/** Nothing to share: a sign of life is enough. */
const SIGN_OF_LIFE_MS = 3_000;
/** Between two recounts at least; and at most a twentieth of the time goes into them. */
const RECOUNT_EVERY_MS = 10_000;
const RECOUNT_SHARE = 20;

export interface OpenRequestsOptions {
  readonly store: Store;
  readonly instance: string;
  readonly now: () => number;
}

/**
 * How many requests of each model are open over all coordinators. Its rules:
 * 1. Whoever commits a run counts the difference that it makes. A request may be counted as open here and as answered there:
 *    only the sum of what all have counted has a meaning.
 * 2. Once a second each adds what it has counted since to the shared document. The document knows how much of whose count is in
 *    it, so that a share whose answer was lost is not added twice.
 * 3. Who ends in good order adds the rest and takes its name out. Who is silent for 10 s is taken out; what it counted in its
 *    last second is lost, and the document is unsure from then on. So it is when a model stands still that should not.
 * 4. What is unsure is counted anew from the open runs, by one coordinator at a time, until a recount finds what the document
 *    says. Who starts and finds nobody else counts anew at once.
 */
export class OpenRequests {
  readonly #options: OpenRequestsOptions;
  /** What this process counted since it began. */
  readonly #counted = new Map<string, number>();
  readonly #movedAtMs = new Map<string, number>();
  #shared: OpenDocument | undefined;
  #sent: Counts = {};
  #changed = false;
  #doubts = false;
  #recount: Recount | undefined;

  constructor(options: OpenRequestsOptions) {
    this.#options = options;
  }

  /** Never fewer than none: what another has answered may be known before what it has opened. */
  total(model: string): number {
    const shared = (this.#shared?.totals[model] ?? 0) - (this.#sent[model] ?? 0);
    return Math.max(0, shared + (this.#counted.get(model) ?? 0));
  }

  /** Coordinators that live, this one too, as far as it knows. */
  get coordinators(): number {
    return Math.max(1, Object.keys(this.#shared?.instances ?? {}).length);
  }

  /** When this process last saw a request of the model open or end. */
  movedAtMs(model: string): number {
    return this.#movedAtMs.get(model) ?? 0;
  }

  /** A run went from one committed state to another; before its first there is none. */
  count(before: Run | undefined, after: Run): void {
    const counts = new Map<string, number>();
    if (before) addOpen(counts, before, -1);
    addOpen(counts, after, 1);
    for (const [model, count] of counts) {
      this.#movedAtMs.set(model, this.#options.now());
      this.#counted.set(model, (this.#counted.get(model) ?? 0) + count);
      if (count !== 0) this.#changed = true;
    }
    this.#recount?.note(after);
  }

  /** The totals cannot be right: they are made sure of soon. */
  doubt(): void {
    this.#doubts = true;
  }

  /** Before the first run is worked on. */
  async begin(): Promise<void> {
    const shared = await this.#change(began);
    if (!hasOthers(shared, this.#options.instance)) await this.#countAnew();
  }

  /** Once a second. */
  async share(): Promise<void> {
    const { instance, now } = this.#options;
    const heardMs = this.#shared?.instances[instance]?.atMs ?? 0;
    const news = this.#changed || this.#doubts || now() - heardMs >= SIGN_OF_LIFE_MS;
    if (!news && !this.#shared?.unsure) return;
    let mine = false;
    await this.#change((before, share) => {
      const after = merged(before, share);
      mine = after.unsure && after.recountAtMs <= share.nowMs;
      // Taken: nobody else begins one meanwhile.
      return mine ? { ...after, recountAtMs: share.nowMs + RECOUNT_EVERY_MS } : after;
    });
    if (mine) await this.#countAnew();
  }

  /** After the last commit. */
  async end(): Promise<void> {
    await this.#change(signedOff);
  }

  async #countAnew(): Promise<void> {
    const { store, now } = this.#options;
    const startedMs = now();
    const recount = new Recount();
    this.#recount = recount;
    try {
      await recount.read(store);
      const againAtMs = now() + Math.max(RECOUNT_EVERY_MS, (now() - startedMs) * RECOUNT_SHARE);
      await this.#change((before, share) => recounted(before, share, recount.open, againAtMs));
    } finally {
      this.#recount = undefined;
    }
  }

  async #change(
    change: (before: OpenDocument | undefined, share: Share) => OpenDocument,
  ): Promise<OpenDocument> {
    const { store, instance, now } = this.#options;
    const [changed, doubts] = [this.#changed, this.#doubts];
    this.#changed = false;
    this.#doubts = false;
    let counted: Counts = {};
    const changing = store.changeDocument(KEY, (document) => {
      counted = Object.fromEntries([...this.#counted].filter(([, count]) => count !== 0));
      const share = { instance, nowMs: now(), counted, sent: this.#sent, doubts };
      return change(openDocumentOf(document), share) as unknown as JsonObject;
    });
    const after = await changing.catch((error: unknown) => {
      this.#changed ||= changed;
      this.#doubts ||= doubts;
      throw error;
    });
    const shared = openDocumentOf(after) as OpenDocument;
    this.#shared = shared;
    this.#sent = counted;
    return shared;
  }
}
