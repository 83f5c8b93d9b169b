/** Random arrays: the same values however they are cut and computed, their definitions, and their distributions. */
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { randomBits, threefry } from "../../dist/kernels/reference/random.js";
import {
  chiSquareScore,
  correlationScore,
  distance,
  evenScore,
  MOST_DISTANCE,
  moments,
  normalCumulative,
  SIGMAS,
} from "./statistics.js";

const { random } = cw;

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
/** Twice: what was looked at through a weak reference lives to the end of its turn. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await pause(1);
    gc();
  }
}
const SEED = 20261122;

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(() => cw.shutdown());

const dataOf = async <D extends cw.DType>(x: cw.LazyArray<D>): Promise<cw.NDArray<D>["data"]> =>
  (await x.compute({ executor: "inline" })).data;
const numbersOf = async (x: cw.LazyArray): Promise<Float64Array> =>
  Float64Array.from(await dataOf(x), Number);
const within = (value: number, expected: number, deviation: number): void =>
  expect(Math.abs(value - expected) / deviation).toBeLessThan(SIGMAS);

type Chunks = { readonly chunks?: readonly number[] };
type Make = (options: Chunks) => cw.LazyArray;
const P = [0.1, 0.2, 0, 0.4, 0.3];
const SHAPED: Readonly<Record<string, Make>> = {
  uniform: (o) => random.uniform([7, 5, 6], { seed: SEED, low: -3, high: 2, ...o }),
  "uniform float32": (o) => random.uniform([7, 5, 6], { seed: SEED, dtype: "float32", ...o }),
  normal: (o) => random.normal([7, 5, 6], { seed: SEED, mean: 10, std: 3, ...o }),
  "normal float32": (o) => random.normal([7, 5, 6], { seed: SEED, dtype: "float32", ...o }),
  "integers int64": (o) => random.integers(-5, 1000, [7, 5, 6], { seed: SEED, ...o }),
  "integers uint8": (o) => random.integers(0, 256, [7, 5, 6], { seed: SEED, dtype: "uint8", ...o }),
  "integers uint64": (o) =>
    random.integers(1, 3n * 2n ** 62n, [7, 5, 6], { seed: SEED, dtype: "uint64", ...o }),
  choice: (o) => random.choice(11, [7, 5, 6], { seed: SEED, ...o }),
  "choice without replacement": (o) =>
    random.choice(1000, [7, 5, 6], { seed: SEED, replace: false, ...o }),
  "choice with p": (o) => random.choice(5, [7, 5, 6], { seed: SEED, p: P, ...o }),
  "choice with p, without replacement": (o) =>
    random.choice(300, [7, 5, 6], {
      seed: SEED,
      p: new Array(300).fill(1 / 300),
      replace: false,
      ...o,
    }),
};

describe.each(Object.entries(SHAPED))("%s", (_, make) => {
  const whole = make({});
  it("is the same in all chunks and on all workers", async () => {
    const want = await dataOf(whole);
    expect(new Set(Array.from(want, Number)).size).toBeGreaterThan(3);
    for (const chunks of [
      [1, 5, 6],
      [3, 2, 4],
      [7, 5, 1],
      [2, 3, 5],
    ]) {
      const x = make({ chunks });
      expect(x.chunks[0]?.[0]).toBe(chunks[0]);
      expect(await dataOf(x)).toEqual(want);
      for (const workers of [1, 2]) {
        const run = await x.compute({ executor: "threads", workers, inlineBytes: undefined });
        expect(run.data).toEqual(want);
      }
    }
  });

  it("gives slices, turns and reshapes of itself", async () => {
    const held = cw.asarray(await dataOf(whole), { shape: [7, 5, 6], dtype: whole.dtype });
    const views: readonly ((x: cw.LazyArray) => cw.LazyArray)[] = [
      (x) => x.at(3),
      (x) => x.at(cw.slice(1, 6, 2), null, cw.slice(null, null, -1)),
      (x) => x.at(cw.ellipsis, cw.slice(4, 1, -2)).at(cw.slice(2, null), -1),
      (x) => x.permuteDims([2, 0, 1]).at(cw.slice(1, 4)),
      (x) => x.reshape([-1]).at(cw.slice(17, 190, 13)),
      (x) => x.reshape([21, 10]).at(null, cw.slice(3, 7)).T,
      (x) => cw.concat([x.at(cw.slice(4, 7)), x.at(cw.slice(0, 2))]),
      (x) => x.take([6, 0, 0, 3], { axis: 0 }).rechunk([3, 2, 5]),
      (x) => x.broadcastTo([2, 7, 5, 6]).at(1, cw.slice(2, 4)),
    ];
    for (const view of views) {
      expect(await dataOf(view(make({ chunks: [2, 3, 4] })))).toEqual(await dataOf(view(held)));
    }
  });

  it("is one node per seed", async () => {
    expect(make({}).node).toBe(whole.node);
    // What only an equal call would look at must not hang on a collection.
    await collectGarbage();
    expect(make({}).node).toBe(whole.node);
  });
});

describe("seeds", () => {
  it("without one, every array is its own, and stays as it is", async () => {
    const makers = [
      () => random.uniform([50]),
      () => random.normal([50]),
      () => random.integers(0, 2 ** 40, [50]),
      () => random.permutation(1000),
      () => random.choice(2 ** 40, [50]),
      () => random.permutation(cw.arange(50)),
    ];
    for (const make of makers) {
      const [a, b] = [make(), make()];
      expect(a.node).not.toBe(b.node);
      const first = await dataOf(a);
      expect(await dataOf(b)).not.toEqual(first);
      expect(await dataOf(a)).toEqual(first);
    }
  });
  it("are the same as numbers and bigints", () => {
    expect(random.uniform(3, { seed: 7 }).node).toBe(random.uniform(3, { seed: 7n }).node);
    expect(random.uniform(3, { seed: 0 }).node).toBe(random.uniform(3, { seed: -0 }).node);
    expect(random.uniform(3, { seed: 7 }).node).not.toBe(random.uniform(3, { seed: 8 }).node);
    expect(random.permutation(9, { seed: 7 }).node).toBe(random.permutation(9, { seed: 7n }).node);
    const x = cw.arange(1000);
    expect(random.permutation(x, { seed: 7 }).node).toBe(random.permutation(x, { seed: 7 }).node);
    const p = [0.5, 0.5];
    const weighted = random.choice(2, 9, { seed: 7, p });
    expect(random.choice(2, 9, { seed: 7, p: [0.5, 0.5] }).node).toBe(weighted.node);
    expect(random.choice(2, 9, { seed: 7, p: [0.25, 0.75] }).node).not.toBe(weighted.node);
  });
  it("may have 64 bits", async () => {
    const all = await Promise.all(
      [0n, 2n ** 53n, 2n ** 64n - 1n].map((seed) => dataOf(random.uniform([20], { seed }))),
    );
    expect(new Set(all.map(String)).size).toBe(3);
  });
});

/** 64 bits of element i, by the rule of the documentation and the reference's own Threefry. */
const bitsOf = (seed: bigint, stream: number, i: number): bigint =>
  randomBits(threefry([BigInt(stream), 0n], [seed, 0n])[0], BigInt(i));

