import { defineConfig } from 'vitest/config';

/** What needs Docker: the compose file brought up for real. `npm run test:compose`. */
export default defineConfig({
  test: {
    include: ['test/compose/**/*.test.ts'],
    testTimeout: 180_000,
    // One image of the services, built by each file.
    fileParallelism: false,
    hookTimeout: 900_000,
  },
});
