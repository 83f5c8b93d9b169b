/** Shapes and dtypes of every section, from the array-API standard and NumPy 2. */
import { describe, expect, it } from "vitest";
import { cutsCount, pieceSizes } from "../../dist/ir/cuts.js";
import { DTYPES, type DType, promote } from "../../dist/ir/dtype.js";
import { advertisedGrid } from "../../dist/ir/grid.js";
import { knownShape, type Node } from "../../dist/ir/node.js";
import * as blocks from "../../dist/ops/blocks/index.js";
import * as o from "../../dist/ops/index.js";

const of = (shape: readonly number[], dtype: DType = "float64", chunks?: o.ChunkSpec): Node =>
  o.zeros(shape, { dtype, chunks });
const seen = (node: Node): string => `${node.outs[0].dtype}[${knownShape(node).join(",")}]`;
const chunksOf = (node: Node): number[][] => advertisedGrid(node).map((c) => [...pieceSizes(c)]);

const INTS: readonly DType[] = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
];

describe("elementwise", () => {
  it("broadcasts and promotes", () => {
    expect(seen(o.binary.add(of([3, 1], "int16"), of([4], "float32")))).toBe("float32[3,4]");
    expect(seen(o.binary.multiply(of([0, 3], "int64"), of([1, 1, 3], "uint64")))).toBe(
      "float64[1,0,3]",
    );
    expect(seen(o.binary.subtract(of([], "uint8"), of([2], "int8")))).toBe("int16[2]");
  });

  it.each(DTYPES.filter((d) => !d.startsWith("complex")))("computes %s as NumPy 2 does", (d) => {
    const x = of([2], d);
    const float = d === "float32" ? "float32" : "float64";
    const numeric = d === "bool" ? "int8" : d;
    for (const name of ["exp", "log1p", "sqrt", "tanh", "reciprocal"] as const) {
      expect(seen(o.unary[name](x))).toBe(`${float}[2]`);
    }
    for (const name of [
      "divide",
      "atan2",
      "hypot",
      "copysign",
      "logaddexp",
      "nextafter",
    ] as const) {
      expect(seen(o.binary[name](x, x))).toBe(`${float}[2]`);
    }
    for (const name of ["floor", "ceil", "round", "trunc", "abs", "conj", "real"] as const) {
      expect(seen(o.unary[name](x))).toBe(`${d}[2]`);
    }
    for (const name of ["isnan", "isinf", "isfinite", "signbit", "logicalNot"] as const) {
      expect(seen(o.unary[name](x))).toBe("bool[2]");
    }
    for (const name of ["equal", "less", "logicalAnd", "logicalXor"] as const) {
      expect(seen(o.binary[name](x, x))).toBe("bool[2]");
    }
    for (const name of ["pow", "remainder", "floorDivide"] as const) {
      expect(seen(o.binary[name](x, x))).toBe(`${numeric}[2]`);
    }
    for (const name of ["add", "multiply", "minimum", "maximum"] as const) {
      expect(seen(o.binary[name](x, x))).toBe(`${d}[2]`);
    }
    expect(seen(o.unary.square(x))).toBe(`${numeric}[2]`);
  });

  it("has no arithmetic of bools that NumPy has not", () => {
    const b = of([2], "bool");
    expect(() => o.binary.subtract(b, b)).toThrow("subtract: bool is not allowed");
    for (const name of ["negative", "positive", "sign"] as const) {
      expect(() => o.unary[name](b)).toThrow(`${name}: bool is not allowed`);
    }
  });

  it.each(INTS)("keeps %s beside an integer scalar", (d) => {
    expect(seen(o.binary.add(of([2], d), 7))).toBe(`${d}[2]`);
    expect(seen(o.binary.add(7n, of([2], d)))).toBe(`${d}[2]`);
    expect(seen(o.binary.multiply(of([2], d), true))).toBe(`${d}[2]`);
    expect(() => o.binary.add(of([2], d), 0.5)).toThrow(
      `0.5 beside ${/^i/.test(d) ? "an" : "a"} ${d} array is not an integer`,
    );
  });

  it("lets scalars never widen floats, and gives bools the scalar's kind", () => {
    expect(seen(o.binary.add(of([2], "float32"), 0.1))).toBe("float32[2]");
    expect(seen(o.binary.add(of([2], "float32"), 3n))).toBe("float32[2]");
    expect(seen(o.binary.add(of([2], "bool"), 1))).toBe("float64[2]");
    expect(seen(o.binary.add(of([2], "bool"), 1n))).toBe("int64[2]");
    expect(seen(o.binary.add(of([2], "bool"), true))).toBe("bool[2]");
    expect(seen(o.where(of([2], "bool"), 1, 0))).toBe("float64[2]");
    expect(seen(o.where(of([2], "bool"), of([3, 1], "int8"), 0))).toBe("int8[3,2]");
  });

  it("clips with bounds that may be missing", () => {
    const x = of([3], "int16");
    expect(o.clip(x, null, null)).toBe(x);
    expect(seen(o.clip(x, 0, undefined))).toBe("int16[3]");
    expect(seen(o.clip(x, of([2, 1], "float32"), 5))).toBe("float32[2,3]");
  });

  it("says the same once", () => {
    const x = of([3], "float32");
    expect(o.unary.sin(x)).toBe(o.unary.sin(x));
    expect(o.binary.add(x, 1)).toBe(o.binary.add(x, 1));
    expect(o.binary.multiply(x, 0)).not.toBe(o.binary.multiply(x, -0));
    expect(o.binary.multiply(x, x).inputs).toEqual([x]);
  });
});

