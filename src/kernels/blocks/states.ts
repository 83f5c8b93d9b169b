/**
 * Running sums and products, one per line: floats in float64, integers modulo 2^64, complex numbers as two floats.
 * `set` starts a state with an element, `enter` takes one more in; results wrap or round to the dtype of the block
 * that they are stored into.
 */
import type { DType, TypedArray } from "../../ir/dtype.js";
import { isBig, isComplex, isFloat } from "../../ir/dtype.js";

export type ScanMonoid = "sum" | "prod";

export interface States {
  set(n: number, data: TypedArray, at: number): void;
  enter(n: number, data: TypedArray, at: number): void;
  /** Stores state `n`, after `before` if there is one: the state of all that came earlier. */
  store(n: number, before: States | undefined, data: TypedArray, at: number): void;
}

/** States for elements of dtype `from` that accumulate as `state` and end as `to`. */
export function statesOf(
  monoid: ScanMonoid,
  lines: number,
  from: DType,
  state: DType,
  to: DType,
): States {
  if (isComplex(state)) return new ComplexStates(monoid, lines, isComplex(from));
  if (isFloat(state)) return new FloatStates(monoid, lines, isBig(from));
  return monoid === "sum"
    ? new IntegerSums(lines, isBig(from), isBig(to))
    : new IntegerProducts(lines, isBig(to));
}

class FloatStates implements States {
  readonly values: Float64Array;
  readonly #sum: boolean;
  readonly #big: boolean;

  constructor(monoid: ScanMonoid, lines: number, big: boolean) {
    this.values = new Float64Array(lines);
    this.#sum = monoid === "sum";
    this.#big = big;
  }

  set(n: number, data: TypedArray, at: number): void {
    this.values[n] = this.#big ? Number(data[at]) : (data[at] as number);
  }

  enter(n: number, data: TypedArray, at: number): void {
    const value = this.#big ? Number(data[at]) : (data[at] as number);
    const { values } = this;
    if (this.#sum) values[n] = (values[n] as number) + value;
    else values[n] = (values[n] as number) * value;
  }

  store(n: number, before: FloatStates | undefined, data: TypedArray, at: number): void {
    const value = this.values[n] as number;
    if (before === undefined) data[at] = value;
    else {
      const earlier = before.values[n] as number;
      data[at] = this.#sum ? earlier + value : earlier * value;
    }
  }
}

/** Sums in two words of 32 bits: no bigint is made per element. */
class IntegerSums implements States {
  readonly words: Int32Array;
  readonly #bigIn: boolean;
  readonly #bigOut: boolean;

  constructor(lines: number, bigIn: boolean, bigOut: boolean) {
    this.words = new Int32Array(2 * lines);
    this.#bigIn = bigIn;
    this.#bigOut = bigOut;
  }

  set(n: number, data: TypedArray, at: number): void {
    this.words[2 * n] = 0;
    this.words[2 * n + 1] = 0;
    this.enter(n, data, at);
  }

  enter(n: number, data: TypedArray, at: number): void {
    if (this.#bigIn) {
      const words = wordsOf(data);
      this.#add(n, words[2 * at] as number, words[2 * at + 1] as number);
    } else {
      const value = data[at] as number;
      this.#add(n, value | 0, value < 0 ? -1 : 0);
    }
  }

  #add(n: number, low: number, high: number): void {
    const { words } = this;
    const sum = ((words[2 * n] as number) + low) | 0;
    const carry = sum >>> 0 < low >>> 0 ? 1 : 0;
    words[2 * n] = sum;
    words[2 * n + 1] = ((words[2 * n + 1] as number) + high + carry) | 0;
  }

  store(n: number, before: IntegerSums | undefined, data: TypedArray, at: number): void {
    let low = this.words[2 * n] as number;
    let high = this.words[2 * n + 1] as number;
    if (before !== undefined) {
      const sum = (low + (before.words[2 * n] as number)) | 0;
      const carry = sum >>> 0 < low >>> 0 ? 1 : 0;
      high = (high + (before.words[2 * n + 1] as number) + carry) | 0;
      low = sum;
    }
    if (this.#bigOut) {
      const words = wordsOf(data);
      words[2 * at] = low;
      words[2 * at + 1] = high;
    } else data[at] = low;
  }
}

const views = new WeakMap<TypedArray, Int32Array>();
function wordsOf(data: TypedArray): Int32Array {
  let words = views.get(data);
  if (words === undefined) {
    words = new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
    views.set(data, words);
  }
  return words;
}

class IntegerProducts implements States {
  readonly values: BigInt64Array;
  readonly #bigOut: boolean;

  constructor(lines: number, bigOut: boolean) {
    this.values = new BigInt64Array(lines);
    this.#bigOut = bigOut;
  }

  set(n: number, data: TypedArray, at: number): void {
    this.values[n] = BigInt(data[at] as number | bigint);
  }

  enter(n: number, data: TypedArray, at: number): void {
    this.values[n] = (this.values[n] as bigint) * BigInt(data[at] as number | bigint);
  }

  store(n: number, before: IntegerProducts | undefined, data: TypedArray, at: number): void {
    const own = this.values[n] as bigint;
    const value = before === undefined ? own : own * (before.values[n] as bigint);
    if (this.#bigOut) data[at] = value;
    else data[at] = Number(BigInt.asIntN(32, value));
  }
}

/** Pairs of parts; a product is the four products of schoolbook multiplication. */
class ComplexStates implements States {
  readonly parts: Float64Array;
  readonly #sum: boolean;
  readonly #pairs: boolean;

  constructor(monoid: ScanMonoid, lines: number, pairs: boolean) {
    this.parts = new Float64Array(2 * lines);
    this.#sum = monoid === "sum";
    this.#pairs = pairs;
  }

  set(n: number, data: TypedArray, at: number): void {
    this.parts[2 * n] = Number(data[this.#pairs ? 2 * at : at]);
    this.parts[2 * n + 1] = this.#pairs ? Number(data[2 * at + 1]) : 0;
  }

  enter(n: number, data: TypedArray, at: number): void {
    const re = Number(data[this.#pairs ? 2 * at : at]);
    const im = this.#pairs ? Number(data[2 * at + 1]) : 0;
    this.#take(this.parts, n, re, im, this.parts, 2 * n);
  }

  store(n: number, before: ComplexStates | undefined, data: TypedArray, at: number): void {
    const re = this.parts[2 * n] as number;
    const im = this.parts[2 * n + 1] as number;
    if (before === undefined) {
      data[2 * at] = re;
      data[2 * at + 1] = im;
    } else this.#take(before.parts, n, re, im, data, 2 * at);
  }

  #take(
    earlier: Float64Array,
    n: number,
    re: number,
    im: number,
    out: TypedArray,
    at: number,
  ): void {
    const a = earlier[2 * n] as number;
    const b = earlier[2 * n + 1] as number;
    out[at] = this.#sum ? a + re : a * re - b * im;
    out[at + 1] = this.#sum ? b + im : a * im + b * re;
  }
}
