import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run against the build: in dist/ every module is a file, lib/ is the program as it is installed. Node loads both.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Many files wait for processes of their own: one on two cores, which is the default, leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    server: { deps: { external: [/\/(?:dist|lib)\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // CI adds the numbers of this file to its own count.
    reporters: process.env["CI"]
      ? ["default", ["json", { outputFile: "build/test-results.json" }]]
      : ["default"],
  },
});
