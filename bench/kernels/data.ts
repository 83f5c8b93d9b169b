/** The numbers that every contestant computes on: cheap, spread evenly, the same in all languages. */
export type FloatDType = "float32" | "float64";
export type Floats = Float32Array | Float64Array;

/** Seed, low end and span; `bench/peers/data.py` has the same ones. */
const KINDS = {
  a: [1, 0.5, 1],
  b: [2, 0.5, 1],
  c: [3, 0.5, 1],
  wide: [4, -10, 20],
  positive: [5, 0.001, 20],
} as const;
export type InputName = keyof typeof KINDS;

export const bytesOf = (dtype: FloatDType): 4 | 8 => (dtype === "float32" ? 4 : 8);

export function floatsOn(
  dtype: FloatDType,
  buffer: ArrayBufferLike,
  address: number,
  length: number,
): Floats {
  const view = dtype === "float32" ? Float32Array : Float64Array;
  return new view(buffer as ArrayBuffer, address, length);
}

/** Writes elements `first, first + 1, ...` of an input. */
export function fill(target: Floats, name: InputName, first = 0): void {
  const [seed, low, span] = KINDS[name];
  const offset = seed * 40503;
  for (let i = 0; i < target.length; i += 1) {
    const hash = (Math.imul(first + i, 2654435761) + offset) >>> 0;
    target[i] = low + (hash / 4294967296) * span;
  }
}

/** The mean of a result and a weighted mean of seven elements; the peers compute the same two. */
export function checkOf(length: number, at: (i: number) => number): number[] {
  let sum = 0;
  for (let i = 0; i < length; i += 1) sum += at(i);
  let some = 0;
  for (let k = 0; k < 7; k += 1) some += at(Math.floor((length * (2 * k + 1)) / 14)) * (k + 1);
  return [sum / length, some / 7];
}

/** A wrong result is not a fast result. */
export function compare(what: string, got: readonly number[], expected: readonly number[]): void {
  expected.forEach((value, i) => {
    const other = got[i] ?? Number.NaN;
    if (!(Math.abs(other - value) <= 1e-4 * (1 + Math.abs(value)))) {
      throw new Error(`${what}: results differ, ${got.join(", ")} and ${expected.join(", ")}`);
    }
  });
}
