/** Prefix sums and products by their definition: leaf by leaf, element by element, along one line at a time. */
import { type Cuts, pieceSizes } from "../../ir/cuts.js";
import { type DType, isBig, isComplex, isInteger } from "../../ir/dtype.js";
import type { ScanNode } from "../../ir/node.js";
import { allocate, type Elements, getElement, positions, setElement } from "./arrays.js";
import { castElement, type Element } from "./cast.js";

type Combine = (a: Element, b: Element) => Element;

/** The monoid on its state dtype: float64, 64-bit integers that wrap, or pairs. */
function combineOf(monoid: "sum" | "prod", state: DType): Combine {
  const sum = monoid === "sum";
  if (isInteger(state)) {
    const wrap = state === "uint64" ? BigInt.asUintN : BigInt.asIntN;
    return (a, b) => {
      const [x, y] = [a as bigint, b as bigint];
      return wrap(64, sum ? x + y : x * y);
    };
  }
  if (isComplex(state)) {
    return (a, b) => {
      const [p, q] = a as readonly [number, number];
      const [r, s] = b as readonly [number, number];
      return sum ? [p + r, q + s] : [p * r - q * s, p * s + q * r];
    };
  }
  return (a, b) => (sum ? (a as number) + (b as number) : (a as number) * (b as number));
}

export function scanArray(node: ScanNode, input: Elements): Elements {
  const { monoid, axis, state, leaves } = node.params;
  const dtype = node.outs[0].dtype;
  const out = allocate(dtype, input.shape);
  const combine = combineOf(monoid, state);
  const lines = input.shape.map((n, a) => (a === axis ? Math.min(1, n) : n));
  for (const start of positions(lines)) {
    scanLine(
      leaves,
      (i) => castElement(getElement(input, along(start, axis, i)), input.dtype, state),
      combine,
      (i, value) => setElement(out, along(start, axis, i), castState(value, state, dtype)),
    );
  }
  return out;
}

const along = (start: readonly number[], axis: number, i: number): number[] =>
  start.map((s, a) => (a === axis ? i : s));

/** Integer results wrap from the 64-bit state, whatever its sign. */
const castState = (value: Element, state: DType, dtype: DType): Element =>
  isBig(state) && isBig(dtype) && state !== dtype
    ? castElement(BigInt.asIntN(64, value as bigint), "int64", dtype)
    : castElement(value, state, dtype);

function scanLine(
  leaves: Cuts,
  element: (i: number) => Element,
  combine: Combine,
  store: (i: number, value: Element) => void,
): void {
  let carry: Element | undefined;
  let i = 0;
  for (const size of pieceSizes(leaves)) {
    let local: Element | undefined;
    for (const end = i + size; i < end; i++) {
      const value = element(i);
      local = local === undefined ? value : combine(local, value);
      store(i, carry === undefined ? local : combine(carry, local));
    }
    if (local !== undefined) carry = carry === undefined ? local : combine(carry, local);
  }
}
