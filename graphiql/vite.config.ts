import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page also works behind a proxy that serves it under a path.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: '../dist/graphiql',
    emptyOutDir: true,
    assetsDir: 'graphiql',
    // The page's Content-Security-Policy has no data: fonts.
    assetsInlineLimit: 0,
    target: 'es2023',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    // "use client" in React packages: nothing to do with us, and hundreds of lines.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
