/**
 * Block functions that go wrong while they run, over one float64 block of shape [4, 6]: the function, and what the
 * user is told. A message that ends in an ellipsis goes on in words of the JavaScript engine.
 */
export type RunningRow = readonly [fn: string, message: string];

const failed = (reason: string): string => `function "f" failed on block (0, 0): ${reason}`;
const returned = (what: string): string =>
  `function "f" returned ${what} for block (0, 0) where a Float64Array of shape (4, 6) (float64)`;
const GIVE = "return a typed array or an object { data, shape, stride, offset } with typed data";
const CONVERT = "convert it with `Float64Array.from(...)` or declare another dtype";
const ALONE =
  "functions must be self-contained: they run without the scope they were written in, so take outside values through `params`";

export const running: readonly RunningRow[] = [
  ['() => { throw new Error("boom"); }', failed("boom")],
  ['() => { throw "text"; }', failed("text")],
  ["() => { throw null; }", failed("null")],
  ['async () => { throw new RangeError("later"); }', failed("later")],
  ["(b, { params }) => params.a.b", failed("…")],
  [
    "(b) => b.data.map((v) => v + globalThis.eval('outside'))",
    failed(`outside is not defined; ${ALONE}`),
  ],
  ["() => undefined", `${returned(`nothing`)} was expected; ${GIVE}`],
  ["(b) => { b.data.fill(1); }", `${returned(`nothing`)} was expected; ${GIVE}`],
  ["() => null", `${returned("null")} was expected; ${GIVE}`],
  ["() => 5", `${returned("the number 5")} was expected; ${GIVE}`],
  ['() => "x"', `${returned("the string x")} was expected; ${GIVE}`],
  ["() => Promise.resolve(1)", `${returned("the number 1")} was expected; ${GIVE}`],
  ["() => [1, 2, 3]", `${returned("a plain array of 3 items")} was expected; ${GIVE}`],
  [
    "(b) => b.data.subarray(1)",
    `${returned("a Float64Array of length 23")}, 24 slots, was expected`,
  ],
  [
    "(b) => ({ data: b.data, shape: [1, 2] })",
    `${returned("{ data: a Float64Array of length 24 } of shape (1, 2)")}, 24 slots, was expected`,
  ],
  [
    "(b) => Float32Array.from(b.data)",
    `${returned("a Float32Array of length 24")} was expected; ${CONVERT}`,
  ],
  [
    "(b) => new BigInt64Array(b.data.length)",
    `${returned("a BigInt64Array of length 24")} was expected; ${CONVERT}`,
  ],
];
