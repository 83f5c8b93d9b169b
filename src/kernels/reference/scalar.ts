/** Scalar trees, one element at a time: a tree becomes a list of steps that is run for every element. */
import { InternalError } from "../../errors.js";
import { type DType, isComplex, isFloat } from "../../ir/dtype.js";
import { valueOf as constantValue, type Scalar, type ScalarFunction } from "../../ir/scalar.js";
import { castElement, type Element } from "./cast.js";
import { complexFunction } from "./complex.js";
import { floatFunction } from "./floats.js";
import { BOOL_FUNCTIONS, integerFunction } from "./integers.js";

export type { Element } from "./cast.js";
export type ElementFunction = (...args: Element[]) => Element;

const where: ElementFunction = (condition, a, b) => (condition === 0 ? b : a) as Element;

const complex: ElementFunction = (re, im) => [re as number, im as number];

/** The plain function of one (function, dtype) pair; `on` is the dtype of its arguments. */
export function scalarFunction(fn: ScalarFunction, on: DType): ElementFunction {
  if (fn === "where") return where;
  if (fn === "complex" && isFloat(on)) return complex;
  const found = isComplex(on)
    ? complexFunction(fn, on)
    : on === "bool"
      ? BOOL_FUNCTIONS[fn]
      : isFloat(on)
        ? floatFunction(fn, on)
        : integerFunction(fn, on);
  if (found === undefined) throw new InternalError(`${fn} has no meaning on ${on}`);
  return found as ElementFunction;
}

/** A tree ready to run: gives the element for the elements of the inputs and the global index. */
export type TreeFunction = (args: readonly Element[], index: readonly number[]) => Element;

type Step = (
  registers: readonly Element[],
  args: readonly Element[],
  index: readonly number[],
) => Element;

/** Trees may share subtrees (they are graphs in memory); each is evaluated once per element. */
export function treeFunction(tree: Scalar): TreeFunction {
  const steps: Step[] = [];
  const places = new Map<Scalar, number>();
  const stack = [tree];
  while (stack.length > 0) {
    const top = stack.at(-1) as Scalar;
    const operands = top.kind === "call" ? top.args : top.kind === "cast" ? [top.arg] : [];
    const missing = operands.filter((t) => !places.has(t));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    if (places.has(top)) continue;
    places.set(top, steps.length);
    steps.push(
      stepOf(
        top,
        operands.map((t) => places.get(t) as number),
      ),
    );
  }
  return (args, index) => {
    const registers: Element[] = [];
    for (const step of steps) registers.push(step(registers, args, index));
    return registers[registers.length - 1] as Element;
  };
}

function stepOf(tree: Scalar, operands: readonly number[]): Step {
  switch (tree.kind) {
    case "arg":
      return (_, args) => args[tree.index] as Element;
    case "const": {
      const value = constantValue(tree);
      const element: Element = typeof value === "boolean" ? Number(value) : value;
      return () => element;
    }
    case "index":
      return (_registers, _args, index) => BigInt(index[tree.axis] as number);
    case "cast": {
      const [from] = operands as [number];
      return (registers) => castElement(registers[from] as Element, tree.from, tree.dtype);
    }
    case "call": {
      const run = scalarFunction(tree.fn, tree.on);
      return (registers) => run(...operands.map((o) => registers[o] as Element));
    }
  }
}
