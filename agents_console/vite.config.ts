import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the console with hot reload beside a running API.
const api = process.env.CADENCIA_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: { target: "es2022", chunkSizeWarningLimit: 900 },
  server: { host: "127.0.0.1", proxy: { "/api": { target: api, ws: true } } },
  test: { include: ["tests/unit/**/*.test.{ts,tsx}"], environment: "node" },
});
