/** Sources that are not Zarr: arrays in memory and user sources; and what every reader promises. */
import { describe, expect, test } from "vitest";
import {
  arrayBinding,
  type ChunkSource,
  createZarrArray,
  type Interval,
  memoryStore,
  openReader,
  openZarrArray,
  userSource,
} from "../../dist/io/index.js";
import { chooseCut } from "../../dist/io/zarr/raw.js";
import { readAll, readBox, signal } from "./helpers.js";

describe("arrays in memory", () => {
  test("are copied into shared memory once, read from any thread", async () => {
    const data = Int16Array.from({ length: 24 }, (_, i) => i - 5);
    const binding = arrayBinding(data, [2, 3, 4], "int16");
    data.fill(0);
    expect(binding).toMatchObject({
      residence: "memory",
      thread: "any",
      dtype: "int16",
      scratchBytes: 0,
    });
    expect(binding.chunks).toEqual([
      [{ size: 2, repeat: 1 }],
      [{ size: 3, repeat: 1 }],
      [{ size: 4, repeat: 1 }],
    ]);
    const there = openReader(structuredClone(binding.description) as never);
    expect([...(await readBox(there, "int16", [0, 1, 1], [2, 3, 3]))]).toEqual([
      0, 1, 4, 5, 12, 13, 16, 17,
    ]);
  });

  test("shared ones are not copied", async () => {
    const data = new Float64Array(new SharedArrayBuffer(48), 16, 4);
    const binding = arrayBinding(data, [4], "float64", [3]);
    data[2] = 7;
    expect([...(await readAll(binding))]).toEqual([0, 0, 7, 0]);
    expect(binding.chunks).toEqual([
      [
        { size: 3, repeat: 1 },
        { size: 1, repeat: 1 },
      ],
    ]);
    expect(binding.description?.["buffer"]).toBe(data.buffer);
  });

  test("complex, bool, rank 0, empty", async () => {
    expect([
      ...(await readAll(arrayBinding(Float32Array.of(1, 2, 3, 4), [2], "complex64"))),
    ]).toEqual([1, 2, 3, 4]);
    expect([...(await readAll(arrayBinding(Uint8Array.of(1, 0), [2], "bool")))]).toEqual([1, 0]);
    expect([...(await readAll(arrayBinding(BigInt64Array.of(-(2n ** 63n)), [], "int64")))]).toEqual(
      [-(2n ** 63n)],
    );
    expect([...(await readAll(arrayBinding(new Float32Array(0), [0, 3], "float32")))]).toEqual([]);
  });

  test("wrong arguments", () => {
    expect(() => arrayBinding(new Float32Array(5), [2, 3], "float32")).toThrow(
      /needs 6 array elements, got 5/,
    );
    expect(() => arrayBinding(new Float32Array(6), [2, 3], "float64")).toThrow(
      /float64 elements come as Float64Array, got float32/,
    );
    expect(() => arrayBinding([1, 2] as never, [2], "float64")).toThrow(/come as Float64Array/);
    expect(() => arrayBinding(new Float32Array(6), [2, -3], "float32")).toThrow(/integers >= 0/);
    expect(() => arrayBinding(new Float32Array(6), [6], "float32", [0])).toThrow(
      /axis 0 must be an integer >= 1/,
    );
    expect(() =>
      arrayBinding(new Float32Array(6), [6], "float32", [[{ size: 4, repeat: 1 }]]),
    ).toThrow(/add up to its length 6/);
  });
});

const ramp = (change: Partial<ChunkSource> = {}, calls: string[] = []): ChunkSource => ({
  shape: [5, 7],
  dtype: "float64",
  chunks: [2, [3, 4]],
  name: "ramp",
  readInto: (region: readonly Interval[], { data, stride, offset }) => {
    const [y, x] = region as readonly [Interval, Interval];
    calls.push(`${y.start}:${y.stop},${x.start}:${x.stop}`);
    for (let i = y.start; i < y.stop; i++) {
      for (let j = x.start; j < x.stop; j++) {
        data[
          offset + (i - y.start) * (stride[0] as number) + (j - x.start) * (stride[1] as number)
        ] = i * 10 + j;
      }
    }
  },
  ...change,
});

