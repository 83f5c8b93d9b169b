/** Calls of the functions that an expression may use: names are looked up, arguments find their parameters. */
import { isScalar } from "../../expr/index.js";
import { BINARY_NAMES, UNARY_NAMES } from "../../ops/index.js";
import { LazyArray } from "../array.js";
import * as creation from "../functions/creation.js";
import * as elementwise from "../functions/elementwise.js";
import * as manipulation from "../functions/manipulation.js";
import * as products from "../functions/products.js";
import * as reductions from "../functions/reductions.js";
import * as scans from "../functions/scans.js";
import { nearest } from "../options.js";
import {
  ALIASES,
  KEYWORD_ALIASES,
  type Parameter,
  parametersOf,
  SIGNATURES,
  snakeCase,
} from "./signatures.js";
import {
  dtypeNamed,
  element,
  fromOutside,
  isList,
  meetOperands,
  nameOfValue,
  plain,
  toArray,
  type UserFunction,
  type Value,
} from "./values.js";

/** A wrong call; `keyword` says at which of the keyword arguments. */
export class CallError extends Error {
  readonly hint: string | undefined;
  readonly keyword: number | undefined;

  constructor(message: string, hint?: string, keyword?: number) {
    super(message);
    this.hint = hint;
    this.keyword = keyword;
  }
}

type AnyFunction = (...args: unknown[]) => unknown;

/** What NumPy has beside the API's own functions, in terms of them. */
const EXTRAS: Readonly<Record<string, unknown>> = {
  ravel: (x: LazyArray) => x.reshape([-1]),
  swapaxes: (x: LazyArray, first: number, second: number) =>
    x.moveaxis([first, second], [second, first]),
  transpose: (x: LazyArray, axes?: readonly number[] | null) =>
    x.permuteDims(axes ?? Array.from({ length: x.ndim }, (_, i) => x.ndim - 1 - i)),
};

const MODULES: Readonly<Record<string, unknown>> = Object.freeze({
  __proto__: null,
  ...creation,
  ...elementwise,
  ...manipulation,
  ...products,
  ...reductions,
  ...scans,
  var: reductions.variance,
  ...EXTRAS,
});

const ELEMENTWISE: Readonly<Record<string, string>> = Object.fromEntries([
  ...UNARY_NAMES.map((name) => [name, "x"]),
  ...BINARY_NAMES.map((name) => [name, "a, b"]),
]);

/** Every name that an expression may call -> the name in the API. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.keys({ ...ELEMENTWISE, ...SIGNATURES }).flatMap((name) => [
    [name, name] as const,
    [snakeCase(name), name] as const,
  ]),
  ...Object.entries(ALIASES),
]);

/** The API's name of a function, or undefined for an unknown one. */
export const functionNamed = (name: string): string | undefined => NAMES.get(name);
/** The known name that is nearest to a misspelled one; more names may be known. */
export const nearestFunction = (name: string, more: Iterable<string> = []): string | undefined =>
  nearest(name, [...NAMES.keys(), ...more]);

/** The function itself: of the modules above or, for what came later, the method of the same name. */
function implementation(name: string): AnyFunction {
  const found = MODULES[name];
  if (typeof found === "function") return found as AnyFunction;
  const method: unknown = Object.getOwnPropertyDescriptor(LazyArray.prototype, name)?.value;
  if (typeof method !== "function") throw new CallError(`${name} is not available`);
  return (x, ...args) => Reflect.apply(method, x, args);
}

/** Parameters that are operands: arrays, or scalars that meet the arrays of the call in one dtype. */
const OPERANDS: ReadonlySet<string> = new Set(["a", "b", "min", "max"]);
/** Parameters that are arrays; scalars and lists become arrays of their own. */
const ARRAYS: ReadonlySet<string> = new Set(["x", "positions"]);
/** Parameters that are several arrays, in a list or one by one. */
const SEVERAL: ReadonlySet<string> = new Set(["arrays", "operands"]);
/** Parameters that become elements: an integer stays one, so that `full(3, 1)` is int64 as in NumPy. */
const ELEMENTS: ReadonlySet<string> = new Set(["fillValue", "start", "stop", "step"]);

interface Given {
  readonly parameter: Parameter;
  readonly value: Value;
}

/** Calls a function of the table. `method` says that the first argument is the object of a method call. */
export function callFunction(
  name: string,
  args: readonly Value[],
  keywords: readonly { readonly name: string; readonly value: Value }[],
  method = false,
): unknown {
  const parameters = parametersOf(ELEMENTWISE[name] ?? (SIGNATURES[name] as string));
  const given = bind(name, parameters, method ? spread(name, args) : args, keywords);
  const fn = implementation(name);
  const values = converted(name, given);
  const positional: unknown[] = [];
  const options: Record<string, unknown> = {};
  given.forEach(({ parameter }, i) => {
    if (parameter.option) options[parameter.name] = values[i];
    else if (parameter.rest) positional.push(values[i]);
    else positional[parameters.indexOf(parameter)] = values[i];
  });
  if (Object.keys(options).length > 0) positional.push(options);
  return fn(...positional);
}

/** `x.reshape(2, 3)` is `x.reshape((2, 3))`, and so is `x.transpose(1, 0)`. */
function spread(name: string, args: readonly Value[]): readonly Value[] {
  const several = name === "reshape" || name === "transpose" || name === "permuteDims";
  const [object, first] = args;
  if (!several || object === undefined || first === undefined || first === null) return args;
  return isScalar(first) && (args.length > 2 || name !== "reshape")
    ? [object, Object.freeze(args.slice(1))]
    : args;
}

