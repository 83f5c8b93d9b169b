/** A syntax tree over arrays, as a lazy array: every node is a call of a public function. */
export { plainSource, templateSource } from "../../expr/index.js";

import { ChunkwiseError } from "../../errors.js";
import {
  type Attribute,
  type BinaryOperator,
  binaryScalar,
  type Call,
  type Compare,
  type Comparison,
  compareScalars,
  type Expression,
  errorAt,
  fold,
  type Index,
  isReal,
  isScalar,
  parse,
  pointAt,
  real,
  ScalarError,
  type Slice,
  type Source,
  type Span,
  type UnaryOperator,
  unaryScalar,
} from "../../expr/index.js";
import { ellipsis, newaxis, type Selector, slice } from "../../ops/index.js";
import { LazyArray } from "../array.js";
import { nearest } from "../options.js";
import { CallError, callFunction, callUser, functionNamed, nearestFunction } from "./functions.js";
import {
  dtypeNamed,
  fromOutside,
  isList,
  nameOfValue,
  plain,
  type Selecting,
  toArray,
  type UserFunction,
  type Value,
} from "./values.js";

/** What an expression is evaluated with. */
export interface Scope {
  readonly variables: ReadonlyMap<string, unknown>;
  /** The interpolated values of a template. */
  readonly holes: readonly unknown[];
}

/** `np` and `numpy` before a name say nothing: the names are NumPy's anyway. */
const NAMESPACE: Selecting = Object.freeze({ kind: "namespace" });

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["e", real(Math.E)],
  ["inf", real(Number.POSITIVE_INFINITY)],
  ["nan", real(Number.NaN)],
  ["newaxis", null],
  ["pi", real(Math.PI)],
]);
/** Dtypes that NumPy has as names; `f4` and the like are strings only. */
const DTYPE_WORD = /^(?:bool_?|single|double|complex|(?:u?int|float|complex)\d+|int|float)$/;

const BINARY: Readonly<Record<BinaryOperator, string>> = {
  "|": "bitwiseOr",
  "^": "bitwiseXor",
  "&": "bitwiseAnd",
  "<<": "bitwiseLeftShift",
  ">>": "bitwiseRightShift",
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "//": "floorDivide",
  "%": "remainder",
  "@": "matmul",
  "**": "pow",
};
const UNARY: Readonly<Record<UnaryOperator, string>> = {
  "+": "positive",
  "-": "negative",
  "~": "bitwiseInvert",
};
const COMPARE: Readonly<Record<Comparison, string>> = {
  "<": "less",
  "<=": "lessEqual",
  ">": "greater",
  ">=": "greaterEqual",
  "==": "equal",
  "!=": "notEqual",
};
const ATTRIBUTES = ["T", "dtype", "imag", "mT", "ndim", "real", "shape", "size"];

/** Evaluates an expression to a lazy array; scalars and lists of them become one. */
export function evaluate(source: Source, scope: Scope): LazyArray {
  const tree = parse(source);
  const evaluator = new Evaluator(source.text, scope);
  const value = fold<Value>(tree, (node, operands) => evaluator.combine(node, operands));
  const array = toArray(value);
  if (array !== undefined) return array;
  const lists = isList(value) && value.every((v) => v instanceof LazyArray);
  throw errorAt(
    source.text,
    tree,
    lists ? "the expression gives several arrays" : `the expression gives ${nameOfValue(value)}`,
    lists ? "choose one with [0], or join them with stack or concat" : "an array is expected",
  );
}

/** None where a length is not known before something has run. */
const length = (n: number | null): bigint | null => (n === null ? null : BigInt(n));

class Evaluator {
  readonly #text: string;
  readonly #scope: Scope;
  /** Values of names, so that a typed array becomes one source however often it is named. */
  readonly #seen = new Map<unknown, Value>();

  constructor(text: string, scope: Scope) {
    this.#text = text;
    this.#scope = scope;
  }

  /** The value of a node. Whatever is wrong is an error that points at the node. */
  combine(node: Expression, operands: readonly Value[]): Value {
    try {
      return this.#value(node, operands);
    } catch (error) {
      if (error instanceof CallError) {
        const keyword = node.kind === "call" ? node.keywords[error.keyword ?? -1] : undefined;
        throw this.#error(keyword?.nameSpan ?? node, error.message, error.hint);
      }
      if (error instanceof ScalarError) throw this.#error(node, error.message);
      // The functions' own errors keep their class and say where in the expression they come from.
      if (error instanceof ChunkwiseError && error.code !== "EXPRESSION") {
        error.message += `\n\n${pointAt(this.#text, node)}`;
      }
      throw error;
    }
  }

