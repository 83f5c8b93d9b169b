/** User functions that end, exhaust, block or reject: the engine survives all of them. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { expectHealthy, rejection, THREADS, temporaryFolder } from "./support.js";

const x = cw.arange(400, { dtype: "float64", chunks: 100 });
const doubled = Array.from({ length: 400 }, (_, i) => 2 * i);
afterAll(() => cw.shutdown());

interface Block {
  readonly data: Float64Array;
}
interface Info {
  readonly blockId: readonly number[];
  readonly params: { readonly log: string; readonly bad: number };
}

describe("a block function", () => {
  it("that ends its thread on the first attempt is tried again", async () => {
    const log = path.join(temporaryFolder(), "attempts");
    const dies = cw.mapBlocks(
      (block: Block, { blockId, params }: Info) => {
        const files = process.getBuiltinModule("node:fs");
        const mark = `${params.log}-${blockId[0]}`;
        if (!files.existsSync(mark)) {
          files.writeFileSync(mark, "");
          process.exit(3);
        }
        return block.data.map((v) => 2 * v);
      },
      x,
      { params: { log, bad: 0 } },
    );
    expect((await dies.compute(THREADS)).toNested()).toEqual(doubled);
    expect([0, 1, 2, 3].every((n) => fs.existsSync(`${log}-${n}`))).toBe(true);
    await expectHealthy();
  });

  it("that always ends its thread is given up after three attempts", async () => {
    const log = path.join(temporaryFolder(), "attempts");
    const dies = cw.mapBlocks(
      function mortal(block: Block, { blockId, params }: Info) {
        if (blockId[0] !== params.bad) return block.data;
        process.getBuiltinModule("node:fs").appendFileSync(params.log, "x");
        return process.exit(3);
      },
      x,
      { params: { log, bad: 2 } },
    );
    const error = (await rejection(dies.compute(THREADS))) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.functionName).toBe("mortal");
    expect(error.blockIndex).toEqual([2]);
    expect(error.message).toContain("mortal");
    expect(fs.readFileSync(log, "utf8")).toBe("xxx");
    await expectHealthy();
  });

  it("that runs out of heap is a TaskError, and the engine goes on", async () => {
    const greedy = cw.mapBlocks(
      function greedy(block: Block) {
        // Numbers, so that the collector need not look at them: it would take most of the time.
        const kept: number[][] = [];
        for (;;) kept.push(new Array<number>(500_000).fill(block.data.length + 0.5));
      },
      x.at(cw.slice(0, 100)),
    );
    const error = (await rejection(greedy.compute({ ...THREADS, workers: 1 }))) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.functionName).toBe("greedy");
    expect(error.message).toMatch(/memory|heap/i);
    await expectHealthy();
  });

  it("that never ends is ended by an abort", async () => {
    const endless = cw.mapBlocks(() => {
      for (;;);
    }, x);
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 200);
    const error = await rejection(endless.compute({ ...THREADS, signal: controller.signal }));
    expect(error).toBeInstanceOf(cw.AbortError);
    expect(error.cause).toBe(reason);
    for (let i = 0; i < 50; i++) {
      if ((await x.sum().compute(THREADS)).item() === 79_800) break;
    }
    await expectHealthy();
  });

  it("may be asynchronous", async () => {
    const later = cw.mapBlocks(async (block: Block) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return block.data.map((v) => 2 * v);
    }, x);
    expect((await later.compute(THREADS)).toNested()).toEqual(doubled);
    await expectHealthy();
  });

  it.each([
    [
      "throws",
      (): never => {
        throw new RangeError("too far");
      },
    ],
    ["rejects", () => Promise.reject(new RangeError("too far"))],
  ])("that %s is a TaskError with its cause, and is not tried again", async (_, fn) => {
    const failing = cw.mapBlocks(fn, x, { name: "failing" });
    const error = (await rejection(failing.compute(THREADS))) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.functionName).toBe("failing");
    expect(error.message).toContain("too far");
    expect(error.cause).toMatchObject({ name: "RangeError", message: "too far" });
    await expectHealthy();
  });
});
