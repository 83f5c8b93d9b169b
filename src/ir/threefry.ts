/**
 * Counter-based random bits where an expression is built or a source is read: Threefry-2x64 with 20 rounds
 * (J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11), on halves of 32
 * bits, which JavaScript numbers do quickly. `randomBits` of `ir/scalar.ts` is the same function in kernels.
 *
 * The number at counter c is the first output word for the counter (c, 0) and the key (k, 0), so any element is
 * computed from its own index alone.
 */

/** Bits by which the second word turns left, by round modulo 8. */
export const ROTATIONS: readonly number[] = [16, 42, 12, 31, 16, 32, 24, 21];
export const ROUNDS = 20;
/** The third word of the key schedule is the exclusive or of the key words and this. */
export const PARITY: bigint = 0x1bd11bdaa9fc1a22n;

const MASK = 0xffffffffn;
const low = (x: bigint): number => Number(x & MASK) | 0;
const high = (x: bigint): number => Number((x >> 32n) & MASK) | 0;
const word = (h: number, l: number): bigint => (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0);

/** The random numbers of one key. */
export class Threefry {
  /** Halves of the last first output word, unsigned. */
  high = 0;
  low = 0;
  readonly #keyLow: Int32Array;
  readonly #keyHigh: Int32Array;
  /** Halves of the last second output word. */
  #otherHigh = 0;
  #otherLow = 0;

  constructor(key: bigint, second = 0n) {
    const words = [key, second, key ^ second ^ PARITY];
    this.#keyLow = Int32Array.from(words, low);
    this.#keyHigh = Int32Array.from(words, high);
  }

  /** Draws number `counter` (an integer from 0): `high` and `low` hold its halves. */
  draw(counter: number): void {
    this.#encrypt(Math.floor(counter / 2 ** 32), counter, 0, 0);
  }

  /** Number `counter` as a float64 in [0, 1): its upper 53 bits. */
  uniform(counter: number): number {
    this.draw(counter);
    return (this.high * 2 ** 21 + (this.low >>> 11)) * 2 ** -53;
  }

  /** Both output words of a counter of two words. */
  words(counter: bigint, second = 0n): [bigint, bigint] {
    this.#encrypt(high(counter), low(counter), high(second), low(second));
    return [word(this.high, this.low), word(this.#otherHigh, this.#otherLow)];
  }

  #encrypt(counterHigh: number, counterLow: number, secondHigh: number, secondLow: number): void {
    const keyLow = this.#keyLow;
    const keyHigh = this.#keyHigh;
    let sum = (counterLow >>> 0) + ((keyLow[0] as number) >>> 0);
    let al = sum | 0;
    let ah = (counterHigh + (keyHigh[0] as number) + (sum > 0xffffffff ? 1 : 0)) | 0;
    sum = (secondLow >>> 0) + ((keyLow[1] as number) >>> 0);
    let bl = sum | 0;
    let bh = (secondHigh + (keyHigh[1] as number) + (sum > 0xffffffff ? 1 : 0)) | 0;
    for (let round = 0; round < ROUNDS; round++) {
      sum = (al >>> 0) + (bl >>> 0);
      al = sum | 0;
      ah = (ah + bh + (sum > 0xffffffff ? 1 : 0)) | 0;
      let turn = ROTATIONS[round & 7] as number;
      if (turn >= 32) {
        const swapped = bl;
        bl = bh;
        bh = swapped;
        turn -= 32;
      }
      if (turn > 0) {
        const turned = (bl << turn) | (bh >>> (32 - turn));
        bh = (bh << turn) | (bl >>> (32 - turn));
        bl = turned;
      }
      bl ^= al;
      bh ^= ah;
      if ((round & 3) !== 3) continue;
      const injection = (round + 1) >> 2;
      const k = injection % 3;
      const next = (injection + 1) % 3;
      sum = (al >>> 0) + ((keyLow[k] as number) >>> 0);
      al = sum | 0;
      ah = (ah + (keyHigh[k] as number) + (sum > 0xffffffff ? 1 : 0)) | 0;
      sum = (bl >>> 0) + ((keyLow[next] as number) >>> 0) + injection;
      bl = sum | 0;
      // Three terms can carry two.
      bh = (bh + (keyHigh[next] as number) + Math.floor(sum / 2 ** 32)) | 0;
    }
    this.high = ah >>> 0;
    this.low = al >>> 0;
    this.#otherHigh = bh;
    this.#otherLow = bl;
  }
}

/** The key of one of the streams of a seed: what it is used for decides its number, so that no two uses meet. */
export const streamKey = (seed: bigint, stream: number): bigint =>
  new Threefry(seed).words(BigInt(stream))[0];

/** Streams by use. */
export const STREAMS = {
  uniform: 0,
  normalRadius: 1,
  normalAngle: 2,
  integers: 3,
  integersLow: 4,
  permutation: 5,
  choice: 6,
  choiceLow: 7,
  choiceOrder: 8,
} as const;