describe("definitions", () => {
  const seed = 99n;
  const n = 200;
  const indices = Array.from({ length: n }, (_, i) => i);
  it("uniform", async () => {
    const u = indices.map((i) => Number(bitsOf(seed, 0, i) >> 11n) * 2 ** -53);
    expect(Array.from(await dataOf(random.uniform([n], { seed })))).toEqual(u);
    const moved = random.uniform([n], { seed, low: -0.3, high: 1e6 });
    expect(Array.from(await dataOf(moved))).toEqual(u.map((v) => v * (1e6 + 0.3) - 0.3));
    const f = Math.fround;
    const short = indices.map((i) => Number(bitsOf(seed, 0, i) >> 40n) * 2 ** -24);
    const x = random.uniform([n], { seed, low: 1, high: 5, dtype: "float32" });
    expect(Array.from(await dataOf(x))).toEqual(short.map((v) => f(f(v * 4) + 1)));
  });
  it("normal", async () => {
    const z = await numbersOf(random.normal([n], { seed }));
    const want = indices.map((i) => {
      const u = (Number(bitsOf(seed, 1, i) >> 11n) + 1) * 2 ** -53;
      const v = Number(bitsOf(seed, 2, i) >> 11n) * 2 ** -53;
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    });
    want.forEach((w, i) => expect(Math.abs((z[i] as number) - w)).toBeLessThan(1e-14));
    const moved = await dataOf(random.normal([n], { seed, mean: 5, std: 0.5 }));
    expect(Array.from(moved)).toEqual(Array.from(z, (v) => v * 0.5 + 5));
    const short = await dataOf(random.normal([n], { seed, mean: 5, std: 0.5, dtype: "float32" }));
    expect(Array.from(short)).toEqual(Array.from(moved as Float64Array, Math.fround));
  });
  const RANGES: readonly (readonly [bigint, bigint, cw.IntegerDType])[] = [
    [0n, 0n, "int8"],
    [-128n, 127n, "int8"],
    [0n, 9n, "uint8"],
    [-32768n, 32767n, "int16"],
    [100n, 60000n, "uint16"],
    [-(2n ** 31n), 2n ** 31n - 1n, "int32"],
    [-7n, 7n, "int32"],
    [0n, 2n ** 32n - 1n, "uint32"],
    [-(2n ** 63n), 2n ** 63n - 1n, "int64"],
    [-(2n ** 62n), 2n ** 62n + 5n, "int64"],
    [0n, 2n ** 32n, "int64"],
    [0n, 2n ** 40n - 1n, "int64"],
    [0n, 2n ** 64n - 1n, "uint64"],
    [5n, 2n ** 64n - 2n, "uint64"],
  ];
  it.each(RANGES)("integers %s to %s as %s", async (low, high, dtype) => {
    const x = random.integers(low, high, [n], { seed, dtype, endpoint: true });
    expect(x.dtype).toBe(dtype);
    const count = high - low + 1n;
    const even = count <= 2n ** 32n || (count & (count - 1n)) === 0n;
    const want = indices.map((i) => {
      const bits = (bitsOf(seed, 3, i) << 64n) | (even ? 0n : bitsOf(seed, 4, i));
      return low + ((bits * count) >> 128n);
    });
    expect(Array.from(await dataOf(x), BigInt)).toEqual(want);
    if (high < 2n ** 63n) {
      expect(random.integers(low, high + 1n, [n], { seed, dtype }).node).toBe(x.node);
    }
  });
  it("empty and 0-d arrays, and axes of length 1", async () => {
    expect((await dataOf(random.uniform([0, 3], { seed }))).length).toBe(0);
    const one = await dataOf(random.uniform([], { seed }));
    expect(await dataOf(random.uniform([1, 1], { seed }))).toEqual(one);
    const row = await dataOf(random.uniform([6], { seed }));
    expect(row[0]).toBe(one[0]);
    expect(await dataOf(random.uniform([1, 6, 1], { seed }))).toEqual(row);
    expect(await dataOf(random.uniform([2, 3], { seed }))).toEqual(row);
  });
  it("after a long chain of views", async () => {
    let x: cw.LazyArray = random.normal([6000, 2], { seed });
    for (let i = 0; i < 1500; i++) x = x.at(cw.slice(1, null)).flip({ axis: 0 });
    const part = random.normal([6000, 2], { seed }).at(cw.slice(750, -750));
    expect(x.shape).toEqual([4500, 2]);
    expect(await dataOf(x)).toEqual(await dataOf(part));
    let y: cw.LazyArray = cw.arange(2 ** 21);
    for (let i = 0; i < 20; i++) y = y.at(cw.slice(1, null, 2));
    expect(Array.from(await numbersOf(y))).toEqual([2 ** 20 - 1, 2 ** 21 - 1]);
  });
  it("indices beyond 2^32", async () => {
    const far = random.uniform([2 ** 40, 2], { seed }).at(2 ** 39 + 1, 1);
    const u = Number(bitsOf(seed, 0, 2 ** 40 + 3) >> 11n) * 2 ** -53;
    expect(Array.from(await dataOf(far))).toEqual([u]);
  });
});

