import { defineConfig } from 'vitest/config';

/** What takes minutes, or needs root: `npm run test:slow`. One file at a time, because each may start servers of its own. */
export default defineConfig({
  test: {
    include: ['test/slow/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
