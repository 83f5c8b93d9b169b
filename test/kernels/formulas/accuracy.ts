/** How far kernels are from correctly rounded values, and how they compare with the reference. */
import { readFileSync } from "node:fs";
import { programOf } from "../../../dist/ir/monoid.js";
import { arg, call, type ScalarFunction } from "../../../dist/ir/scalar.js";
import { floatFunction } from "../../../dist/kernels/reference/floats.js";
import { kernels, lay, memory, reset } from "../support.js";

export type Form = "float64" | "float32";
type Floats = Float64Array | Float32Array;

const classOf = (form: Form) => (form === "float64" ? Float64Array : Float32Array);
export const floats = (form: Form, values: Iterable<number>): Floats => classOf(form).from(values);

/** A function of whole arrays, by its kernel. */
export function byKernel(fn: ScalarFunction, form: Form, ...args: readonly Floats[]): Floats {
  reset();
  const n = (args[0] as Floats).length;
  const trees = args.map((_, i) => arg(i, form));
  const { program, results } = programOf([call(fn, form, ...trees)]);
  const [out, ...ins] = [n, ...args].map(() => lay(form, [n]));
  if (out === undefined) return floats(form, []);
  const view = (at: number): Floats =>
    form === "float64"
      ? new Float64Array(memory.buffer, at, n)
      : new Float32Array(memory.buffer, at, n);
  ins.forEach((each, i) => {
    view(each.place.address).set(args[i] as Floats);
  });
  const outputs = [{ value: results[0] as number, dtype: form }];
  const places = ins.map((each) => each.place);
  kernels.map({ program, operands: args.map(() => form), outputs }, [n], [0], places, [out.place]);
  return view(out.place.address).slice();
}

/** Elements for which kernel and reference have different bits. */
export function differences(
  fn: ScalarFunction,
  form: Form,
  ...args: readonly Floats[]
): number[][] {
  const reference = floatFunction(fn, form);
  if (reference === undefined) throw new Error(`${fn} has no reference`);
  const found: number[][] = [];
  byKernel(fn, form, ...args).forEach((y, i) => {
    const [a, b] = args.map((each) => each[i] as number);
    const expected = reference(a as number, b ?? 0);
    if (!Object.is(y, expected)) found.push([a as number, b ?? 0, y, expected]);
  });
  return found;
}

interface Vectors {
  readonly args: readonly string[];
  readonly values: string;
  readonly rests?: string;
}

function decode<T extends Floats>(
  type: new (buffer: ArrayBufferLike, at: number, n: number) => T,
  bytes: number,
  text: string,
): T {
  const data = Uint8Array.from(Buffer.from(text, "base64"));
  return new type(data.buffer, 0, data.length / bytes);
}

/** The unit in the last place of a value. */
function unit(form: Form, value: number): number {
  const [digits, least] = form === "float64" ? [52, -1074] : [23, -149];
  let exponent = Math.floor(Math.log2(Math.abs(value)));
  if (2 ** exponent > Math.abs(value)) exponent--;
  return 2 ** Math.max(exponent - digits, least);
}

/** The largest error of a function on its vectors, in units in the last place. */
export function largestError(fn: ScalarFunction, form: Form): number {
  const file = new URL(`vectors/${fn}.json`, import.meta.url);
  const vectors = (JSON.parse(readFileSync(file, "utf8")) as Record<Form, Vectors>)[form];
  const values = decode(Float64Array, 8, vectors.values);
  const rests = vectors.rests === undefined ? undefined : decode(Float32Array, 4, vectors.rests);
  const args = vectors.args.map((text) =>
    form === "float64" ? decode(Float64Array, 8, text) : decode(Float32Array, 4, text),
  );
  let worst = 0;
  byKernel(fn, form, ...args).forEach((y, i) => {
    const value = values[i] as number;
    const error = Math.abs((y - value) / unit(form, value) - (rests?.[i] ?? 0));
    // NaN is the worst.
    if (!(error <= worst)) worst = error;
  });
  return worst;
}