describe("user sources", () => {
  test("are asked once per chunk and region, at once when they answer at once", () => {
    const calls: string[] = [];
    const binding = userSource(ramp({}, calls));
    expect(binding).toMatchObject({
      thread: "caller",
      residence: "store",
      name: "ramp",
      description: undefined,
      scratchBytes: 64,
    });
    const data = new Float64Array(12);
    const answer = binding.reader.readInto(
      { lo: [1, 2], hi: [4, 6] },
      { data, shape: [3, 4], stride: [4, 1], offset: 0 },
      signal,
    );
    expect(answer).toBeUndefined();
    expect([...data]).toEqual([12, 13, 14, 15, 22, 23, 24, 25, 32, 33, 34, 35]);
    expect(calls).toEqual(["1:2,2:3", "1:2,3:6", "2:4,2:3", "2:4,3:6"]);
  });

  test("at most sixteen calls are under way", async () => {
    let now = 0;
    let most = 0;
    const binding = userSource({
      shape: [100],
      dtype: "int32",
      chunks: [1],
      readInto: async ([x], { data, offset }) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setImmediate(done));
        data[offset] = (x as Interval).start;
        now--;
      },
    });
    expect([...(await readAll(binding))]).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(most).toBe(16);
  });

  test("failures name the source and the region, and end what is under way first", async () => {
    const sync = userSource(
      ramp({
        readInto: () => {
          throw new RangeError("no tape");
        },
      }),
    );
    const target = { data: new Float64Array(35), shape: [5, 7], stride: [7, 1], offset: 0 };
    expect(() => sync.reader.readInto({ lo: [0, 0], hi: [5, 7] }, target, signal)).toThrow(
      expect.objectContaining({
        name: "SourceError",
        message: "source ramp failed to read [0:2, 0:3]: no tape",
        cause: expect.any(RangeError) as Error,
      }) as Error,
    );
    let open = 0;
    const later = userSource(
      ramp({
        readInto: async ([y, x]) => {
          open++;
          await new Promise((done) => setImmediate(done));
          open--;
          if ((y as Interval).start === 2 && (x as Interval).start === 0) throw new Error("lost");
        },
      }),
    );
    await expect(readAll(later)).rejects.toThrow(/source ramp failed to read \[2:4, 0:3\]: lost/);
    expect(open).toBe(0);
  });

  test("an aborted read starts nothing more", async () => {
    const controller = new AbortController();
    let calls = 0;
    const binding = userSource(
      ramp({
        readInto: () => {
          calls++;
          controller.abort(new Error("enough"));
        },
      }),
    );
    const target = { data: new Float64Array(35), shape: [5, 7], stride: [7, 1], offset: 0 };
    expect(() =>
      binding.reader.readInto({ lo: [0, 0], hi: [5, 7] }, target, controller.signal),
    ).toThrow(expect.objectContaining({ name: "AbortError" }) as Error);
    expect(calls).toBe(1);
  });

  test("what they say of themselves is checked", () => {
    const table: [Partial<ChunkSource>, string, RegExp][] = [
      [{ shape: [5, 1.5] }, "ShapeError", /source ramp: shape must be/],
      [{ shape: undefined as never }, "ShapeError", /shape must be/],
      [{ dtype: "float16" as never }, "DTypeError", /dtype "float16" is unknown.*dtypes are bool/],
      [{ chunks: [2] }, "ChunkError", /one entry per axis \(2\)/],
      [{ chunks: [0, 7] }, "ChunkError", /axis 0 must be an integer >= 1/],
      [{ chunks: [2, [3, 3]] }, "ChunkError", /axis 1 must add up to its length 7/],
      [
        { readInto: undefined as never },
        "SourceError",
        /an object with shape, dtype, chunks and readInto/,
      ],
    ];
    for (const [change, name, message] of table) {
      expect(() => userSource(ramp(change))).toThrow(
        expect.objectContaining({
          name,
          message: expect.stringMatching(message) as string,
        }) as Error,
      );
    }
    expect(() => userSource(null as never)).toThrow(/a source is an object/);
  });
});