/** Which parameter every argument is for; in the order of the parameters. */
function bind(
  fn: string,
  parameters: readonly Parameter[],
  args: readonly Value[],
  keywords: readonly { readonly name: string; readonly value: Value }[],
): readonly Given[] {
  const shown = snakeCase(fn);
  const places = parameters.filter((p) => !p.named);
  const rest = places.find((p) => p.rest);
  const given: Given[] = [];
  args.forEach((value, i) => {
    const parameter = places[i] ?? rest;
    if (parameter === undefined) {
      throw new CallError(
        `${shown} takes at most ${places.length} positional ${places.length === 1 ? "argument" : "arguments"}, got ${args.length}`,
      );
    }
    given.push({ parameter, value });
  });
  // The operands of elementwise functions have no names in NumPy either.
  const nameable = fn in ELEMENTWISE ? [] : parameters.filter((p) => !p.rest);
  keywords.forEach(({ name, value }, i) => {
    const wanted = Object.hasOwn(KEYWORD_ALIASES, name) ? KEYWORD_ALIASES[name] : name;
    const parameter = nameable.find((p) => p.name === wanted || snakeCase(p.name) === wanted);
    if (parameter === undefined) throw unknownKeyword(shown, name, nameable, i);
    if (given.some((g) => g.parameter === parameter)) {
      throw new CallError(`${shown}: ${name} is given twice`, undefined, i);
    }
    given.push({ parameter, value });
  });
  const missing = parameters.filter(
    (p) => !p.optional && !p.rest && !given.some((g) => g.parameter === p),
  );
  if (missing.length > 0) {
    throw new CallError(`${shown} needs ${missing.map((p) => snakeCase(p.name)).join(", ")}`);
  }
  // Options with None are options that are not given; only concat knows an axis that is none.
  return given.filter(
    ({ parameter, value }) => !(parameter.option && value === null && fn !== "concat"),
  );
}

function unknownKeyword(
  fn: string,
  name: string,
  nameable: readonly Parameter[],
  i: number,
): CallError {
  const known = nameable.filter((p) => p.optional).map((p) => snakeCase(p.name));
  const near = nearest(name, [...nameable.map((p) => snakeCase(p.name)), "ddof"]);
  const hint =
    near !== undefined && (near !== "ddof" || known.includes("correction"))
      ? `did you mean ${near}?`
      : known.length === 0
        ? "it takes none"
        : `there are ${known.join(", ")}`;
  return new CallError(`${fn} has no argument '${name}'`, hint, i);
}

/** The arguments as the API takes them, in the order of `given`. */
function converted(fn: string, given: readonly Given[]): unknown[] {
  const values = given.map(({ parameter, value }) => convert(fn, parameter, value));
  const meets = fn in ELEMENTWISE || given.some((g) => OPERANDS.has(g.parameter.name));
  if (!meets) return values;
  // clip's array meets its bounds; where's condition meets nobody.
  const places = given.flatMap(({ parameter: p }, i) =>
    !p.option && (OPERANDS.has(p.name) || p.name === "x") ? [i] : [],
  );
  const operands = places.map((i) => values[i] as Value);
  // Scalars by themselves become arrays, as np.sqrt(2) is a float64.
  const alone = fn !== "where" && !operands.some((v) => v instanceof LazyArray);
  const met = meetOperands(alone ? operands.map((v, i) => (i === 0 ? toArray(v) : v)) : operands);
  places.forEach((place, i) => {
    values[place] = met[i];
  });
  return values;
}

/** One argument by itself; scalars among operands are left for the operands to meet. */
function convert(fn: string, { name, rest, option }: Parameter, value: Value): unknown {
  if (name === "dtype") return typeof value === "string" ? (dtypeNamed(value) ?? value) : value;
  if (SEVERAL.has(name)) {
    if (rest) return arrayOf(fn, name, value);
    return isList(value) ? value.map((v) => arrayOf(fn, name, v)) : value;
  }
  if (option) return plain(value);
  if (name === "condition") return isScalar(value) ? element(value) : arrayOf(fn, name, value);
  if (OPERANDS.has(name)) {
    // A bound of clip may be None.
    return isScalar(value) || (value === null && fn === "clip") ? value : arrayOf(fn, name, value);
  }
  if (ARRAYS.has(name)) return arrayOf(fn, name, value);
  // linspace spreads numbers, whatever its ends are.
  const exact = ELEMENTS.has(name) && fn !== "linspace" && !isList(value);
  return exact ? element(value) : plain(value);
}

function arrayOf(fn: string, name: string, value: Value): LazyArray {
  const array = toArray(value);
  if (array !== undefined) return array;
  throw new CallError(`${snakeCase(fn)}: ${name} must be an array, got ${nameOfValue(value)}`);
}

/** Calls a function that came with the variables: it gets plain values, and keywords as one last object. */
export function callUser(
  fn: UserFunction,
  args: readonly Value[],
  keywords: readonly { readonly name: string; readonly value: Value }[],
): Value {
  const given = args.map(plain);
  if (keywords.length > 0) {
    given.push(Object.fromEntries(keywords.map((k) => [k.name, plain(k.value)])));
  }
  const result = fromOutside(fn(...given));
  if (result === undefined) throw new CallError("the function answers with nothing of use here");
  return result;
}
