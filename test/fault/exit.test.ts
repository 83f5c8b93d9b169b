/** A process that used chunkwise ends by itself with code 0, whatever happened in it. */
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { program, temporaryFolder } from "./support.js";

const ACTS = [
  ["nothing", "answer 1000"],
  ["success", "answer 499500"],
  ["store", "answer 8000"],
  ["error", "error TaskError"],
  ["abort", "error AbortError"],
  ["start", "answer idle"],
  ["persist", "answer 500500"],
  ["shutdown", "answer ended"],
  ["restart", "answer 499500"],
  ["lost store", "error SourceError"],
] as const;

describe.each(["inline", "threads"])(
  "a process that computes with executor %s ends",
  (executor) => {
    it.each(ACTS)("after: %s", async (how, answer) => {
      const folder = path.join(temporaryFolder(), "out.zarr");
      const { code, output } = await program("exits", { how, executor, folder });
      expect(output.trim()).toBe(answer);
      expect(code).toBe(0);
    });
  },
);