describe("stores that answer later", () => {
  const slow = async (fail?: string) => {
    const inner = memoryStore();
    const sink = await createZarrArray(inner, {
      shape: [40],
      dtype: "int16",
      chunks: [1],
      codecs: "raw",
    });
    for (let i = 0; i < 40; i++) {
      await sink.writer.writeChunk(
        [i],
        { data: Int16Array.of(i), shape: [1], stride: [1], offset: 0 },
        signal,
      );
    }
    const state = { now: 0, most: 0 };
    const get = async (key: `/${string}`) => {
      state.most = Math.max(state.most, ++state.now);
      await new Promise((done) => setImmediate(done));
      state.now--;
      if (key === fail) throw new Error("timeout");
      return inner.get(key);
    };
    return { store: { get }, state };
  };
  test("at most sixteen chunks are asked for at a time", async () => {
    const { store, state } = await slow();
    const { binding } = await openZarrArray(store);
    expect([...(await readAll(binding))]).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(state.most).toBe(16);
    expect(binding.thread).toBe("caller");
  });
  test("failures are the store's, and name the chunk", async () => {
    const { store, state } = await slow("/c/7");
    const { binding } = await openZarrArray(store);
    await expect(readAll(binding)).rejects.toThrow(
      expect.objectContaining({
        name: "SourceError",
        message: expect.stringMatching(/\/c\/7: timeout/) as string,
      }) as Error,
    );
    expect(state.now).toBe(0);
  });
  test("aborting says so", async () => {
    const { store } = await slow();
    const { binding } = await openZarrArray(store);
    const controller = new AbortController();
    const target = { data: new Int16Array(40), shape: [40], stride: [1], offset: 0 };
    const reading = binding.reader.readInto({ lo: [0], hi: [40] }, target, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "ABORT" });
  });
});

describe("partial reads of raw chunks", () => {
  test("rows are read apart when what lies between costs more than a call", () => {
    const cut = (counts: number[], strides: number[]) => chooseCut(counts, strides, 4, 32 << 10);
    expect(cut([1000, 1000], [1000, 1])).toEqual({ depth: 0, span: 1_000_000 });
    expect(cut([10, 10], [1_000_000, 1])).toEqual({ depth: 1, span: 10 });
    expect(cut([10, 10, 10], [1_000_000, 100, 1])).toEqual({ depth: 1, span: 910 });
    expect(cut([], [])).toEqual({ depth: 0, span: 1 });
  });

  test("only the wanted ranges are asked of a store", async () => {
    const inner = memoryStore();
    const sink = await createZarrArray(inner, {
      shape: [4, 100_000],
      dtype: "float32",
      chunks: [4, 100_000],
      codecs: "raw",
    });
    const data = Float32Array.from({ length: 400_000 }, (_, i) => i);
    await sink.writer.writeChunk(
      [0, 0],
      { data, shape: [4, 100_000], stride: [100_000, 1], offset: 0 },
      signal,
    );
    const asked: unknown[] = [];
    const store = {
      ...inner,
      getRange: (key: `/${string}`, range: never) => {
        asked.push(range);
        return inner.getRange(key, range);
      },
    };
    const { binding } = await openZarrArray(store);
    expect([...(await readBox(binding.reader, "float32", [1, 5], [3, 7]))]).toEqual([
      100_005, 100_006, 200_005, 200_006,
    ]);
    expect(asked).toEqual([
      { length: 8, offset: 400_020 },
      { length: 8, offset: 800_020 },
    ]);
  });
});
