import { defineConfig } from 'vitest/config';

/** What needs Docker: the compose file brought up for real. `npm run test:compose`. */
export default defineConfig({
  test: {
    include: ['test/compose/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 900_000,
  },
});
