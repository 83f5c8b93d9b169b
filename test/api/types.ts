/** Types, checked by the compiler alone: every line that is wrong is a compile error (`tsconfig.test.json`). */
import * as cw from "../../dist/index.js";

/** True only for identical types. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type DTypeOf<T> = T extends cw.LazyArray<infer D> ? D : never;
const is = <_T extends true>(): void => {};

declare const f32: cw.LazyArray<"float32">;
declare const f64: cw.LazyArray<"float64">;
declare const i16: cw.LazyArray<"int16">;
declare const i64: cw.LazyArray<"int64">;
declare const u64: cw.LazyArray<"uint64">;
declare const mask: cw.LazyArray<"bool">;
declare const some: cw.LazyArray;

// A known dtype is one of the dtypes; the other way round needs a check.
export const any: cw.LazyArray = f32;
export const list: readonly cw.LazyArray[] = [f32, i16, mask];
// @ts-expect-error: the dtype is not known to be float32
export const wrong: cw.LazyArray<"float32"> = some;
// @ts-expect-error: float64 is not float32
export const other: cw.LazyArray<"float32"> = f64;
if (some.is("int64")) is<Same<typeof some.dtype, "int64">>();

// Promotion, as NumPy 2.
is<Same<cw.Promote<"float32", "int16">, "float32">>();
is<Same<cw.Promote<"int32", "float32">, "float64">>();
is<Same<cw.Promote<"int64", "uint64">, "float64">>();
is<Same<cw.Promote<"uint8", "int8">, "int16">>();
is<Same<cw.Promote<"uint32", "int32">, "int64">>();
is<Same<cw.Promote<"bool", "uint16">, "uint16">>();
is<Same<cw.Promote<"complex64", "float64">, "complex128">>();
is<Same<cw.Promote<"complex64", "int16">, "complex64">>();
is<Same<cw.Promote<"int32", "complex64">, "complex128">>();
is<Same<cw.Promote<cw.DType, "float32">, cw.Promote<"float32", cw.DType>>>();

const sum = f32.add(i16);
is<Same<DTypeOf<typeof sum>, "float32">>();
const scaled = f32.multiply(2).subtract(1n);
is<Same<DTypeOf<typeof scaled>, "float32">>();
const quotient = i16.divide(i64);
is<Same<DTypeOf<typeof quotient>, "float64">>();
const less = f32.less(3);
is<Same<DTypeOf<typeof less>, "bool">>();
const free = cw.add(i16, u64);
is<Same<DTypeOf<typeof free>, "float64">>();
const left = cw.subtract(1, f32);
is<Same<DTypeOf<typeof left>, "float32">>();
const root = cw.sqrt(i16);
is<Same<DTypeOf<typeof root>, "float64">>();
const whole = mask.pow(mask);
is<Same<DTypeOf<typeof whole>, "int8">>();
const real = some.astype("complex64").real();
is<Same<DTypeOf<typeof real>, "float32">>();
const c64 = some.astype("complex64");
const wave = c64.exp();
is<Same<DTypeOf<typeof wave>, "complex64">>();
const magnitude = cw.abs(c64);
is<Same<DTypeOf<typeof magnitude>, "float32">>();
const ratio = cw.divide(c64, i16.astype("float64"));
is<Same<DTypeOf<typeof ratio>, "complex128">>();

// Reductions.
const total = i16.sum({ axis: 0 });
is<Same<DTypeOf<typeof total>, "int64">>();
const narrow = i16.sum({ dtype: "int32", axis: [0, 1] });
is<Same<DTypeOf<typeof narrow>, "int32">>();
const mean = cw.mean(i16, { keepdims: true });
is<Same<DTypeOf<typeof mean>, "float64">>();
const most = f32.max();
is<Same<DTypeOf<typeof most>, "float32">>();
const where = f32.argmax();
is<Same<DTypeOf<typeof where>, "int64">>();
const spread = cw.var(f32, { correction: 1 });
is<Same<DTypeOf<typeof spread>, "float32">>();
const complexSpread = c64.std();
is<Same<DTypeOf<typeof complexSpread>, "float32">>();
const complexMean = cw.mean(c64);
is<Same<DTypeOf<typeof complexMean>, "complex64">>();
const complexTotal = c64.sum({ axis: 0 });
is<Same<DTypeOf<typeof complexTotal>, "complex64">>();

// Creation.
const zeros = cw.zeros([2]);
is<Same<DTypeOf<typeof zeros>, "float64">>();
const bytes = cw.zeros([2], { dtype: "uint8", chunks: [1] });
is<Same<DTypeOf<typeof bytes>, "uint8">>();
const range = cw.arange(10n);
is<Same<DTypeOf<typeof range>, "int64">>();
const typed = cw.arange(0, 10, { dtype: "int32", step: 2 });
is<Same<DTypeOf<typeof typed>, "int32">>();
const filled = cw.full([2], true);
is<Same<DTypeOf<typeof filled>, "bool">>();
const held = cw.asarray(new BigInt64Array(2));
is<Same<DTypeOf<typeof held>, "int64">>();
const nested = cw.asarray([[1, 2]]);
is<Same<DTypeOf<typeof nested>, "float64">>();
const like = f32.onesLike({ dtype: "bool" });
is<Same<DTypeOf<typeof like>, "bool">>();

// Random arrays.
const even = cw.random.uniform([2, 2], { low: -1, seed: 1n });
is<Same<DTypeOf<typeof even>, "float64">>();
const bell = cw.random.normal(3, { std: 2, dtype: "float32" });
is<Same<DTypeOf<typeof bell>, "float32">>();
const dice = cw.random.integers(1, 6n, [2], { endpoint: true });
is<Same<DTypeOf<typeof dice>, "int64">>();
const short = cw.random.integers(0, 9, [2], { dtype: "uint8", chunks: 1 });
is<Same<DTypeOf<typeof short>, "uint8">>();
const order = cw.random.permutation(10, { seed: undefined });
is<Same<DTypeOf<typeof order>, "int64">>();
const mixed = cw.random.permutation(f32, { axis: 1 });
is<Same<DTypeOf<typeof mixed>, "float32">>();
const chosen = cw.random.choice(i16, [2, 3], { replace: false });
is<Same<DTypeOf<typeof chosen>, "int16">>();
const one = cw.random.choice(3, { p: new Float64Array(3), shape: 2 });
is<Same<DTypeOf<typeof one>, "int64">>();
// @ts-expect-error: an integer dtype is no dtype of normal numbers
cw.random.normal([2], { dtype: "int32" });
// @ts-expect-error: a float dtype is no dtype of integers
cw.random.integers(0, 2, [2], { dtype: "float32" });
// @ts-expect-error: the option is called seed
cw.random.uniform([2], { sede: 1 });

// Products, running totals and boolean selections.
const matrix = f32.matmul(f64);
is<Same<DTypeOf<typeof matrix>, "float64">>();
const dot = cw.vecdot(i16, i16, { axis: -1 });
is<Same<DTypeOf<typeof dot>, "int16">>();
const contracted = cw.tensordot(f32, c64, { axes: [[0], [1]] });
is<Same<DTypeOf<typeof contracted>, "complex64">>();
const pairs = mask.outer(i64);
is<Same<DTypeOf<typeof pairs>, "int64">>();
const trace = cw.einsum("ii->", f32);
is<Same<DTypeOf<typeof trace>, "float32">>();
const two = cw.einsum("ij,jk->ik", i16, f32);
is<Same<DTypeOf<typeof two>, "float32">>();
const three = cw.einsum("i,i,i", f32, f32, f32);
is<Same<DTypeOf<typeof three>, cw.DType>>();
// @ts-expect-error: the subscripts come first
cw.einsum(f32, "ii");
// @ts-expect-error: products are of arrays
f32.matmul(2);
const totals = i16.cumulativeSum({ axis: 0, includeInitial: true });
is<Same<DTypeOf<typeof totals>, "int64">>();
const unsigned = cw.cumulativeProd(u64);
is<Same<DTypeOf<typeof unsigned>, "uint64">>();
const narrowed = f64.cumulativeSum({ dtype: "float32" });
is<Same<DTypeOf<typeof narrowed>, "float32">>();
// @ts-expect-error: one axis
f64.cumulativeSum({ axis: [0, 1] });
const selected = f32.at(mask, cw.slice(1));
is<Same<DTypeOf<typeof selected>, "float32">>();
is<Same<typeof selected.shape, readonly (number | null)[]>>();
is<Same<typeof selected.size, number | null>>();
is<Same<typeof selected.nbytes, number | null>>();
const mean32 = selected.mean();
is<Same<DTypeOf<typeof mean32>, "float32">>();
is<Same<ReturnType<typeof cw.nonzero>, cw.LazyArray<"int64">[]>>();

// Movement keeps the dtype.
const moved = f32.reshape([2, -1]).permuteDims([1, 0]).at(0, cw.slice(1)).rechunk("64MiB").T;
is<Same<DTypeOf<typeof moved>, "float32">>();
const joined = cw.concat([f32, f64]);
is<Same<DTypeOf<typeof joined>, "float64">>();

// Block functions know their blocks, and results their dtypes.
const blocks = cw.mapBlocks((b: { data: Float32Array }) => b.data, f32, { dtype: "int8" });
is<Same<DTypeOf<typeof blocks>, "int8">>();
const inferred = cw.mapBlocks(
  (b, c, { params, blockId }) => {
    is<Same<typeof b, cw.Block<"float32">>>();
    is<Same<typeof c.data, BigInt64Array>>();
    is<Same<typeof params.by, number>>();
    is<Same<typeof blockId, readonly number[]>>();
    return b.data;
  },
  f32,
  i64,
  { params: { by: 2 } },
);
is<Same<DTypeOf<typeof inferred>, "float32">>();
const plain = cw.mapBlocks((b) => b.data.map((v) => v + 1), f32);
is<Same<DTypeOf<typeof plain>, "float32">>();
const several = cw.mapBlocks((b) => [b.data, b.data], f32, { dtype: ["float32", "bool"] });
is<Same<typeof several, [cw.LazyArray<"float32">, cw.LazyArray<"bool">]>>();
const product = cw.blockwise(
  (a, b) => {
    is<Same<typeof a, cw.Block<"float32">>>();
    is<Same<typeof b, cw.Block<"float64">>>();
    return a.data;
  },
  "ik",
  [f32, "ij"],
  [f64, "jk"],
);
is<Same<DTypeOf<typeof product>, "float32">>();
const length = cw.applyGufunc((v, k) => Math.hypot(...v.data) * k, "(n), ( ) -> ()", f32, f64, {
  vectorize: true,
  outputDtypes: "float64",
});
is<Same<DTypeOf<typeof length>, "float64">>();
const [low, all] = cw.applyGufunc((v) => [v.data, v.data], "(n)->(),(n)", f32, {
  outputDtypes: ["float32", "int8"],
});
is<Same<DTypeOf<typeof low>, "float32">>();
is<Same<DTypeOf<typeof all>, "int8">>();
const counted = f32.reduction({
  chunk: (b, { axes }) => [b.data, BigInt64Array.of(BigInt(axes.length))],
  combine: (sum, count) => [sum.data, count.data],
  aggregate: (sum, count) => {
    is<Same<typeof sum, cw.Block<"float64">>>();
    is<Same<typeof count.data, BigInt64Array>>();
    return sum.data;
  },
  dtype: "float64",
  partialDtype: ["float64", "int64"],
});
is<Same<DTypeOf<typeof counted>, "float64">>();
const running = i64.scan({ block: (b) => b.data, combine: (carry, b) => [carry, b], axis: 0 });
is<Same<DTypeOf<typeof running>, "int64">>();
const traced = cw.kernel((a, b) => a.multiply(2).add(b.sqrt()));
const untyped: cw.LazyArray = traced(f32, f64);
const byNumber = cw.kernel((a: cw.LazyArray<"float32">, by: number) => a.multiply(by))(f32, 2);
is<Same<DTypeOf<typeof byNumber>, "float32">>();
void untyped;
// @ts-expect-error: a module function names its module
cw.mapBlocks({ export: "f" }, f32);
// @ts-expect-error: labels are text or lists
cw.blockwise((a) => a, 3, [f32, "ij"]);

// Expressions are arrays whose dtype is known when they are built, as text or as a template.
const row = new Float32Array(3);
is<Same<ReturnType<typeof cw.expr>, cw.LazyArray>>();
is<Same<cw.LazyArray, typeof tagged>>();
const tagged = cw.expr`sqrt(${f32}**2 + ${i16}) * ${2} + ${row} + ${[1, 2]} + ${1n} + ${true}`;
const spelled = cw.expr("f(u, axis=0)", { u: f32, f: (x: cw.LazyArray) => x.abs() });
if (spelled.is("float32")) is<Same<typeof spelled.dtype, "float32">>();
// @ts-expect-error: an object is no value of an expression
cw.expr`${{ a: 1 }}`;
// @ts-expect-error: names come in an object
cw.expr("u", [f32]);
f32.at("10:20, ::-1, ...");

// So do selections and assignments.
const picked = f32.at([0, 1], i64, cw.newaxis).take(new Int8Array(2)).takeAlongAxis(i64);
is<Same<DTypeOf<typeof picked>, "float32">>();
const assigned = i16.setItem([cw.slice(1), [0, 2]], i64).setItem(cw.ellipsis, 1);
is<Same<DTypeOf<typeof assigned>, "int16">>();
// @ts-expect-error: a boolean is no selector
f32.at(true);
export async function inBlocks(): Promise<void> {
  for await (const { block, offset } of f32.blocks({ chunks: 10 })) {
    is<Same<typeof block, cw.NDArray<"float32">>>();
    const n: number | undefined = offset[0];
    void n;
  }
  const text: string = await f32.preview({ edge: 2 });
  void text;
}

// Results come in the shape they were asked for.
export async function results(): Promise<void> {
  is<Same<Awaited<ReturnType<typeof f32.compute>>, cw.NDArray<"float32">>>();
  const pair = await cw.compute([f32, i64]);
  is<Same<(typeof pair)[0], cw.NDArray<"float32">>>();
  is<Same<(typeof pair)[1], cw.NDArray<"int64">>>();
  const named = await cw.compute({ low: f32.min(), count: mask.sum() }, { memory: "1GiB" });
  is<Same<typeof named.count, cw.NDArray<"int64">>>();
  is<Same<typeof named.low.data, Float32Array>>();
  const n: number = named.count.item({ bigint: "number" });
  const b: bigint = named.count.item();
  const back: cw.LazyArray<"int64"> = cw.asarray(named.count);
  const u: cw.LazyArray<"float32"> = await cw.openZarr("era5.zarr", {
    path: "u",
    dtype: "float32",
  });
  const group: cw.ZarrGroup = await cw.openGroup("era5.zarr");
  const v: cw.ZarrArray | undefined = group.groups["winds"]?.arrays["v"];
  is<Same<typeof group.attributes, Readonly<Record<string, unknown>>>>();
  const stats: cw.RunStats = await cw.store({ u, "winds/u": u }, new Map<string, Uint8Array>(), {
    codecs: { name: "blosc", cname: "lz4" },
    arrays: { u: { mode: "append", axis: 1, attributes: undefined } },
  });
  // @ts-expect-error: the option is called codecs
  await cw.store({ u }, "a.zarr", { arrays: { u: { codec: "zstd" } } });
  // @ts-expect-error: there is no such mode
  await u.toZarr("a.zarr", { mode: "replace" });
  void [v, stats];
  const kept = await u.persist();
  is<Same<DTypeOf<typeof kept>, "float32">>();
  kept.dispose();
  const counted = await cw.measure(f32.at(mask));
  is<Same<DTypeOf<typeof counted>, "float32">>();
  const lengths: readonly number[] = kept.shape;
  // @ts-expect-error: the length of a selection may not be known
  const length: number = (f32.at(mask).shape[0] ?? 0) ? f32.at(mask).shape[0] : 0;
  void [n, b, back, lengths, length];
}

// Optional properties accept undefined; unknown options do not compile.
f32.sum({ axis: undefined, keepdims: undefined });
// @ts-expect-error: the option is called axis
f32.sum({ axes: 0 });
// @ts-expect-error: a string is no operand
f32.add("1");

// Many arrays at once: results in the places of the arrays, what is not lazy as it is.
export async function backends(text: string): Promise<void> {
  const [a, b, c] = await cw.backend.compute([f32, text, i64]);
  is<Same<typeof a, cw.NDArray<"float32">>>();
  is<Same<typeof b, string>>();
  is<Same<typeof c, cw.NDArray<"int64">>>();
  const [kept, seven] = await cw.backend.persist([i16, 7]);
  is<Same<typeof kept, cw.PersistedArray<"int16">>>();
  is<Same<typeof seven, 7>>();
  const [{ x, y }, one, [first]] = await cw.backend.computeMany([{ x: f32, y: mask }, u64, [i16]]);
  is<Same<typeof x, cw.NDArray<"float32">>>();
  is<Same<typeof y, cw.NDArray<"bool">>>();
  is<Same<typeof one, cw.NDArray<"uint64">>>();
  is<Same<typeof first, cw.NDArray<"int16">>>();
  const [record, [second]] = cw.backend.optimizeMany([{ x: f32 }, [i16]]);
  is<Same<DTypeOf<typeof record.x>, "float32">>();
  is<Same<DTypeOf<typeof second>, "int16">>();
  const source = { shape: [2], dtype: "int16", chunks: [2], readInto: () => undefined } as const;
  const [own, cast, typed] = [
    cw.backend.fromArray(source),
    cw.backend.fromArray(source, { dtype: "float32" }),
    cw.backend.fromArray(new Float32Array(3)),
  ] as const;
  is<Same<DTypeOf<typeof own>, "int16">>();
  is<Same<DTypeOf<typeof cast>, "float32">>();
  is<Same<DTypeOf<typeof typed>, "float32">>();
  const shuffled = cw.backend.shuffle(f64, [[1], [0]], 0);
  is<Same<DTypeOf<typeof shuffled>, "float64">>();
  const maybe: unknown = text;
  if (cw.backend.isChunkedArray(maybe)) is<Same<typeof maybe, cw.LazyArray>>();
  // @ts-expect-error: a text is no array
  cw.backend.chunks(text);
}