describe("creation", () => {
  it.each([
    [[10, undefined, undefined], 10],
    [[0, 1, 0.1], 10],
    [[0, 1, 0.3], 4],
    [[5, 0, -2], 3],
    [[5, 0, 2], 0],
    [[0, -3, -1], 3],
  ] as const)("arange(%j) has NumPy's length", ([a, b, s], n) => {
    expect(knownShape(o.arange(a, b, s))).toEqual([n]);
  });

  it("defaults to float64, bigints to int64", () => {
    expect(seen(o.arange(3, undefined, undefined))).toBe("float64[3]");
    expect(seen(o.arange(3n, undefined, undefined))).toBe("int64[3]");
    expect(seen(o.full([2], 5n))).toBe("int64[2]");
    expect(seen(o.full([2], false))).toBe("bool[2]");
    expect(seen(o.eye(2, 3))).toBe("float64[2,3]");
    expect(seen(o.linspace(0, 1, 0))).toBe("float64[0]");
    expect(o.meshgrid([of([3]), of([2])]).map(seen)).toEqual(["float64[2,3]", "float64[2,3]"]);
    expect(o.meshgrid([of([3]), of([2])], { indexing: "ij" }).map(seen)).toEqual([
      "float64[3,2]",
      "float64[3,2]",
    ]);
  });

  it("keeps the blocks of what it is like", () => {
    const x = of([10, 10], "int8", [3, 5]);
    expect(chunksOf(o.onesLike(x, { dtype: "bool" }))).toEqual([
      [3, 3, 3, 1],
      [5, 5],
    ]);
  });
});

describe("reductions", () => {
  it.each([
    ["bool", "int64"],
    ["int8", "int64"],
    ["uint16", "uint64"],
    ["int64", "int64"],
    ["float32", "float32"],
  ] as const)("sums %s as %s", (from, to) => {
    expect(seen(o.sum(of([2, 3], from)))).toBe(`${to}[]`);
    expect(seen(o.prod(of([2, 3], from), { axis: -1 }))).toBe(`${to}[2]`);
    const float = from === "float32" ? "float32" : "float64";
    expect(seen(o.mean(of([2, 3], from), { axis: 0 }))).toBe(`${float}[3]`);
    expect(seen(o.std(of([2, 3], from), { correction: 1 }))).toBe(`${float}[]`);
    expect(seen(o.max(of([2, 3], from)))).toBe(`${from}[]`);
    expect(seen(o.argmin(of([2, 3], from), { axis: 1, keepdims: true }))).toBe("int64[2,1]");
  });

  it("keeps dims, reduces several axes or none", () => {
    const x = of([2, 3, 4]);
    expect(seen(o.sum(x, { axis: [2, 0], keepdims: true }))).toBe("float64[1,3,1]");
    expect(seen(o.any(x, { axis: [] }))).toBe("bool[2,3,4]");
    expect(seen(o.sum(of([])))).toBe("float64[]");
    expect(seen(o.sum(x, { axis: 1, dtype: "int16" }))).toBe("int16[2,4]");
    expect(o.sum(x, { axis: [0, 2] })).toBe(o.sum(x, { axis: [-1, 0] }));
  });

  it("knows what nothing adds up to", () => {
    const nothing = of([0, 3]);
    expect(seen(o.sum(nothing))).toBe("float64[]");
    expect(o.sum(nothing, { axis: 0 }).op).toBe("create");
    expect(() => o.max(nothing, { axis: 0 })).toThrow("max: no value for an axis of length 0");
    expect(seen(o.max(nothing, { axis: 1 }))).toBe("float64[0]");
  });

  it("freezes leaves from the advertised grid", () => {
    const leaves = (node: Node) =>
      node.op === "reduce" && node.params.leaves.map((c) => [...pieceSizes(c)]);
    expect(leaves(o.sum(of([20_000], "float64", 20_000)))).toEqual([[8192, 8192, 3616]]);
    expect(leaves(o.sum(of([20_000], "float64", 5000)))).toEqual([[5000, 5000, 5000, 5000]]);
    const x = of([2500, 300], "float64", 2500);
    expect(leaves(o.sum(x, { axis: 0 }))).toEqual([[1024, 1024, 452]]);
    expect(leaves(o.sum(x))).toEqual([[...new Array<number>(92).fill(27), 16], [300]]);
  });
});

