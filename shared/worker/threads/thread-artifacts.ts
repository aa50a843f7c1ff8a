import { Readable } from 'node:stream';
import type { ArtifactMarker } from '../../artifacts/reference.ts';
import type { CallArtifacts } from '../call-artifacts.ts';
import type { ArtifactAsk } from './artifact-host.ts';

/** The thread's side of its call's artifacts: every use of them is asked of the worker, whose store it is. */
export function threadArtifacts(ask: (what: ArtifactAsk) => Promise<unknown>): CallArtifacts {
  async function* piecesOf(stream: number): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = (await ask({ verb: 'next', stream })) as Uint8Array | null;
        if (piece === null) return;
        yield piece;
      }
    } finally {
      await ask({ verb: 'close', stream });
    }
  }

  return {
    async open(artifact) {
      const stream = (await ask({ verb: 'open', artifact })) as number;
      return Readable.from(piecesOf(stream), { objectMode: false });
    },
    async bytes(artifact, maxBytes) {
      return Buffer.from((await ask({ verb: 'bytes', artifact, maxBytes })) as Uint8Array);
    },
    async put(source, options) {
      const upload = (await ask({ verb: 'put', options })) as number;
      try {
        const pieces = source instanceof Uint8Array ? [source] : source;
        for await (const piece of pieces) await ask({ verb: 'write', upload, piece });
      } catch (error) {
        await ask({ verb: 'give up', upload });
        throw error;
      }
      return (await ask({ verb: 'end', upload })) as ArtifactMarker;
    },
  };
}