describe("distributions", () => {
  const n = 400_000;
  it("uniform: moments, buckets, distance", async () => {
    for (const dtype of ["float64", "float32"] as const) {
      const x = await numbersOf(random.uniform([n], { seed: SEED, dtype }));
      expect(Math.min(...x.subarray(0, 1000))).toBeGreaterThanOrEqual(0);
      expect(x.every((v) => v >= 0 && v < 1)).toBe(true);
      const [mean, variance] = moments(x);
      within(mean, 1 / 2, Math.sqrt(1 / 12 / n));
      within(variance, 1 / 12, Math.sqrt((1 / 80 - 1 / 144) / n));
      const counts = new Uint32Array(1000);
      for (const v of x) counts[Math.floor(v * 1000)] = (counts[Math.floor(v * 1000)] ?? 0) + 1;
      expect(Math.abs(evenScore(counts))).toBeLessThan(SIGMAS);
      expect(distance(x, (v) => v)).toBeLessThan(MOST_DISTANCE);
    }
  });

  it("normal: moments, distance, tails", async () => {
    const x = await numbersOf(random.normal([n], { seed: SEED }));
    const [mean, variance, skewness, kurtosis] = moments(x);
    within(mean, 0, Math.sqrt(1 / n));
    within(variance, 1, Math.sqrt(2 / n));
    within(skewness, 0, Math.sqrt(6 / n));
    within(kurtosis, 0, Math.sqrt(24 / n));
    expect(distance(x, normalCumulative)).toBeLessThan(MOST_DISTANCE);
    for (const bound of [3, 4]) {
      const p = 2 * normalCumulative(-bound);
      const beyond = x.filter((v) => Math.abs(v) > bound).length;
      within(beyond, n * p, Math.sqrt(n * p));
    }
  });

  it("integers: every value as often", async () => {
    for (const count of [2, 6, 10, 1000]) {
      const x = await numbersOf(random.integers(0, count, [n], { seed: SEED }));
      const counts = new Uint32Array(count);
      for (const v of x) counts[v] = (counts[v] ?? 0) + 1;
      expect(Math.abs(evenScore(counts))).toBeLessThan(SIGMAS);
    }
    // Too many values for 64 bits: the three quarters of the range must be alike.
    const wide = random.integers(0, 3n * 2n ** 62n, [n], { seed: SEED, dtype: "uint64" });
    const quarters = new Uint32Array(3);
    for (const v of (await dataOf(wide)) as BigUint64Array) {
      quarters[Number(v >> 62n)] = (quarters[Number(v >> 62n)] ?? 0) + 1;
    }
    expect(Math.abs(evenScore(quarters))).toBeLessThan(SIGMAS);
  });

  it("every bit is set in half of the numbers, and a bit of the index turns half of them", async () => {
    const full = random.integers(0, 2n ** 64n, [65536], { seed: SEED, dtype: "uint64" });
    const x = (await dataOf(full)) as BigUint64Array;
    const ones = (f: (v: bigint, i: number) => bigint): Float64Array => {
      const counts = new Float64Array(64);
      x.forEach((v, i) => {
        const bits = f(v, i);
        const halves = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
        for (let b = 0; b < 64; b++) {
          counts[b] = (counts[b] as number) + (((halves[b >> 5] as number) >>> (b & 31)) & 1);
        }
      });
      return counts;
    };
    for (const count of ones((v) => v)) within(count, x.length / 2, Math.sqrt(x.length) / 2);
    // Each pair is counted twice, which doubles the variance.
    for (const flipped of [0, 5, 15]) {
      for (const count of ones((v, i) => v ^ (x[i ^ (1 << flipped)] as bigint))) {
        within(count, x.length / 2, Math.sqrt(2 * x.length) / 2);
      }
    }
  });

  it("neighbours, rows and the two sides of chunk borders are independent", async () => {
    const rows = 400;
    const columns = n / rows;
    const options = { seed: SEED, chunks: [20, 25] };
    for (const array of [
      random.uniform([rows, columns], options),
      random.normal([rows, columns], options),
    ]) {
      const x = await numbersOf(array);
      for (const lag of [1, 2, 3, 8, 25, columns, 20 * columns]) {
        const score = correlationScore(x.subarray(lag), x.subarray(0, n - lag));
        expect(Math.abs(score), `lag ${lag}`).toBeLessThan(SIGMAS);
      }
      const atBorder = (_: number, i: number): boolean =>
        i % 25 === 24 && i % columns < columns - 1;
      const last = x.filter(atBorder);
      const first = x.filter((v, i) => i > 0 && atBorder(v, i - 1));
      expect(last.length).toBe(first.length);
      expect(Math.abs(correlationScore(last, first))).toBeLessThan(SIGMAS);
    }
  });

  it("seeds and functions are independent", async () => {
    const u = (seed: number | bigint): Promise<Float64Array> =>
      numbersOf(random.uniform([100_000], { seed }));
    const x = await u(1);
    const others = [
      await u(0),
      await u(2),
      await u(1n + 2n ** 63n),
      await numbersOf(random.normal([100_000], { seed: 1 })),
      await numbersOf(random.integers(0, 1000, [100_000], { seed: 1 })),
      await numbersOf(random.choice(1000, [100_000], { seed: 1 })),
      await numbersOf(random.permutation(100_000, { seed: 1 })),
    ];
    for (const y of others) expect(Math.abs(correlationScore(x, y))).toBeLessThan(SIGMAS);
  });
});

