import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seeds.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real servers and durable writes share two cores with the tests.
    maxWorkers: 2,
  },
});
