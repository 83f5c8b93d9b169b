/** Random permutations by themselves: all orders alike, odd and even ones too, whatever the number of elements. */
import { describe, expect, it } from "vitest";
import { Permutation } from "../../dist/io/sources/permutation.js";
import { weightedPosition } from "../../dist/io/sources/weighted.js";
import { streamKey } from "../../dist/ir/threefry.js";
import { evenScore, SIGMAS } from "../api/statistics.js";

const orderOf = (n: number, seed: number): number[] => {
  const permutation = new Permutation(n, streamKey(BigInt(seed), 5));
  return Array.from({ length: n }, (_, i) => permutation.at(i));
};

function isOdd(order: readonly number[]): boolean {
  const seen = new Set<number>();
  let swaps = 0;
  for (const start of order.keys()) {
    for (let i = start; !seen.has(i); i = order[i] as number) {
      seen.add(i);
      if (order[i] !== start) swaps++;
    }
  }
  return swaps % 2 === 1;
}

describe("Permutation", () => {
  it("has all orders of few elements alike", () => {
    for (const [n, orders] of [
      [2, 2],
      [3, 6],
      [4, 24],
      [5, 120],
      [6, 720],
      [7, 5040],
    ] as const) {
      const counts = new Map<string, number>();
      for (let seed = 0; seed < orders * 10; seed++) {
        const order = orderOf(n, seed).join();
        counts.set(order, (counts.get(order) ?? 0) + 1);
      }
      const all = [...counts.values(), ...new Array<number>(orders - counts.size).fill(0)];
      expect(Math.abs(evenScore(all)), `n = ${n}`).toBeLessThan(SIGMAS);
    }
  });

  it("is odd as often as even, and puts every element everywhere", () => {
    const seeds = 5000;
    for (const n of [8, 9, 25, 49, 50, 63, 64, 81]) {
      const cells = new Uint32Array(n * n);
      let odd = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const order = orderOf(n, seed);
        odd += Number(isOdd(order));
        order.forEach((v, i) => {
          cells[i * n + v] = (cells[i * n + v] as number) + 1;
        });
      }
      expect(Math.abs(odd - seeds / 2) / Math.sqrt(seeds / 4), `n = ${n}`).toBeLessThan(SIGMAS);
      expect(Math.abs(evenScore(cells)), `n = ${n}`).toBeLessThan(SIGMAS);
    }
  });

  it("stays inside at every length", () => {
    for (const n of [1, 2, 2 ** 31, 2 ** 32 + 15, 2 ** 52 - 47, 2 ** 52]) {
      const permutation = new Permutation(n, 77n);
      for (const i of [0, n - 1, Math.floor(n / 2)]) {
        const v = permutation.at(i);
        expect(Number.isSafeInteger(v) && v >= 0 && v < n, `${i} of ${n}`).toBe(true);
      }
    }
  });
});

describe("weightedPosition", () => {
  it("is the first whose running sum is above", () => {
    const sums = Float64Array.of(0, 0.25, 0.25, 0.5, 1, 1);
    const largest = 1 - 2 ** -53;
    const found = [0, 0.2, 0.25, 0.49, 0.5, largest].map((u) => weightedPosition(sums, u));
    expect(found).toEqual([1, 1, 3, 3, 4, 4]);
    expect(weightedPosition(Float64Array.of(1), largest)).toBe(0);
  });
});
