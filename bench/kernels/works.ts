/** What is measured: expressions, the peers that compute the same, and how fast we want to be beside each. */
import * as cw from "chunkwise";
import { bytesOf, type FloatDType, type InputName } from "./data.js";
import type { Direct, Program } from "./direct.js";
import { productProgram, reduceProgram } from "./direct-reduce.js";

export interface Rival {
  readonly peer: string;
  /** Threads of the peer; ours run on as many workers. */
  readonly threads: 1 | 2;
  /** Our speed in theirs, at least. */
  readonly target: number;
}

export interface Work {
  /** What it is chosen by on the command line. */
  readonly group: string;
  readonly name: string;
  /** What peers call it. */
  readonly run: string;
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  /** Blocks of the inputs, cut along the first axis. */
  readonly step: number;
  readonly inputs: readonly InputName[];
  readonly build: (inputs: readonly cw.LazyArray[]) => cw.LazyArray;
  readonly direct?: (direct: Direct, x: cw.LazyArray) => Program;
  readonly rivals: readonly Rival[];
  /** Two workers against one, at least. */
  readonly scaling?: number;
  /** Bytes that it reads and writes at the least. */
  readonly bytes: number;
}

export type Size = "full" | "small";
const FLOATS: readonly FloatDType[] = ["float64", "float32"];
const count = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);
const short = (dtype: FloatDType): string => (dtype === "float64" ? "f64" : "f32");

export function works(size: Size): Work[] {
  return [
    ...FLOATS.map((dtype) => chain(size, dtype)),
    ...["sum", "mean", "min", "max"].flatMap((fn) =>
      FLOATS.flatMap((dtype) => reductions(size, fn, dtype)),
    ),
    ...moments(size),
    ...["exp", "log", "sin", "tanh"].map((fn) => math(size, fn)),
    rechunk(size),
    transpose(size),
    ...FLOATS.map((dtype) => matmul(size, dtype)),
    ...workers(size),
  ];
}

type Line = Pick<Work, "dtype" | "shape" | "step">;

const line = (size: Size, dtype: FloatDType): Line => ({
  dtype,
  shape: [size === "full" ? 2 ** 25 : 2 ** 20],
  step: (size === "full" ? 2 ** 22 : 2 ** 20) / bytesOf(dtype),
});

/** No power of two anywhere: rows of powers of two apart fight for the same cache sets. */
const plane = (size: Size, dtype: FloatDType): Line => ({
  dtype,
  shape: size === "full" ? [3616, 9280] : [1040, 1010],
  step: 256 / bytesOf(dtype),
});

const slabs = (size: Size): Line => ({
  dtype: "float32",
  shape: size === "full" ? [128, 720, 1440] : [16, 180, 360],
  step: 1,
});

const bytes = ({ dtype, shape }: Line, arrays: number): number =>
  arrays * count(shape) * bytesOf(dtype);

function chain(size: Size, dtype: FloatDType): Work {
  const on = line(size, dtype);
  const both = (peer: string, target: number): Rival[] => [
    { peer, threads: 1, target },
    { peer, threads: 2, target },
  ];
  return {
    ...on,
    group: "chain",
    name: `(a*b+c)*2-sqrt(abs(a)) ${short(dtype)}`,
    run: "chain",
    inputs: ["a", "b", "c"],
    build: ([a, b, c]) =>
      of(a)
        .multiply(of(b))
        .add(of(c))
        .multiply(2)
        .subtract(cw.sqrt(cw.abs(of(a)))),
    direct: (direct, x) => direct.map(x),
    rivals: [
      { peer: "C", threads: 1, target: 0.85 },
      ...both("numexpr", 3),
      ...both("dask", 3),
      ...both("numba", 0.85),
    ],
    bytes: bytes(on, 4),
  };
}

function reductions(size: Size, fn: string, dtype: FloatDType): Work[] {
  const on = plane(size, dtype);
  const axes = fn === "sum" ? [undefined, 1, 0] : [undefined, 1];
  const names = ["first axis", "last axis"];
  return axes.map((axis) => ({
    ...on,
    group: fn,
    name: `${fn} ${axis === undefined ? "all axes" : names[axis]} ${short(dtype)}`,
    run: axis === undefined ? fn : `${fn}:${axis}`,
    inputs: ["a"],
    build: ([a]) => REDUCTIONS[fn as keyof typeof REDUCTIONS](of(a), axis),
    direct: (direct, x) => reduceProgram(direct, x, axis),
    rivals: [{ peer: "numpy", threads: 1, target: axis === 0 ? 1.3 : 0.95 }],
    bytes: bytes(on, 1),
  }));
}

type Axis = number | undefined;
const REDUCTIONS = {
  sum: (x: cw.LazyArray, axis: Axis) => x.sum({ axis }),
  mean: (x: cw.LazyArray, axis: Axis) => x.mean({ axis }),
  min: (x: cw.LazyArray, axis: Axis) => x.min({ axis }),
  max: (x: cw.LazyArray, axis: Axis) => x.max({ axis }),
};

