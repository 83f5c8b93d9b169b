/** Random small arrays for the tests of rewrite rules: every length and value at which a rule may go wrong. */
import { sourceNode } from "../../dist/ir/build.js";
import { cutsFromSizes } from "../../dist/ir/cuts.js";
import {
  arrayClass,
  type DType,
  isBig,
  isComplex,
  isFloat,
  slotsPerElement,
} from "../../dist/ir/dtype.js";
import { knownShape, type Node } from "../../dist/ir/node.js";
import { random } from "../property/random.js";
import { storeBinding } from "../property/stores.js";
import { FLOAT_SPECIALS, INT_SPECIALS } from "../property/values.js";

export const FLOATS: readonly DType[] = ["float32", "float64"];
export const INTS: readonly DType[] = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
];
export const COMPLEX: readonly DType[] = ["complex64", "complex128"];
export const REALS: readonly DType[] = [...INTS, ...FLOATS];
export const ALL: readonly DType[] = [...REALS, ...COMPLEX, "bool"];

const LENGTHS = [0, 1, 2, 5, 6];

export class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  int(below: number): number {
    return Math.floor(this.#next() * below);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
  chance(p: number): boolean {
    return this.#next() < p;
  }

  /** Lengths of `rank` axes (0 to 3 if none is given); empty axes are rare enough to leave something to compare. */
  shape(rank: number = this.int(4)): number[] {
    return Array.from({ length: rank }, () => this.pick(this.chance(0.1) ? [0] : LENGTHS.slice(1)));
  }

  /** Some axes of a shape, in order; at least `least` of them. */
  axes(rank: number, least = 0): number[] {
    const all = Array.from({ length: rank }, (_, a) => a);
    for (;;) {
      const chosen = all.filter(() => this.chance(0.5));
      if (chosen.length >= Math.min(least, rank)) return chosen;
    }
  }

  permutation(rank: number): number[] {
    const left = Array.from({ length: rank }, (_, a) => a);
    return Array.from({ length: rank }, () => left.splice(this.int(left.length), 1)[0] as number);
  }

  /** An array in memory; half of its elements are special ones. */
  array(shape: readonly number[], dtype: DType): Node {
    const count = shape.reduce((a, b) => a * b, slotsPerElement(dtype));
    const data = new (arrayClass(dtype))(count);
    for (let i = 0; i < count; i++) {
      const special = this.chance(0.5);
      if (dtype === "bool") (data as Uint8Array)[i] = this.int(2);
      else if (isFloat(dtype) || isComplex(dtype)) {
        (data as Float64Array)[i] = special ? this.pick(FLOAT_SPECIALS) : (this.#next() - 0.5) * 20;
      } else {
        const value = special ? this.pick(INT_SPECIALS) : BigInt(this.int(40) - 20);
        // Typed arrays wrap: the extremes of every width are among the values.
        if (isBig(dtype)) (data as BigInt64Array)[i] = value;
        else (data as Int32Array)[i] = Number(BigInt.asIntN(32, value));
      }
    }
    const chunks = shape.map((n) => this.cuts(n));
    const options = { shape, dtype, chunks, residence: "memory", later: false } as const;
    return sourceNode(storeBinding(data, { chunks: 0 }, options));
  }

  cuts(extent: number): ReturnType<typeof cutsFromSizes> {
    const first = this.int(extent);
    return cutsFromSizes(first === 0 ? [extent] : [first, extent - first]);
  }

  /** An array whose axes are those of `like` or of length 1. */
  stretched(like: Node, dtype: DType): Node {
    const shape = knownShape(like).map((n) => (this.chance(0.3) ? 1 : n));
    return this.array(shape, dtype);
  }
}
