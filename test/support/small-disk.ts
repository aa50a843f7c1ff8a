import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './broker/command.ts';

const FILL_BYTES = 64 * 1024;

/** A disk of a few megabytes (in memory) that a test may fill. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all space that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Rejects where no disk can be mounted: that needs root on Linux. */
export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-disk-'));
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (!mounted.succeeded) {
    await rm(folder, { recursive: true });
    const advice = 'Run this test as root on Linux, in a container with CAP_SYS_ADMIN.';
    throw new Error(`No small disk for the test: ${mounted.output} ${advice}`);
  }
  const filler = join(folder, 'filler');
  return {
    folder,
    async fill() {
      const file = await open(filler, 'a');
      // Smaller and smaller pieces, until not even a byte fits.
      for (let size = FILL_BYTES; size >= 1; ) {
        const written = await file.write(Buffer.alloc(size)).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        });
        if (!written) size = Math.floor(size / 2);
      }
      await file.close();
    },
    free: () => rm(filler, { force: true }),
    async remove() {
      // Whoever had files there may need a moment to be gone.
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true });
    },
  };
}