describe("permutation", () => {
  const sorted = (x: Float64Array): Float64Array => x.sort();
  it("holds every integer once, for 0 to 300 and primes", async () => {
    const lengths = [...Array.from({ length: 301 }, (_, i) => i), 1009, 7919, 65537];
    for (const n of lengths) {
      const x = await numbersOf(random.permutation(n, { seed: SEED + n }));
      expect(sorted(x).every((v, i) => v === i) && x.length === n, `n = ${n}`).toBe(true);
    }
  });

  it("has neighbours that know nothing of each other", async () => {
    for (const n of [1000, 100_003]) {
      const x = await numbersOf(random.permutation(n, { seed: SEED }));
      for (const lag of [1, 2, 317]) {
        const score = correlationScore(x.subarray(lag), x.subarray(0, n - lag));
        expect(Math.abs(score), `lag ${lag} of ${n}`).toBeLessThan(SIGMAS);
      }
      const index = Float64Array.from(x, (_, i) => i);
      expect(Math.abs(correlationScore(x, index))).toBeLessThan(SIGMAS);
      // Steps modulo n are even but for 0, which cannot occur.
      const steps = new Uint32Array(20);
      for (let i = 1; i < n; i++) {
        const step = ((x[i] as number) - (x[i - 1] as number) + n) % n;
        const bucket = Math.floor((step / n) * 20);
        steps[bucket] = (steps[bucket] ?? 0) + 1;
      }
      expect(Math.abs(evenScore(steps))).toBeLessThan(SIGMAS);
    }
  });

  it("costs what is shown of it", async () => {
    const n = 2 ** 52;
    const x = random.permutation(n, { seed: SEED });
    const part = await numbersOf(x.at(cw.slice(2 ** 51, 2 ** 51 + 5000)));
    expect(new Set(part).size).toBe(5000);
    expect(distance(part, (v) => v / n)).toBeLessThan(MOST_DISTANCE);
    const again = await numbersOf(x.at(cw.slice(2 ** 51 + 4999, 2 ** 51 - 1, -7)));
    expect(again).toEqual(part.filter((_, i) => (4999 - i) % 7 === 0).reverse());
  });

  it("reorders an axis of an array", async () => {
    const x = cw.arange(24).reshape([4, 6]);
    for (const axis of [0, 1, -1]) {
      const n = x.shape.at(axis) as number;
      const order = await numbersOf(random.permutation(n, { seed: SEED }));
      const want = await dataOf(x.take(Array.from(order), { axis }));
      expect(await dataOf(random.permutation(x, { seed: SEED, axis }))).toEqual(want);
    }
    expect(await dataOf(random.permutation(x, { seed: SEED }))).toEqual(
      await dataOf(random.permutation(x, { seed: SEED, axis: 0 })),
    );
  });
});

