import { defineConfig } from "vitest/config";

// The built console in Debian's Chromium (CHROMIUM names another), against a server that speaks the API's words.
export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    // They end what is hopeless: machines that test are busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
