import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page, Worker } from 'tesseract.js';
import { PermanentError, TransientError } from '../../shared/errors/errors.ts';

/**
 * Tesseract in its own worker thread.
 *
 * 1. Offline: language data comes from the installed package, nothing is cached on disk, and only bytes are handed
 *    over (a string would be fetched as a URL or opened as a file).
 * 2. A running recognition cannot be interrupted, so an aborted or failed call ends the thread; the next call gets a
 *    fresh one.
 * 3. The death of the thread fails the call in flight and never the process.
 */
export class OcrEngine {
  #worker: Promise<Worker> | undefined;
  #onProgress: ((share: number) => void) | undefined;

  /** Starts the thread ahead of the first call. */
  async start(): Promise<void> {
    await this.#running();
  }

  /** Reads one image; `onProgress` hears the share (0 to 1) that is done. Rejects with the signal's reason when it fires; `image_invalid` when the image cannot be read. */
  async read(
    image: Buffer,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<Page> {
    signal.throwIfAborted();
    const worker = await this.#running();
    const done = new AbortController();
    this.#onProgress = onProgress;
    try {
      signal.throwIfAborted();
      return await Promise.race([
        recognise(worker, image),
        rejectedBy(signal, done.signal),
        rejectedByDeath(worker, done.signal),
      ]);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#onProgress = undefined;
      done.abort();
    }
  }

  /** Ends the thread. A later read() starts a new one. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await (await worker)?.terminate();
  }

  #running(): Promise<Worker> {
    this.#worker ??= open((share) => this.#onProgress?.(share)).catch((error: unknown) => {
      this.#worker = undefined;
      throw new TransientError('ocr_unavailable', 'The OCR engine did not start.', {
        cause: error,
      });
    });
    return this.#worker;
  }
}

async function open(onProgress: (share: number) => void): Promise<Worker> {
  const { createWorker, OEM, PSM } = await import('tesseract.js');
  const data = dirname(createRequire(import.meta.url).resolve('@tesseract.js-data/eng'));
  const worker = await createWorker('eng', OEM.LSTM_ONLY, {
    langPath: join(data, '4.0.0_best_int'),
    gzip: true,
    cacheMethod: 'none',
    logger({ status, progress }) {
      if (status === 'recognizing text') onProgress(progress);
    },
    // Without it, tesseract.js throws a failed job a second time where nobody can catch it.
    errorHandler: () => {},
  });
  // Without a listener, an exception inside the thread ends this process.
  threadOf(worker)?.on('error', () => {});
  await worker.setParameters({ tessedit_pageseg_mode: PSM.SINGLE_BLOCK });
  return worker;
}

async function recognise(worker: Worker, image: Buffer): Promise<Page> {
  try {
    const { data } = await worker.recognize(image, {}, { text: true, blocks: true });
    return data;
  } catch (error) {
    throw new PermanentError('image_invalid', 'The image cannot be read.', { cause: error });
  }
}

async function rejectedBy(signal: AbortSignal, done: AbortSignal): Promise<never> {
  await once(signal, 'abort', { signal: done });
  throw signal.reason;
}

async function rejectedByDeath(worker: Worker, done: AbortSignal): Promise<never> {
  const thread = threadOf(worker);
  if (!thread) return new Promise<never>(() => {});
  await once(thread, 'exit', { signal: done });
  throw new TransientError('ocr_crashed', 'The OCR engine stopped while it read the image.');
}

/** The thread that tesseract.js runs; it is on the object and missing in its types. */
function threadOf(worker: Worker): EventEmitter | undefined {
  const thread: unknown = 'worker' in worker ? worker.worker : undefined;
  return thread instanceof EventEmitter ? thread : undefined;
}