describe("choice", () => {
  it("never chooses twice without replacement", async () => {
    for (const p of [undefined, Array.from({ length: 500 }, (_, i) => i / 124750)]) {
      const x = await numbersOf(random.choice(500, [20, 20], { seed: SEED, replace: false, p }));
      expect(new Set(x).size).toBe(400);
      expect(x.every((v) => v >= 0 && v < 500)).toBe(true);
      if (p !== undefined) expect(x.includes(0)).toBe(false);
    }
    const all = await numbersOf(random.choice(500, [500], { seed: SEED, replace: false }));
    expect(all.sort().every((v, i) => v === i)).toBe(true);
  });

  it("keeps to the probabilities", async () => {
    const n = 200_000;
    const x = await numbersOf(random.choice(5, [n], { seed: SEED, p: P }));
    const counts = new Uint32Array(5);
    for (const v of x) counts[v] = (counts[v] ?? 0) + 1;
    expect(counts[2]).toBe(0);
    const kept = [0, 1, 3, 4];
    const score = chiSquareScore(
      kept.map((i) => counts[i] as number),
      kept.map((i) => (P[i] as number) * n),
    );
    expect(Math.abs(score)).toBeLessThan(SIGMAS);
  });

  it("keeps to them one after the other without replacement", async () => {
    const p = [0.5, 0.3, 0.2];
    const n = 6000;
    const draws = Array.from({ length: n }, (_, seed) =>
      random.choice(3, [2], { seed, p, replace: false }),
    );
    const { data } = await cw.stack(draws).compute({ executor: "inline" });
    const counts: number[] = [];
    const expected: number[] = [];
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b < 3; b++) {
        if (a === b) continue;
        let seen = 0;
        for (let i = 0; i < n; i++) {
          if (Number(data[2 * i]) === a && Number(data[2 * i + 1]) === b) seen++;
        }
        counts.push(seen);
        expected.push((n * (p[a] as number) * (p[b] as number)) / (1 - (p[a] as number)));
      }
    }
    expect(Math.abs(chiSquareScore(counts, expected))).toBeLessThan(SIGMAS);
  });

  it("chooses the same from an array as positions in it", async () => {
    const x = cw.arange(40).reshape([5, 8]);
    for (const settings of [
      { seed: 1 },
      { seed: 1, replace: false },
      { seed: 1, p: [0.1, 0.2, 0.3, 0.2, 0.2] },
      { seed: 1, p: [0.1, 0.2, 0.3, 0.2, 0.2], replace: false },
    ]) {
      const positions = await numbersOf(random.choice(5, [2, 2], settings));
      const want = await dataOf(x.take(Array.from(positions), { axis: 0 }));
      const chosen = random.choice(x, [2, 2], settings);
      expect(chosen.shape).toEqual([2, 2, 8]);
      expect(await dataOf(chosen)).toEqual(want);
      const one = random.choice(x.T, { ...settings, axis: 1 });
      expect(one.shape).toEqual([8]);
      const first = (await numbersOf(random.choice(5, settings)))[0] as number;
      expect(await dataOf(one)).toEqual(await dataOf(x.at(first)));
    }
  });

  it("chooses from more elements than 32 bits can tell apart", async () => {
    const n = 2 ** 52 - 1;
    const x = await numbersOf(random.choice(n, [5000], { seed: SEED }));
    expect(distance(x, (v) => v / n)).toBeLessThan(MOST_DISTANCE);
    const few = await numbersOf(random.choice(n, [5000], { seed: SEED, replace: false }));
    expect(new Set(few).size).toBe(5000);
  });
});
