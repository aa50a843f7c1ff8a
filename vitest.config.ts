import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Need Docker, or minutes: `npm run test:compose`, `npm run test:slow`.
    exclude: ['test/compose/**', 'test/slow/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // Most of a run is waiting for processes, brokers and databases.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