  #value(node: Expression, operands: readonly Value[]): Value {
    const first = operands[0] as Value;
    switch (node.kind) {
      case "integer":
      case "string":
      case "constant":
        return node.value;
      case "float":
        return real(node.value);
      case "ellipsis":
        return ellipsis;
      case "name":
        return this.#name(node.name, node);
      case "hole":
        return this.#outside(`\${${node.index}}`, this.#scope.holes[node.index], node);
      case "list":
      case "tuple":
        return Object.freeze([...operands]);
      case "unary":
        return isScalar(first)
          ? unaryScalar(node.operator, first)
          : this.#operate(UNARY[node.operator], node.operator, operands);
      case "binary":
        return isScalar(first) && isScalar(operands[1])
          ? binaryScalar(node.operator, first, operands[1])
          : this.#operate(BINARY[node.operator], node.operator, operands);
      case "compare":
        return this.#compare(node, operands);
      case "attribute":
        return this.#attribute(node, first);
      case "call":
        return this.#call(node, operands);
      case "index":
        return this.#index(node, operands);
      case "slice":
        return this.#slice(node, operands);
    }
  }

  /** A variable, or else a constant or the name of a dtype. */
  #name(name: string, span: Span): Value {
    const { variables } = this.#scope;
    if (variables.has(name)) return this.#outside(name, variables.get(name), span);
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return constant;
    const dtype = DTYPE_WORD.test(name) ? dtypeNamed(name) : undefined;
    if (dtype !== undefined) return dtype;
    if (name === "np" || name === "numpy") return NAMESPACE;
    if (functionNamed(name) !== undefined) {
      throw this.#error(span, `${name} is a function`, `call it: ${name}(...)`);
    }
    const near = nearestFunction(name, [...variables.keys(), ...CONSTANTS.keys()]);
    const names = [...variables.keys()];
    const known = names.length > 0 ? `the names are ${names.slice(0, 10).join(", ")}` : undefined;
    throw this.#error(
      span,
      `unknown name '${name}'`,
      near === undefined ? known : `did you mean ${near}?`,
    );
  }

  #outside(name: string, given: unknown, span: Span): Value {
    const seen = this.#seen.get(given);
    if (seen !== undefined) return seen;
    const value = fromOutside(given);
    if (value === undefined) {
      throw this.#error(
        span,
        `${name} cannot be used in an expression`,
        "values are arrays, numbers, bigints, booleans, strings, lists, typed arrays and functions",
      );
    }
    this.#seen.set(given, value);
    return value;
  }

  #operate(fn: string, operator: string, operands: readonly Value[]): Value {
    const wrong = operands.find((v) => !isScalar(v) && toArray(v) === undefined);
    if (wrong !== undefined) {
      throw new CallError(`${operator} takes arrays and numbers, not ${nameOfValue(wrong)}`);
    }
    return callFunction(fn, operands, []) as Value;
  }

  /** A chain holds where all its comparisons hold. */
  #compare({ operators }: Compare, operands: readonly Value[]): Value {
    return operators
      .map((operator, i): Value => {
        const [a, b] = [operands[i] as Value, operands[i + 1] as Value];
        return isScalar(a) && isScalar(b)
          ? compareScalars(operator, a, b)
          : this.#operate(COMPARE[operator], operator, [a, b]);
      })
      .reduce((all, one) =>
        typeof all === "boolean" && typeof one === "boolean"
          ? all && one
          : this.#operate("logicalAnd", "<", [all, one]),
      );
  }

  #attribute({ name, nameSpan }: Attribute, value: Value): Value {
    if (value === NAMESPACE) return this.#name(name, nameSpan);
    if (!(value instanceof LazyArray)) throw this.#noAttribute(name, value, nameSpan);
    switch (name) {
      case "T":
        return callFunction("transpose", [value], []) as Value;
      case "mT":
        return callFunction("matrixTranspose", [value], []) as Value;
      case "real":
      case "imag":
        return callFunction(name, [value], []) as Value;
      case "dtype":
        return value.dtype;
      case "ndim":
      case "size":
        return length(value[name]);
      case "shape":
        return Object.freeze(value.shape.map(length));
      default:
        if (functionNamed(name) !== undefined) {
          throw this.#error(nameSpan, `${name} is a method`, `call it: .${name}(...)`);
        }
        throw this.#noAttribute(name, value, nameSpan);
    }
  }

  #noAttribute(name: string, value: Value, span: Span): Error {
    const array = value instanceof LazyArray;
    const near = array ? (nearest(name, ATTRIBUTES) ?? nearestFunction(name)) : undefined;
    return this.#error(
      span,
      `${nameOfValue(value)} has no attribute or method '${name}'`,
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  }

  #call(node: Call, operands: readonly Value[]): Value {
    const { callee, args } = node;
    const skip = callee.kind === "name" ? 0 : 1;
    const given = operands.slice(skip, skip + args.length);
    const keywords = node.keywords.map((k, i) => ({
      name: k.name,
      value: operands[skip + args.length + i] as Value,
    }));
    if (callee.kind === "attribute" && operands[0] !== NAMESPACE) {
      const object = operands[0] as Value;
      const name = functionNamed(callee.name);
      if (!(object instanceof LazyArray) || name === undefined) {
        throw this.#noAttribute(callee.name, object, callee.nameSpan);
      }
      return callFunction(name, [object, ...given], keywords, true) as Value;
    }
    if (callee.kind !== "name" && callee.kind !== "attribute") {
      return this.#callValue(operands[0] as Value, callee, given, keywords);
    }
    const span = callee.kind === "name" ? callee : callee.nameSpan;
    const variable = callee.kind === "name" ? this.#scope.variables.get(callee.name) : undefined;
    if (variable !== undefined) {
      return this.#callValue(this.#name(callee.name, span), span, given, keywords);
    }
    const name = functionNamed(callee.name);
    if (name === undefined) throw this.#unknownFunction(callee.name, span);
    return callFunction(name, given, keywords) as Value;
  }

  #callValue(
    value: Value,
    span: Span,
    args: readonly Value[],
    keywords: readonly { readonly name: string; readonly value: Value }[],
  ): Value {
    if (typeof value === "function") return callUser(value as UserFunction, args, keywords);
    throw this.#error(span, `${nameOfValue(value)} cannot be called`);
  }

  #unknownFunction(name: string, span: Span): Error {
    const dtype = DTYPE_WORD.test(name) ? dtypeNamed(name) : undefined;
    if (dtype !== undefined) {
      return this.#error(span, `${name} is a dtype, not a function`, `use astype(x, '${dtype}')`);
    }
    const functions = [...this.#scope.variables]
      .filter(([, v]) => typeof v === "function")
      .map(([k]) => k);
    const near = nearestFunction(name, functions);
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    return this.#error(span, `unknown function '${name}'`, hint);
  }

  #index(node: Index, operands: readonly Value[]): Value {
    const object = operands[0] as Value;
    const given = operands.slice(1);
    // x[(1, 2)] is x[1, 2]; x[[1, 2]] selects two positions of one axis.
    const only = given[0];
    const tuple = given.length === 1 && node.selectors[0]?.kind === "tuple" && isList(only);
    const selectors: readonly Value[] = tuple ? only : given;
    if (isList(object)) return this.#item(object, selectors);
    if (!(object instanceof LazyArray)) {
      throw new CallError(`${nameOfValue(object)} cannot be indexed`);
    }
    const at = selectors.map((value, i) => {
      if (value === null) return newaxis;
      const span = tuple ? node : (node.selectors[i] as Expression);
      if (isReal(value) || typeof value === "string" || typeof value === "function") {
        throw this.#error(span, `${nameOfValue(value)} is not an index`);
      }
      return plain(value);
    });
    return object.at(...(at as Selector[]));
  }

  /** An element of a list, such as the shape of an array. */
  #item(list: readonly Value[], selectors: readonly Value[]): Value {
    const i = selectors.length === 1 ? plain(selectors[0] as Value) : undefined;
    if (typeof i !== "number") throw new CallError("a list is indexed by one integer");
    const item = list.at(i);
    if (item === undefined) {
      throw new CallError(`index ${i} is out of bounds for a list of ${list.length}`);
    }
    return item;
  }

  #slice(node: Slice, operands: readonly Value[]): Value {
    let used = 0;
    const [start, stop, step] = [node.first, node.stop, node.step].map((part) => {
      if (part === undefined) return null;
      const value = operands[used++] as Value;
      const bound = plain(value);
      if (bound === null || (typeof bound === "number" && !isReal(value))) return bound;
      throw this.#error(part, "the bounds of a slice are integers");
    }) as [number | null, number | null, number | null];
    return slice(start, stop, step);
  }

  #error(span: Span, message: string, hint?: string): Error {
    return errorAt(this.#text, span, message, hint);
  }
}
