/** Counter-based random bits: the published known answers, and one value in all of its implementations. */
import { describe, expect, it } from "vitest";
import { arg, call } from "../../dist/ir/scalar.js";
import { ROUNDS, STREAMS, streamKey, Threefry } from "../../dist/ir/threefry.js";
import { threefry } from "../../dist/kernels/reference/random.js";
import { scalarFunction } from "../../dist/kernels/reference/scalar.js";
import { random } from "./support.js";

type Pair = readonly [bigint, bigint];
/** threefry2x64 with 20 rounds in `kat_vectors` of Random123: counter, key, output. */
const KNOWN: readonly (readonly [Pair, Pair, Pair])[] = [
  [
    [0n, 0n],
    [0n, 0n],
    [0xc2b6e3a8c2c69865n, 0x6f81ed42f350084dn],
  ],
  [
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [0xe02cb7c4d95d277an, 0xd06633d0893b8b68n],
  ],
  [
    [0x243f6a8885a308d3n, 0x13198a2e03707344n],
    [0xa4093822299f31d0n, 0x082efa98ec4e6c89n],
    [0x263c7d30bb0f0af1n, 0x56be8361d3311526n],
  ],
];
/** Key, counter and first word where the second words are 0, from a program in Python with the same known answers. */
const FIRST_WORDS: readonly (readonly [bigint, bigint, bigint])[] = [
  [0n, 1n, 0xbaf51c00fb3a5957n],
  [1n, 0n, 0xafba27f1657a7b42n],
  [42n, 123456789n, 0x0391fb2100971b39n],
  [2n ** 64n - 1n, 2n ** 63n, 0x5c06cc9a186dcedcn],
];

describe("Threefry-2x64-20", () => {
  it("gives the published answers", () => {
    expect(ROUNDS).toBe(20);
    for (const [counter, key, output] of KNOWN) {
      expect(threefry(counter, key)).toEqual(output);
      expect(new Threefry(...key).words(...counter)).toEqual(output);
    }
  });

  it("gives the answers of an independent program where the second words are 0", () => {
    const bits = scalarFunction("randomBits", "uint64");
    for (const [key, counter, output] of FIRST_WORDS) {
      expect(bits(key, counter)).toBe(output);
      expect(new Threefry(key).words(counter)[0]).toBe(output);
    }
  });

  it("is one function in halves of 32 bits and in bigints", () => {
    const next = random(7);
    const word = (): bigint =>
      (BigInt(Math.floor(next() * 2 ** 32)) << 32n) | BigInt(Math.floor(next() * 2 ** 32));
    for (let i = 0; i < 500; i++) {
      const [counter, key]: [Pair, Pair] = [
        [word(), word()],
        [word(), word()],
      ];
      expect(new Threefry(...key).words(...counter)).toEqual(threefry(counter, key));
    }
  });

  it("draws counters beyond 32 bits, as halves and as a fraction", () => {
    for (const counter of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 12345]) {
      const stream = new Threefry(9n);
      const [bits] = new Threefry(9n).words(BigInt(counter));
      stream.draw(counter);
      expect((BigInt(stream.high) << 32n) | BigInt(stream.low)).toBe(bits);
      expect(stream.uniform(counter)).toBe(Number(bits >> 11n) * 2 ** -53);
    }
  });

  it("has a key for every use of a seed", () => {
    const uses = Object.values(STREAMS);
    expect(new Set(uses).size).toBe(uses.length);
    const keys = [0n, 1n, 2n ** 64n - 1n].flatMap((seed) => uses.map((s) => streamKey(seed, s)));
    expect(new Set(keys).size).toBe(keys.length);
    expect(streamKey(0n, 0)).toBe(0xc2b6e3a8c2c69865n);
  });

  it("has no meaning on other dtypes", () => {
    expect(() => scalarFunction("randomBits", "int64")).toThrow(
      "randomBits has no meaning on int64",
    );
    expect(call("randomBits", "uint64", arg(0, "uint64"), arg(1, "uint64")).dtype).toBe("uint64");
  });
});