describe("manipulation", () => {
  const x = of([2, 3, 4]);
  it.each<[string, Node, string]>([
    ["reshape -1", o.reshape(x, [4, -1]), "4,6"],
    ["reshape to 0-d", o.reshape(of([1, 1]), []), ""],
    ["permuteDims", o.permuteDims(x, [2, 0, 1]), "4,2,3"],
    ["moveaxis", o.moveaxis(x, 0, -1), "3,4,2"],
    ["moveaxis lists", o.moveaxis(x, [0, 1], [1, 0]), "3,2,4"],
    ["expandDims", o.expandDims(x, [0, -1]), "1,2,3,4,1"],
    ["squeeze", o.squeeze(o.expandDims(x, 1), 1), "2,3,4"],
    ["flip", o.flip(x), "2,3,4"],
    ["roll", o.roll(x, [1, -1], [0, 2]), "2,3,4"],
    ["roll flat", o.roll(x, 5), "2,3,4"],
    ["tile", o.tile(x, [2, 1, 1, 3]), "2,2,3,12"],
    ["tile short", o.tile(x, 2), "2,3,8"],
    ["tile none", o.tile(x, [0, 1, 1]), "0,3,4"],
    ["repeat", o.repeat(x, 3, 1), "2,9,4"],
    ["repeat list", o.repeat(x, [1, 0, 2], 1), "2,3,4"],
    ["repeat flat", o.repeat(x, 2), "48"],
    ["concat", o.concat([x, x, of([2, 0, 4])], 1), "2,6,4"],
    ["concat flat", o.concat([x, of([5])], null), "29"],
    ["stack", o.stack([x, x], -1), "2,3,4,2"],
    ["broadcastTo", o.broadcastTo(of([3, 1]), [2, 3, 5]), "2,3,5"],
    ["take", o.take(x, [2, 0, -1, 2], 1), "2,4,4"],
    ["take bigints", o.take(of([9]), new BigInt64Array([1n, 8n])), "2"],
  ])("%s", (_, node, shape) => {
    expect(knownShape(node).join(",")).toBe(shape);
  });

  it("unstacks, and promotes what it joins", () => {
    expect(o.unstack(x, 1).map(seen)).toEqual(Array(3).fill("float64[2,4]"));
    expect(seen(o.concat([of([2], "int8"), of([1], "float32")]))).toBe("float32[3]");
    expect(o.broadcastArrays([of([3, 1]), of([4])]).map(seen)).toEqual([
      "float64[3,4]",
      "float64[3,4]",
    ]);
  });

  it("changes nothing where nothing changes", () => {
    expect(o.reshape(x, [2, 3, 4])).toBe(x);
    expect(o.permuteDims(x, [0, 1, 2])).toBe(x);
    expect(o.roll(x, 4, 2)).toBe(x);
    expect(o.take(x, [0, 1, 2], 1)).toBe(x);
    expect(o.at(x, [])).toBe(x);
    expect(o.at(x, [o.ellipsis, null])).toBe(x);
    expect(o.astype(x, "float64")).toBe(x);
    expect(o.rechunk(x, { 0: null })).toBe(x);
    expect(o.concat([x])).toBe(x);
  });

  it("takes even progressions as views, and only axes of length 1 as views", () => {
    expect(o.take(x, [3, 1], 2).op).toBe("view");
    expect(o.take(x, [0, 0], 2).op).toBe("gather");
    expect(o.reshape(x, [2, 1, 3, 4]).op).toBe("view");
    expect(o.reshape(x, [6, 4]).op).toBe("reshape");
  });
});

