/**
 * Random permutations of 0..n-1 whose elements are computed one by one: a source of which any slice costs what it
 * shows, however long the whole is.
 *
 * A Feistel network over pairs (left, right) of [0, rows) x [0, columns), with rows * columns just above n and
 * addition modulo rows and columns, is a bijection of their products; what falls beyond n goes through it again until
 * it falls inside, which keeps it a bijection of 0..n-1 (J. Black, P. Rogaway, "Ciphers with arbitrary finite
 * domains", CT-RSA 2002). With 24 rounds of a keyed integer hash such shuffles pass the tests for uniformity even
 * for few elements (R. Mitchell, D. Stokes, E. Frank, G. Holmes, "Bandwidth-optimal random shuffling for GPUs",
 * ACM TOPC 2022). The round keys are Threefry numbers of the seed's stream.
 */
import { ShapeError } from "../../errors.js";
import type { ReadTarget, RegionReader, SourceBinding } from "../../ir/binding.js";
import type { Cuts } from "../../ir/cuts.js";
import type { Box } from "../../ir/index-map.js";
import { freshId } from "../../ir/node.js";
import { Threefry } from "../../ir/threefry.js";

/** Plain data of a permutation. */
export interface PermutationDescription {
  readonly type: "permutation";
  readonly length: number;
  readonly key: bigint;
}

const ROUNDS = 24;
/** Longest permutation: all indices of the pairs are exact. */
const MOST = 2 ** 52;

export class Permutation {
  readonly length: number;
  readonly #rows: number;
  readonly #columns: number;
  /** Two words per round. */
  readonly #keys: Int32Array;

  constructor(length: number, key: bigint) {
    this.length = length;
    // Turning an odd number of places is an even permutation: with odd sides no odd one could ever come out.
    this.#rows = Math.max(2, 2 * Math.ceil(Math.sqrt(length) / 2));
    this.#columns = Math.max(1, Math.ceil(length / this.#rows));
    const stream = new Threefry(key);
    this.#keys = new Int32Array(2 * ROUNDS);
    for (let round = 0; round < ROUNDS; round++) {
      stream.draw(round);
      this.#keys[2 * round] = stream.high;
      this.#keys[2 * round + 1] = stream.low;
    }
  }

  /** The element at a position; both are integers of [0, length). */
  at(position: number): number {
    const [keys, rows, columns] = [this.#keys, this.#rows, this.#columns];
    let value = position;
    do {
      let left = Math.floor(value / columns);
      let right = value - left * columns;
      for (let k = 0; k < 2 * ROUNDS; k += 4) {
        left += below(rows, mixed(right, keys[k] as number, keys[k + 1] as number));
        if (left >= rows) left -= rows;
        right += below(columns, mixed(left, keys[k + 2] as number, keys[k + 3] as number));
        if (right >= columns) right -= columns;
      }
      value = left * columns + right;
    } while (value >= this.length);
    return value;
  }
}

/** 32 bits of a number below 2^32: the finalizer of MurmurHash3 between two keys. */
function mixed(x: number, before: number, between: number): number {
  let h = x ^ before;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = ((h ^ (h >>> 13)) + between) | 0;
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 bits as a fraction of `count`. */
const below = (count: number, bits: number): number => Math.floor(bits * count * 2 ** -32);

/**
 * Binds the permutation of 0..length-1 with this key, as int64.
 *
 * Errors: {@link ShapeError} when it is too long.
 *
 * @example permutationBinding(10, 42n, [uniformCuts(10, 10)])
 */
export function permutationBinding(
  length: number,
  key: bigint,
  chunks: readonly Cuts[],
): SourceBinding {
  if (!(Number.isSafeInteger(length) && length >= 0 && length <= MOST)) {
    throw new ShapeError(`a permutation has 0 to 2**52 elements, got ${length}`);
  }
  const description: PermutationDescription = { type: "permutation", length, key };
  return Object.freeze({
    kind: "source",
    id: freshId(),
    name: "permutation",
    shape: [length],
    dtype: "int64",
    chunks,
    residence: "memory",
    thread: "any",
    scratchBytes: 0,
    description: { ...description },
    reader: permutationReader(description),
  } satisfies SourceBinding);
}

export function permutationReader({ length, key }: PermutationDescription): RegionReader {
  const permutation = new Permutation(length, key);
  return {
    readInto: ({ lo, hi }: Box, target: ReadTarget): void => {
      const data = target.data as BigInt64Array;
      const [low, high, stride] = [lo[0] as number, hi[0] as number, target.stride[0] as number];
      for (let i = low; i < high; i++) {
        data[target.offset + (i - low) * stride] = BigInt(permutation.at(i));
      }
    },
  };
}
