import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { Tally } from './test/reporter.js';

export default defineConfig({
  resolve: {
    // graphql refuses to mix two copies of itself. Our sources would get its ES modules, while the packages in
    // node_modules, which Node loads, get CommonJS: everybody gets the copy that Node chooses.
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
  },
  test: {
    include: process.env.DEEP ? ['test/**/*.test.ts', 'test/**/*.deep.ts'] : ['test/**/*.test.ts'],
    globalSetup: ['test/support/globalSetup.ts'],
    setupFiles: ['test/support/canaryTap.ts'],
    reporters: ['default', new Tally()],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    expect: { requireAssertions: true },
  },
});
