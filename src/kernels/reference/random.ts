/** Counter-based random numbers as the paper writes them down, in plain bigint arithmetic. */
const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
const TURNS: readonly bigint[] = [16n, 42n, 12n, 31n, 16n, 32n, 24n, 21n];

/**
 * Threefry-2x64 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, section 3.2;
 * the rotations are those of Random123): both output words.
 */
export function threefry(
  [c0, c1]: readonly [bigint, bigint],
  [k0, k1]: readonly [bigint, bigint],
): readonly [bigint, bigint] {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bdaa9fc1a22n];
  const keyOf = (i: bigint): bigint => keys[Number(i % 3n)] as bigint;
  let x = wrap(c0 + k0);
  let y = wrap(c1 + k1);
  for (let s = 0n; s < 5n; s++) {
    for (let r = 0n; r < 4n; r++) {
      const turn = TURNS[Number((4n * s + r) % 8n)] as bigint;
      x = wrap(x + y);
      y = wrap(y << turn) | (y >> (64n - turn));
      y ^= x;
    }
    x = wrap(x + keyOf(s + 1n));
    y = wrap(y + keyOf(s + 2n) + s + 1n);
  }
  return [x, y];
}

export const randomBits = (key: bigint, counter: bigint): bigint =>
  threefry([counter, 0n], [key, 0n])[0];
export const multiplyHigh = (a: bigint, b: bigint): bigint => (a * b) >> 64n;
