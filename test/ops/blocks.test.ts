/** Block functions as nodes: shapes, blocks, contracts, signatures and free names. */
import { parse } from "acorn";
import { describe, expect, it } from "vitest";
import { cutsCount, pieceSizes } from "../../dist/ir/cuts.js";
import { advertisedGrid } from "../../dist/ir/grid.js";
import { type CallNode, dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import * as blocks from "../../dist/ops/blocks/index.js";
import * as o from "../../dist/ops/index.js";

const of = (shape: number[], chunks: unknown = {}): Node =>
  o.rechunk(o.zeros(shape, { dtype: "float64" }), chunks);
const chunksOf = (node: Node): number[][] => advertisedGrid(node).map((c) => [...pieceSizes(c)]);
const body = (block: { data: Float64Array }): Float64Array => block.data;
const callOf = (node: Node): CallNode => {
  let at = node;
  while (at.op !== "call") at = at.inputs[0] as Node;
  return at;
};

describe("mapBlocks", () => {
  it("drops axes, which arrive whole", () => {
    const node = blocks.mapBlocks(body, [of([8, 6], [4, 2])], { dropAxis: 1 });
    expect(knownShape(node)).toEqual([8]);
    expect(chunksOf(node)).toEqual([[4, 4]]);
    expect(node.params.args[0]?.map((a) => [a.loop, cutsCount(a.cuts)])).toEqual([
      [0, 2],
      [-1, 1],
    ]);
    expect(knownShape(blocks.mapBlocks(body, [of([8, 6])], { dropAxis: [0, -1] }))).toEqual([]);
  });

  it("adds axes of one block, of the length that chunks say", () => {
    const x = of([8, 6], [4, 2]);
    expect(chunksOf(blocks.mapBlocks(body, [x], { newAxis: [0, 2] }))).toEqual([
      [1],
      [4, 4],
      [1],
      [2, 2, 2],
    ]);
    expect(chunksOf(blocks.mapBlocks(body, [x], { newAxis: -1, chunks: { 2: 5 } }))).toEqual([
      [4, 4],
      [2, 2, 2],
      [5],
    ]);
    expect(
      chunksOf(blocks.mapBlocks(body, [x], { dropAxis: 0, newAxis: 0, chunks: [3, null] })),
    ).toEqual([[3], [2, 2, 2]]);
  });

  it("changes the lengths of blocks", () => {
    const x = of([10, 6], [4, -1]);
    expect(chunksOf(blocks.mapBlocks(body, [x], { chunks: [1, 3] }))).toEqual([[1, 1, 1], [3]]);
    expect(chunksOf(blocks.mapBlocks(body, [x], { chunks: [[8, 8, 4], null] }))).toEqual([
      [8, 8, 4],
      [6],
    ]);
    expect(knownShape(blocks.mapBlocks(body, [of([3])], { chunks: 0 }))).toEqual([0]);
  });

  it("gives several results, in the order of their dtypes", () => {
    const node = blocks.mapBlocks(body, [of([4])], { dtype: ["int8", "bool"] });
    expect(node.outs.map((out) => out.dtype)).toEqual(["int8", "bool"]);
  });

  it("takes functions of modules, equal ones as one node", () => {
    const x = of([4]);
    const at = (module: string | URL, name?: string): CallNode =>
      blocks.mapBlocks({ module, export: name }, [x]);
    expect(at("/a b/#1.js", "f")).toBe(at(new URL("file:///a%20b/%231.js"), "f"));
    expect(at("/a.js").params.fn).toMatchObject({
      name: "a.js",
      code: { type: "module", url: "file:///a.js", export: "default" },
    });
    expect(at("C:\\code\\a.js", "f").params.fn).toMatchObject({
      name: "f",
      code: { url: "file:///C:/code/a.js" },
    });
  });
});

describe("blockwise", () => {
  const x = of([8, 6], [4, 2]);
  const y = of([6, 9], [3, 3]);
  it("contracts labels that the result does not have", () => {
    const node = blocks.blockwise(body, "ik", [
      { node: x, labels: "ij" },
      { node: y, labels: "jk" },
    ]);
    expect(knownShape(node)).toEqual([8, 9]);
    expect(chunksOf(node)).toEqual([
      [4, 4],
      [3, 3, 3],
    ]);
    expect(node.params.args.map((a) => a.map((axis) => axis.loop))).toEqual([
      [0, -1],
      [-1, 1],
    ]);
  });
  it("walks in the order of the result, stretches, adds and adjusts", () => {
    const node = blocks.blockwise(
      body,
      ["b", 7, "n"],
      [
        { node: x, labels: [7, "b"] },
        { node: of([1, 6]), labels: [7, "b"] },
      ],
      { newAxes: { n: [2, 3] }, adjustChunks: { 7: (n) => n + 1, b: [5, 6, 7] } },
    );
    expect(chunksOf(node)).toEqual([
      [5, 6, 7],
      [5, 5],
      [2, 3],
    ]);
    expect(node.params.args[1]?.map((a) => a.loop)).toEqual([-1, 0]);
  });
  it("may have no arrays, and no labels", () => {
    expect(chunksOf(blocks.blockwise(body, "i", [], { newAxes: { i: [1, 2] } }))).toEqual([[1, 2]]);
    expect(knownShape(blocks.blockwise(body, "", [{ node: x, labels: "ij" }]))).toEqual([]);
  });
});

describe("signatures", () => {
  const parsed = (text: string): string[][][] => {
    const { inputs, outputs } = blocks.parseSignature("f", text);
    const names = (list: typeof inputs): string[][] =>
      list.map((dims) => dims.map((d) => `${d.name}${d.optional ? "?" : ""}`));
    return [names(inputs), names(outputs)];
  };
  it.each<[string, string[][], string[][]]>([
    ["(x)->(y)", [["x"]], [["y"]]],
    ["(x)->(y),()", [["x"]], [["y"], []]],
    ["(),(a,b,c),(d)->(d,e)", [[], ["a", "b", "c"], ["d"]], [["d", "e"]]],
    ["->(x)", [], [["x"]]],
    ["->()", [], [[]]],
    [" ( x ) , ( y )  -> ( x , y ) ", [["x"], ["y"]], [["x", "y"]]],
    [
      "(m?,n),(n,p?)->(m?,p?)",
      [
        ["m?", "n"],
        ["n", "p?"],
      ],
      [["m?", "p?"]],
    ],
    ["(3),(03)->(3)", [["3"], ["3"]], [["3"]]],
    ["(3?)->(_a1)", [["3?"]], [["_a1"]]],
    ["(x,)->(x,)", [["x"]], [["x"]]],
  ])("%s", (text, inputs, outputs) => {
    expect(parsed(text)).toEqual([inputs, outputs]);
  });
  it.each([
    "(x)(y)->()",
    "(x),(y)->",
    "((x))->(x)",
    "(x)->(x),",
    "(x)",
    "",
    "(x)->(y)->()",
    "x->()",
    "(1x)->()",
    "(x|1)->()",
    "(,)->()",
    "(x?),(x)->()",
  ])("not %s", (text) => {
    expect(() => parsed(text)).toThrow(/the signature/);
  });
});

describe("applyGufunc", () => {
  const gufunc = (signature: string, arrays: Node[], options: o.GufuncOptions = {}): Node[] =>
    blocks.applyGufunc(body, signature, arrays, options);
  const one = (...args: Parameters<typeof gufunc>): Node => gufunc(...args)[0] as Node;

  it("has loop axes first, broadcast, and core dimensions last", () => {
    const x = of([4, 6, 5], [2, 3, -1]);
    const [a, b] = gufunc("(i),(j)->(j,i),()", [x, of([6, 7], [3, -1])]) as [Node, Node];
    expect(knownShape(a)).toEqual([4, 6, 7, 5]);
    expect(chunksOf(b)).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(callOf(a)).toBe(callOf(b));
  });

  it("several statistics of one axis", () => {
    const x = of([10, 20, 30], 5);
    const made = gufunc("(i)->(),()", [x], { allowRechunk: true });
    expect(made.map((n) => knownShape(n))).toEqual([
      [10, 20],
      [10, 20],
    ]);
    // Six times longer core dimensions, blocks of the loop axes six times smaller at least.
    const biggest = (n: Node): number =>
      chunksOf(n).reduce((m, sizes) => m * Math.max(...sizes), 30);
    expect(biggest(made[0] as Node)).toBeLessThanOrEqual(125);
  });

  it("keeps the bytes of a block when core dimensions become whole", () => {
    const x = of([1, 459, 750], [1, 459, 250]);
    const made = one("(c)->(c)", [x], { allowRechunk: true });
    expect(chunksOf(made)).toEqual([[1], [153, 153, 153], [750]]);
    const both = one("(a,b)->()", [of([8, 40, 40], [4, 20, 20])], { allowRechunk: true });
    expect(chunksOf(both)).toEqual([[1, 1, 1, 1, 1, 1, 1, 1]]);
    const fine = one("(c)->()", [of([8, 40], [4, -1])], { allowRechunk: true });
    expect(chunksOf(fine)).toEqual([[4, 4]]);
  });

  it("has fixed sizes, and optional dimensions that may be missing", () => {
    expect(knownShape(one("(3),(n)->(n,3)", [of([2, 3]), of([5])]))).toEqual([2, 5, 3]);
    const matmul = "(m?,n),(n,p?)->(m?,p?)";
    expect(knownShape(one(matmul, [of([2, 3]), of([3, 4])]))).toEqual([2, 4]);
    expect(knownShape(one(matmul, [of([3]), of([3, 4])]))).toEqual([4]);
    expect(knownShape(one(matmul, [of([2, 3]), of([3])]))).toEqual([2]);
    expect(knownShape(one(matmul, [of([3]), of([3])]))).toEqual([]);
    expect(knownShape(one("(3?)->(3?)", [of([])]))).toEqual([]);
  });

  it("takes sizes of results, dtypes, and no arrays at all", () => {
    expect(knownShape(one("(i)->(k)", [of([2, 3])], { outputSizes: { k: 7 } }))).toEqual([2, 7]);
    const made = gufunc("->(x),()", [], {
      outputSizes: { x: 2 },
      outputDtypes: ["int8", "bool"],
    });
    expect(made.map((n) => [dtypeOf(n), knownShape(n)])).toEqual([
      ["int8", [2]],
      ["bool", []],
    ]);
    expect(dtypeOf(one("->()", []))).toBe("float64");
  });

  describe("axes", () => {
    const x = of([3, 4, 5]);
    it.each<[string, o.GufuncOptions, number[]]>([
      ["(i)->()", { axes: [0] }, [4, 5]],
      ["(i)->()", { axes: [[0]] }, [4, 5]],
      ["(i)->()", { axes: [0, []] }, [4, 5]],
      ["(i)->()", { axes: [[1], []] }, [3, 5]],
      ["(i)->()", { axis: -2 }, [3, 5]],
      ["(i)->()", { axis: 0, keepdims: true }, [1, 4, 5]],
      ["(i)->()", { axis: -2, keepdims: true }, [3, 1, 5]],
      ["(i)->()", { keepdims: true }, [3, 4, 1]],
      ["(i,j)->()", { keepdims: true }, [3, 1, 1]],
      ["(i,j)->()", { axes: [[0, 2]], keepdims: true }, [1, 4, 1]],
      ["(i)->(i)", { axis: 0 }, [3, 4, 5]],
      ["(i)->(i)", { axes: [0, -1] }, [4, 5, 3]],
      [
        "(i,j)->(j,i)",
        {
          axes: [
            [0, 1],
            [0, 2],
          ],
        },
        [4, 5, 3],
      ],
    ])("%s %j", (signature, options, shape) => {
      expect(knownShape(one(signature, [x], options))).toEqual(shape);
    });
    it("are those of the first array with keepdims", () => {
      const made = one("(i),(i)->()", [x, x], { axis: 0, keepdims: true });
      expect(knownShape(made)).toEqual([1, 4, 5]);
    });
    it.each<[string, number, o.GufuncOptions]>([
      ["(i)->()", 1, { axes: 0 as never }],
      ["(i)->()", 1, { axes: [[0, 1]] }],
      ["(i)->()", 1, { axes: [0, 0] }],
      ["(i),(j)->()", 2, { axis: 0 }],
      ["(i),(j)->()", 2, { keepdims: true }],
      ["(),()->()", 2, { axis: 0 }],
      ["(i)->(i)", 1, { keepdims: true }],
      ["(i,j)->()", 1, { axes: [[0, 0]] }],
      ["(i)->()", 1, { axis: 0.5 }],
    ])("not %s of %j with %j", (signature, count, options) => {
      expect(() => gufunc(signature, [x, x].slice(0, count), options)).toThrow(/applyGufunc/);
    });
  });
});

describe("reduction and scan", () => {
  const parts = { chunk: body, aggregate: body };
  const depth = (node: Node): number => {
    let n = 0;
    for (let at: Node | undefined = node; at !== undefined; at = at.inputs[0]) {
      if (at.op === "call") n++;
    }
    return n;
  };
  it("is a tree whose levels shrink by splitEvery", () => {
    const x = of([64, 3], [2, -1]);
    expect(knownShape(blocks.reduction(x, { ...parts, axis: 0 }))).toEqual([3]);
    expect(depth(blocks.reduction(x, { ...parts, axis: 0 }))).toBe(2);
    expect(depth(blocks.reduction(x, { ...parts, combine: body, axis: 0 }))).toBe(3);
    expect(depth(blocks.reduction(x, { ...parts, combine: body, axis: 0, splitEvery: 2 }))).toBe(6);
    expect(depth(blocks.reduction(x, { ...parts, combine: body, splitEvery: 32 }))).toBe(2);
  });
  it("keeps dims, blocks of kept axes and dtypes", () => {
    const x = of([6, 8], [2, 4]);
    const made = blocks.reduction(x, { ...parts, axis: 0, keepdims: true, dtype: "int8" });
    expect(dtypeOf(made)).toBe("int8");
    expect(chunksOf(made)).toEqual([[1], [4, 4]]);
    expect(chunksOf(blocks.reduction(x, { ...parts, axis: -2 }))).toEqual([[4, 4]]);
    expect(knownShape(blocks.reduction(of([]), parts))).toEqual([]);
  });
  it("a scan has the shape and the blocks of its array", () => {
    const x = of([7, 4], [3, 2]);
    const made = blocks.scan(x, { block: body, combine: body, axis: 0, dtype: "float32" });
    expect(dtypeOf(made)).toBe("float32");
    expect(chunksOf(made)).toEqual([
      [3, 3, 1],
      [2, 2],
    ]);
    expect(blocks.scan(of([7]), { block: body, combine: body }).op).toBe("call");
  });
});

describe("kernels", () => {
  const x = o.arange(6, undefined, undefined, { dtype: "float32", chunks: 4 });
  it("are one map over the arrays that they use", () => {
    const made = blocks.traceKernel([x, x, of([3, 1])], ([a, b]) =>
      o.binary.add(o.binary.multiply(a as Node, 2), o.unary.sqrt(b as Node)),
    ) as Node;
    expect(knownShape(made)).toEqual([3, 6]);
    const map = made.op === "view" ? (made.inputs[0] as Node) : made;
    expect([map.op, map.inputs, dtypeOf(map)]).toEqual(["map", [x], "float32"]);
  });
  it("are the same node for the same work, and give lists", () => {
    const trace = ([a]: readonly o.Operand[]): Node[] => [
      o.unary.exp(a as Node),
      o.unary.isnan(a as Node),
    ];
    const [a, b] = blocks.traceKernel([x], trace) as [Node, Node];
    expect(a).toBe((blocks.traceKernel([x], trace) as Node[])[0]);
    expect(a).toBe(o.unary.exp(x));
    expect(dtypeOf(b)).toBe("bool");
  });
  it("may give an argument or a constant", () => {
    expect(blocks.traceKernel([x], ([a]) => a)).toBe(x);
    const ints = of([4], 2);
    const made = blocks.traceKernel([o.astype(ints, "int8")], ([a]) =>
      o.unary.isnan(a as Node),
    ) as Node;
    expect([made.op, chunksOf(made)]).toEqual(["create", [[2, 2]]]);
  });
  it("stay a chain where one tree would be too large", () => {
    const made = blocks.traceKernel([x], ([a]) => {
      let y = a as Node;
      for (let i = 0; i < 40; i++) y = o.binary.add(y, y);
      return y;
    }) as Node;
    let length = 0;
    for (let at: Node | undefined = made; at !== undefined; at = at.inputs[0]) length++;
    expect(length).toBe(41 + (x.inputs.length > 0 ? 1 : 0));
  });
});

describe("free names", () => {
  const free = (text: string): string[] =>
    blocks.freeIdentifiers(
      parse(`(() => { "use strict"; return (${text}\n); })`, {
        ecmaVersion: "latest",
        allowReturnOutsideFunction: true,
      }) as unknown as o.SyntaxNode,
    );
  it.each<[string, string[]]>([
    ["(a, b) => a + b", []],
    ["(a) => a + b + c + b", ["b", "c"]],
    ["({ a, b: { c = d }, ...rest }, [e, , f = e] = []) => [a, c, rest, e, f]", ["d"]],
    ["({ [key]: a }) => a", ["key"]],
    ["(a, b = a, c = outer) => c", ["outer"]],
    ["function f(n) { return n ? f(n - 1) : arguments.length; }", []],
    ["() => arguments.length", ["arguments"]],
    ["() => { try { g(); } catch ({ message }) { return message; } }", ["g"]],
    ["() => { try { } catch { return error; } }", ["error"]],
    ["(a) => { outer: for (;;) { if (a) continue outer; break outer; } }", []],
    ["(a) => ({ key: a.field, method() { return this.x; }, get y() { return a; } })", []],
    ["(a) => ({ a, b })", ["b"]],
    ["(a) => a[i]", ["i"]],
    [`(a) => \`x\${a}\${b}\``, ["b"]],
    [`(a) => tag\`x\${a}\``, ["tag"]],
    [
      "() => class A extends B { #p = q; static s = 1; m() { return A; } static { z; } }",
      ["B", "q", "z"],
    ],
    ["() => { class A {} return new A(); }", []],
    ["() => { { let x = 1; } return x; }", ["x"]],
    ["() => { { var x = 1; } return x; }", []],
    ["() => { return late(); function late() { return later; } var later; }", []],
    ["() => { { function inside() {} } return inside; }", ["inside"]],
    ["() => typeof missing", []],
    ['() => typeof missing === "undefined" ? 0 : missing', ["missing"]],
    ["() => { for (const k of list) use(k); for (let i = 0; i < n; i++); }", ["list", "use", "n"]],
    ["() => { for (k in o); }", ["k", "o"]],
    ["(a) => { [a, b.c] = [1, 2]; ({ x: d, y: [e] } = a); }", ["b", "d", "e"]],
    ["() => { x = 1; y++; }", ["x", "y"]],
    ["async (a) => { for await (const b of a) await b; return await import('node:fs'); }", []],
    ["function () { return new.target; }", []],
    ["(a) => { switch (a) { case b: { let c = 1; return c; } default: return c; } }", ["b", "c"]],
    ["(a) => a?.b?.[c] ?? d", ["c", "d"]],
    ["(...all) => all.map((x, i) => x * i)", []],
    ["() => { const f = function g() { return g; }; return [f, g]; }", ["g"]],
  ])("%s", (text, names) => {
    expect(free(text)).toEqual(names);
  });
});
