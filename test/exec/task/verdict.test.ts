/** Early exit of any and all: the same results, and no more is read than must be. */
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../../dist/index.js";

afterAll(() => cw.shutdown());

/** A source of zeros with ones at some places, that counts the chunks it is asked for. */
function marked(n: number, chunk: number, ones: readonly number[]) {
  let reads = 0;
  const x = cw.fromSource({
    name: "marked",
    shape: [n],
    dtype: "int32",
    chunks: [chunk],
    readInto: ([range], target) => {
      reads++;
      const { start, stop } = range as { start: number; stop: number };
      const data = target.data as Int32Array;
      for (let i = start; i < stop; i++) {
        data[target.offset + (i - start) * (target.stride[0] as number)] = ones.includes(i) ? 1 : 0;
      }
    },
  });
  return { x, reads: () => reads };
}

const INLINE = { executor: "inline", memory: "64MiB" } as const;
const N = 2 ** 22;
const CHUNK = 2 ** 14;

describe("any and all", () => {
  it("stop at the first element that decides", async () => {
    for (const at of [0, 5 * CHUNK + 3]) {
      const { x, reads } = marked(N, CHUNK, [at]);
      expect((await cw.any(x).compute(INLINE)).item()).toBe(true);
      // The blocks up to the one that decides, and what is read together with it.
      expect(reads()).toBeLessThanOrEqual(N / CHUNK / 4);
    }
    const { x, reads } = marked(N, CHUNK, [0]);
    expect((await cw.all(x).compute(INLINE)).item()).toBe(false);
    expect(reads()).toBeLessThanOrEqual(N / CHUNK / 4);
  });

  it("read everything where nothing decides", async () => {
    const { x, reads } = marked(N, CHUNK, []);
    expect((await cw.any(x).compute(INLINE)).item()).toBe(false);
    expect(reads()).toBe(N / CHUNK);
  });

  it("have the same results wherever the deciding element is, on threads too", async () => {
    for (const at of [1, CHUNK, N / 2, N - 1]) {
      const { x } = marked(N, CHUNK, [at]);
      for (const options of [
        INLINE,
        { executor: "threads", workers: 2, memory: "64MiB" },
      ] as const) {
        const [some, every, none] = await cw.compute(
          [cw.any(x), cw.all(x.equal(0)), cw.any(x.greater(1))],
          options,
        );
        expect([some?.item(), every?.item(), none?.item()]).toEqual([true, false, false]);
      }
    }
  });

  it("wait for every result of several", async () => {
    const { x } = marked(N, CHUNK, [0, 3, N - 1]);
    // Column 0 is decided at once, column 2 never, column 3 early, the last one by the last row only.
    const columns = await cw.any(x.reshape([N / 4, 4]), { axis: 0 }).compute(INLINE);
    expect([...columns.data]).toEqual([1, 0, 0, 1]);
    const last = await cw.all(x.reshape([N / 4, 4]).equal(0), { axis: 0 }).compute(INLINE);
    expect([...last.data]).toEqual([0, 1, 1, 0]);
  });

  it("beside other reductions look at everything", async () => {
    const { x, reads } = marked(N, CHUNK, [0, N - 1]);
    const [some, sum] = await cw.compute([cw.any(x), cw.sum(x)], INLINE);
    expect([some.item(), sum.item()]).toEqual([true, 2n]);
    expect(reads()).toBe(N / CHUNK);
  });
});