describe("indexing", () => {
  const x = of([10, 20, 30]);
  it.each<[string, readonly o.Selector[], string]>([
    ["integer", [3], "20,30"],
    ["negative", [-1, 2n], "30"],
    ["null is all", [null, 0], "10,30"],
    ["slice", [o.slice(2, 5)], "3,20,30"],
    ["clamped", [o.slice(5, 100)], "5,20,30"],
    ["empty", [o.slice(5, 2)], "0,20,30"],
    ["reversed", [o.slice(null, null, -3)], "4,20,30"],
    ["newaxis", [o.newaxis, 0, o.newaxis], "1,1,20,30"],
    ["ellipsis", [o.ellipsis, 0], "10,20"],
    ["ellipsis inside", [0, o.ellipsis, o.newaxis], "20,30,1"],
    ["ellipsis of none", [0, 0, o.ellipsis, 0], ""],
  ])("%s", (_, selectors, shape) => {
    expect(knownShape(o.at(x, selectors)).join(",")).toBe(shape);
  });

  it("maps positions", () => {
    const node = o.at(x, [7, o.slice(null, null, -2), o.newaxis, o.slice(3, 4)]);
    expect(node.op === "view" && node.params.map).toEqual([
      { axis: -1, start: 7, step: 0 },
      { axis: 0, start: 19, step: -2 },
      { axis: 2, start: 3, step: 1 },
    ]);
  });
});

describe("rechunk", () => {
  const x = of([10, 7], "float64", [4, 7]);
  it.each<[unknown, number[][]]>([
    [
      3,
      [
        [3, 3, 3, 1],
        [3, 3, 1],
      ],
    ],
    [-1, [[10], [7]]],
    [
      [5, -1],
      [[5, 5], [7]],
    ],
    [
      [null, 2],
      [
        [4, 4, 2],
        [2, 2, 2, 1],
      ],
    ],
    [
      [[1, 9], [7]],
      [[1, 9], [7]],
    ],
    [
      { 1: 4 },
      [
        [4, 4, 2],
        [4, 3],
      ],
    ],
    [
      { [-1]: 1 },
      [
        [4, 4, 2],
        [1, 1, 1, 1, 1, 1, 1],
      ],
    ],
    ["auto", [[10], [7]]],
    [
      "112B",
      [
        [4, 4, 2],
        [3, 3, 1],
      ],
    ],
    [
      [-1, "160 B"],
      [[10], [2, 2, 2, 1]],
    ],
  ])("%j", (spec, cuts) => {
    expect(chunksOf(o.rechunk(x, spec))).toEqual(cuts);
  });
});

describe("mapBlocks", () => {
  const body = (block: { data: Float64Array }): Float64Array => block.data;
  it("aligns arrays to the heaviest cut one", () => {
    const x = of([8, 6], "float64", [4, 6]);
    const y = of([6], "int8", 2);
    const node = blocks.mapBlocks(body, [x, y], { dtype: "float32" });
    expect(seen(node)).toBe("float32[8,6]");
    expect(chunksOf(node)).toEqual([
      [4, 4],
      [2, 2, 2],
    ]);
    expect(node.inputs.map((n) => n.op)).toEqual(["layout", "create"]);
  });

  it("gives axes of length 1 to every block", () => {
    const node = blocks.mapBlocks(body, [of([8], "float64", 2), of([1])]);
    expect(node.op === "call" && node.params.args[1]?.[0]?.loop).toBe(-1);
    expect(cutsCount(advertisedGrid(node)[0] as never)).toBe(4);
  });

  it("is one node for one function, and another for other params", () => {
    const x = of([8]);
    expect(blocks.mapBlocks(body, [x])).toBe(blocks.mapBlocks(body, [x]));
    expect(blocks.mapBlocks(body, [x], { params: 1 })).not.toBe(
      blocks.mapBlocks(body, [x], { params: 1 }),
    );
  });

  it("takes a copy of params", () => {
    const params = { by: [1] };
    const node = blocks.mapBlocks(body, [of([2])], { params });
    params.by.push(2);
    expect(node.op === "call" && node.params.fn.params).toEqual({ by: [1] });
  });
});

describe("promotion of operands", () => {
  it("is that of dtypes for all pairs", () => {
    for (const a of DTYPES) {
      for (const b of DTYPES) {
        expect(o.concat([of([1], a), of([1], b)]).outs[0].dtype).toBe(promote(a, b));
      }
    }
  });
});
