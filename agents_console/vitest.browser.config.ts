import { defineConfig } from "vitest/config";

// The built console in Debian's Chromium (CHROMIUM names another), against a server that speaks the API's words.
export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
