/** Every row of the tables of mistakes is refused with exactly these words, and nothing stays behind. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { backend } from "./errors/backend.js";
import { blocks } from "./errors/blocks.js";
import { calls } from "./errors/calls.js";
import { damage, damaged } from "./errors/damage.js";
import { expressions } from "./errors/expressions.js";
import { indexing, positions } from "./errors/indexing.js";
import { metadata, stores } from "./errors/metadata.js";
import { options } from "./errors/options.js";
import { products } from "./errors/products.js";
import { random } from "./errors/random.js";
import { running } from "./errors/running.js";
import { selections } from "./errors/selections.js";
import { shapes } from "./errors/shapes.js";
import { targets } from "./errors/targets.js";

const STORES = fileURLToPath(new URL("../fixtures/zarr/stores", import.meta.url));
const root = fs.mkdtempSync(path.join(tmpdir(), "chunkwise-errors-"));
const PLACES = [{ executor: "inline" }, { executor: "threads", workers: 2 }] as const;

const x = cw.zeros([10, 6], { chunks: [4, 6] });
const double = (block: { data: Float64Array }): Float64Array => block.data.map((v) => 2 * v);

afterEach(() => {
  expect(runtime.account().used).toBe(0);
  expect(fs.readdirSync(root)).toEqual([]);
});
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(root, { recursive: true });
});

async function caught(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was refused");
}

function expectError(error: Error, name: string, message: string): void {
  expect(error).toBeInstanceOf(cw.ChunkwiseError);
  expect(error.name).toBe(name);
  if (message.endsWith("…")) {
    const start = message.slice(0, -1);
    expect(error.message.slice(0, start.length)).toBe(start);
  } else expect(error.message).toBe(message);
}

const TABLES = {
  backend,
  indexing,
  shapes,
  options,
  blocks,
  calls,
  products,
  random,
  selections,
  stores,
  targets,
  expressions,
};

describe.each(Object.entries(TABLES))("%s", (_, rows) => {
  it("has at least 15 rows", () => {
    expect(rows.length).toBeGreaterThanOrEqual(15);
  });
  it.each(rows)("%s", async (expression, name, message) => {
    // The tables are ours: their rows are expressions in the three names.
    const run = new Function("cw", "x", "double", `return (${expression});`);
    expectError(await caught(() => run(cw, x, double)), name, message);
  });
});

describe("reductions of a selection that turns out to be empty", () => {
  const none = x.at(x.greater(0));
  const rows = x.at(x.max({ axis: 1 }).greater(0));
  const reductions: readonly (readonly [string, cw.LazyArray])[] = [
    ["min", none.min()],
    ["max", none.astype("int8").max({ keepdims: true })],
    ["argmin", none.argmin()],
    ["argmax", rows.argmax({ axis: 0 })],
    ["min", rows.min({ axis: 0 }).add(1).sum()],
    ["max", none.add(none).max()],
  ];
  it.each(reductions)("%s", async (fn, reduced) => {
    for (const place of PLACES) {
      expectError(
        await caught(() => reduced.compute(place)),
        "ShapeError",
        `${fn}: no value for an axis of length 0; the boolean selection is empty`,
      );
      expect(runtime.account().used).toBe(0);
    }
  });
});

describe("positions that are out of bounds when they are known", () => {
  const i = cw.asarray([-11, 3, 10], { dtype: "int64" }).rechunk(2);

  it.each(positions)("%s", async (expression, name, message) => {
    const run = new Function("cw", "x", "i", `return (${expression});`);
    for (const place of PLACES) {
      const error = await caught(() => (run(cw, x, i) as cw.LazyArray).compute(place));
      expectError(error, name, message);
      expect(runtime.account().used).toBe(0);
    }
    // The engine goes on.
    expect((await x.at(i.at(cw.slice(1, 2))).compute(PLACES[1])).shape).toEqual([1, 6]);
  });
});

describe("Zarr metadata", () => {
  it.each(metadata)("%s", async (_, documents, message) => {
    const store = new Map<string, Uint8Array>();
    for (const [key, value] of Object.entries(documents)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      store.set(key, new TextEncoder().encode(text));
    }
    expectError(await caught(() => cw.openZarr(store as cw.Store)), "ZarrError", message);
  });
});

describe("damaged chunks", () => {
  it.each(damage)("%s %s %o", async (name, key, how, message) => {
    const folder = path.join(root, name);
    try {
      fs.cpSync(path.join(STORES, name), folder, { recursive: true });
      const file = path.join(folder, key);
      fs.writeFileSync(file, damaged(new Uint8Array(fs.readFileSync(file)), how));
      const files = fs.readdirSync(folder, { recursive: true }).sort();
      const array = await cw.openZarr(folder);
      const full = `array ${name}, chunk /${key}: ${message}`;
      for (const place of PLACES) {
        expectError(await caught(() => array.compute(place)), "ZarrError", full);
        expect(fs.readdirSync(folder, { recursive: true }).sort()).toEqual(files);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe("block functions that run", () => {
  const block = cw.zeros([4, 6], { chunks: -1 });

  it.each(running)("%s", async (text, message) => {
    const fn = new Function(`return (${text});`)() as () => unknown;
    const mapped = cw.mapBlocks(fn as never, block, { name: "f" });
    for (const place of PLACES) {
      const error = await caught(() => mapped.compute(place));
      expectError(error, "TaskError", message);
      expect((error as cw.TaskError).functionName).toBe("f");
      expect((error as cw.TaskError).blockIndex).toEqual([0, 0]);
    }
  });
  it("ends its thread", async () => {
    const mapped = cw.mapBlocks(() => process.exit(1), block, { name: "f" });
    expectError(
      await caught(() => mapped.compute({ executor: "threads", workers: 1 })),
      "TaskError",
      "the worker died 3 times in block 0 of f: worker exited with code: 1; look for process.exit(), native crashes or too much heap use in the function",
    );
  });
});
