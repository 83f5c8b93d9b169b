/** A memory, its kernels, and arrays laid out in it in any way, for the kernel tests. */
import { type DType, itemSize, type RealDType, viewOf } from "../../dist/ir/dtype.js";
import { Kernels, type Place } from "../../dist/kernels/index.js";

export const SCRATCH = 65536;
export const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
export const kernels = new Kernels(memory, { address: 0, bytes: SCRATCH });

export type Element = number | bigint;

/** Small deterministic generator (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let next = SCRATCH;
export function reset(): void {
  next = SCRATCH;
}

export function allocate(bytes: number): number {
  const address = next;
  next = Math.ceil((next + bytes + 72) / 8) * 8;
  if (next > memory.buffer.byteLength) throw new Error("test memory is full");
  return address;
}

export type Layout = "contiguous" | "strided" | "reversed" | "repeated" | "transposed";

/** An array in the memory, with the way its elements lie. */
export interface Laid {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly place: Place;
}

export function lay(dtype: DType, shape: readonly number[], layout: Layout = "contiguous"): Laid {
  const size = itemSize(dtype);
  const strides = new Array<number>(shape.length).fill(0);
  let step = layout === "strided" ? 3 * size : size;
  const axes = shape.map((_, axis) => axis);
  for (const axis of layout === "transposed" ? axes : axes.reverse()) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis] as number);
  }
  let address = allocate(Math.max(step, size));
  if (layout === "reversed")
    strides.forEach((stride, axis) => {
      address += stride * Math.max(0, (shape[axis] as number) - 1);
      strides[axis] = -stride;
    });
  if (layout === "repeated") strides.fill(0, -1);
  return { dtype, shape, place: { address, strides } };
}

/** All positions of a shape, row-major. */
export function* positions(shape: readonly number[]): Generator<number[]> {
  if (shape.includes(0)) return;
  const at = shape.map(() => 0);
  for (;;) {
    yield [...at];
    let axis = shape.length - 1;
    while (axis >= 0 && ++(at[axis] as number[][number]) === shape[axis]) at[axis--] = 0;
    if (axis < 0) return;
  }
}

function cell(a: Laid, at: readonly number[]): ReturnType<typeof viewOf> {
  const offset = a.place.strides.reduce(
    (sum, s, i) => sum + s * (at[i] as number),
    a.place.address,
  );
  return viewOf(a.dtype, memory.buffer, offset, 1);
}

export const put = (a: Laid, at: readonly number[], value: Element): void => {
  (cell(a, at) as { [n: number]: Element })[0] = value;
};
export const take = (a: Laid, at: readonly number[]): Element => cell(a, at)[0] as Element;

/** Writes values in row-major order; repeated axes keep what came last. */
export function write(a: Laid, values: readonly Element[]): Laid {
  let i = 0;
  for (const at of positions(a.shape)) put(a, at, values[i++ % values.length] as Element);
  return a;
}

export const read = (a: Laid): Element[] => [...positions(a.shape)].map((at) => take(a, at));

/** Bits of an element, all NaNs alike, so that -0 and 0 differ and NaN equals NaN. */
export const bits = (x: Element): string =>
  typeof x === "bigint" ? `${x}n` : Object.is(x, -0) ? "-0" : String(x);

const F = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  -7.25,
  1e-3,
  127.7,
  -128.9,
  255.5,
  32768.3,
  65535.9,
  2147483647.5,
  -2147483649.5,
  4294967296,
  9.3e18,
  -9.3e18,
  1.9e19,
  1e30,
  -1e30,
  3.4e38,
  5e-324,
  1e-40,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2,
  -3,
  10,
  0.1,
  -0.3,
  88.5,
  1e300,
];

/** Values at which functions change their ways, as elements of a dtype. */
export function specials(dtype: RealDType): Element[] {
  if (dtype === "bool") return [0, 1, 1, 0, 1];
  if (dtype === "float64") return F;
  if (dtype === "float32") return F.map(Math.fround);
  const width = itemSize(dtype) * 8;
  const top = 2n ** BigInt(width);
  const half = top / 2n;
  const base = [
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    8n,
    15n,
    16n,
    31n,
    32n,
    63n,
    64n,
    65n,
    100n,
    127n,
    128n,
    200n,
  ];
  const raw = [
    ...base,
    half - 1n,
    half,
    half + 1n,
    top - 1n,
    top - 2n,
    top - 3n,
    top - 8n,
    top - 64n,
  ];
  return raw.map((x): Element => {
    const wrapped = dtype.startsWith("u") ? BigInt.asUintN(width, x) : BigInt.asIntN(width, x);
    return width === 64 ? wrapped : Number(wrapped);
  });
}