function moments(size: Size): Work[] {
  const on = plane(size, "float64");
  const rivals: readonly Rival[] = [
    { peer: "numpy", threads: 1, target: 4 },
    { peer: "numba", threads: 1, target: 0.85 },
  ];
  const direct: Work["direct"] = (d, x) => reduceProgram(d, x, undefined);
  const common = { ...on, group: "moments", direct, rivals };
  return [
    {
      ...common,
      name: "mean((a-b)**2) f64",
      run: "sqdiff",
      inputs: ["a", "b"],
      build: ([a, b]) => of(a).subtract(of(b)).square().mean(),
      bytes: bytes(on, 2),
    },
    {
      ...common,
      name: "var f64",
      run: "var",
      inputs: ["a"],
      build: ([a]) => of(a).var(),
      bytes: bytes(on, 1),
    },
    {
      ...common,
      name: "std f64",
      run: "std",
      inputs: ["a"],
      build: ([a]) => of(a).std(),
      bytes: bytes(on, 1),
    },
  ];
}

const MATH = { exp: cw.exp, log: cw.log, sin: cw.sin, tanh: cw.tanh };

function math(size: Size, fn: string): Work {
  const on = line(size, "float64");
  return {
    ...on,
    group: "math",
    name: `${fn} f64`,
    run: fn,
    inputs: [fn === "log" ? "positive" : "wide"],
    build: ([x]) => MATH[fn as keyof typeof MATH](of(x)),
    direct: (direct, x) => direct.map(x),
    rivals: [{ peer: "JS", threads: 1, target: 3 }],
    bytes: bytes(on, 2),
  };
}

/** A result that is kept in one row-major buffer, whatever its blocks, makes this an ordinary copy. */
function rechunk(size: Size): Work {
  const on = slabs(size);
  const chunk = [on.shape[0] as number, 48, 48];
  return {
    ...on,
    group: "rechunk",
    name: "rechunk slabs to pencils f32",
    run: "copy",
    inputs: ["a"],
    build: ([x]) => of(x).rechunk(chunk),
    direct: (direct) => direct.copy([0, 1, 2], chunk),
    rivals: [{ peer: "memcpy", threads: 1, target: 0.6 }],
    bytes: bytes(on, 2),
  };
}

function transpose(size: Size): Work {
  const on = slabs(size);
  const [t = 1, y = 1, x = 1] = on.shape;
  return {
    ...on,
    group: "transpose",
    name: "transpose (T,Y,X)->(Y,X,T) f32",
    run: "transpose",
    inputs: ["a"],
    build: ([a]) => cw.permuteDims(of(a), [1, 2, 0]).rechunk([Math.ceil(y / 90), x, t]),
    direct: (direct) => direct.copy([1, 2, 0], [Math.ceil(y / 90), x, t]),
    rivals: [{ peer: "numpy", threads: 1, target: 2.5 }],
    bytes: bytes(on, 2),
  };
}

function matmul(size: Size, dtype: FloatDType): Work {
  const n = size === "full" ? 1024 : 128;
  const on: Line = { dtype, shape: [n, n], step: n };
  return {
    ...on,
    group: "matmul",
    name: `matmul ${n}^3 ${short(dtype)}`,
    run: "matmul",
    inputs: ["a", "b"],
    build: ([a, b]) => cw.matmul(of(a), of(b)),
    direct: productProgram,
    rivals: [{ peer: "numpy", threads: 1, target: 0.38 }],
    bytes: bytes(on, 3),
  };
}

function workers(size: Size): Work[] {
  const on = line(size, "float64");
  const busy = (x: cw.LazyArray): cw.LazyArray => cw.sin(cw.exp(cw.sin(cw.exp(cw.sin(x)))));
  const common = { ...on, group: "workers", inputs: ["wide"] as const, rivals: [], scaling: 1.8 };
  return [
    {
      ...common,
      name: "sin(exp(sin(exp(sin)))) f64",
      run: "busy",
      build: ([x]) => busy(of(x)),
      bytes: bytes(on, 2),
    },
    {
      ...common,
      name: "the same, its sum",
      run: "busy:sum",
      build: ([x]) => busy(of(x)).sum(),
      bytes: bytes(on, 1),
    },
  ];
}

/** A result or state never takes more than so many bytes beside the inputs of a `Direct`. */
export const outputBytes = ({ group, shape, dtype }: Work): number => {
  const own = count(shape) * bytesOf(dtype);
  if (group === "matmul") return 3 * count(shape) * 8;
  if (group === "rechunk" || group === "transpose" || group === "chain" || group === "math") {
    return own + 64 * 2 ** 20;
  }
  return 64 * 2 ** 20;
};

function of(x: cw.LazyArray | undefined): cw.LazyArray {
  if (x === undefined) throw new Error("an input is missing");
  return x;
}
