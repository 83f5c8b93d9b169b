/** What user functions return: checked against the blocks that the plan expects, and copied there. */
import { TaskError } from "../../errors.js";
import {
  arrayClass,
  type DType,
  dtypeOfArray,
  type RealDType,
  slotsPerElement,
  type TypedArray,
  viewOf,
} from "../../ir/dtype.js";
import { elementCount, rowMajorStrides } from "../../ir/index-map.js";

/** An output block: where it starts in its array, its shape, and where it goes. */
export interface Expected {
  readonly dtype: DType;
  /** Which of the function's values it is. */
  readonly port: number;
  readonly lo: readonly number[];
  readonly shape: readonly number[];
  readonly address: number;
}

export interface Elements {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

const text = (numbers: readonly number[]): string => `(${numbers.join(", ")})`;

/** Stores one result, or with several outputs an array of results. */
export function storeResult(
  memory: WebAssembly.Memory,
  name: string,
  blockId: readonly number[],
  result: unknown,
  expected: readonly Expected[],
  values: number = expected.length,
): void {
  const fail = failure(name, blockId);
  const [only] = expected;
  if (values === 1 && only !== undefined) {
    storeOne(memory, result, only, fail);
    return;
  }
  if (!Array.isArray(result) || result.length !== values) {
    fail(describe(result), `an array of ${values} blocks`);
    return;
  }
  for (const e of expected) {
    storeOne(memory, result[e.port], e, (returned, wanted, hint) => {
      fail(`${returned} as result ${e.port}`, wanted, hint);
    });
  }
}

type Fail = (returned: string, wanted: string, hint?: string) => void;

const failure =
  (name: string, blockId: readonly number[]): Fail =>
  (returned, wanted, hint) => {
    throw new TaskError(
      `function "${name}" returned ${returned} for block ${text(blockId)} where ${wanted} was expected`,
      { functionName: name, blockIndex: blockId, hint },
    );
  };

/** Element class by the name that a typed array has itself. */
function slotDType(dtype: DType): RealDType {
  if (dtype === "bool") return "uint8";
  if (dtype === "complex64") return "float32";
  return dtype === "complex128" ? "float64" : dtype;
}

function storeOne(
  memory: WebAssembly.Memory,
  result: unknown,
  expected: Expected,
  fail: Fail,
): void {
  const { dtype, shape, address } = expected;
  const elements = checked(result, expected, fail);
  const count = elementCount(shape);
  if (elements === undefined || count === 0) return;
  copyElements(elements, viewOf(dtype, memory.buffer, address, count), dtype);
}

/** One returned block as strided elements, checked like all results; throws TaskError if it does not fit. */
export function resultElements(
  name: string,
  blockId: readonly number[],
  result: unknown,
  expected: { readonly dtype: DType; readonly shape: readonly number[] },
): Elements {
  return checked(result, expected, failure(name, blockId)) as Elements;
}

function checked(
  result: unknown,
  expected: { readonly dtype: DType; readonly shape: readonly number[] },
  fail: Fail,
): Elements | undefined {
  const { dtype, shape } = expected;
  const Class = arrayClass(dtype) as unknown as { readonly name: string };
  const wanted = `${articled(Class.name)} of shape ${text(shape)} (${dtype})`;
  const data = ArrayBuffer.isView(result) ? result : (result as { data?: unknown } | null)?.data;
  if (!ArrayBuffer.isView(data) || dtypeOfArray(data) === undefined) {
    fail(
      describe(result),
      wanted,
      "return a typed array or an object { data, shape, stride, offset } with typed data",
    );
    return undefined;
  }
  if (dtypeOfArray(data) !== slotDType(dtype)) {
    fail(
      describe(result),
      wanted,
      `convert it with \`${Class.name}.from(...)\` or declare another dtype`,
    );
    return undefined;
  }
  const elements = elementsOf(result, data as TypedArray, expected);
  if (elements === undefined) {
    fail(describe(result), `${wanted}, ${elementCount(shape) * slotsPerElement(dtype)} slots,`);
  }
  return elements;
}

/** The result as strided elements of the expected shape; undefined if shape, bounds or length do not fit. */
function elementsOf(
  result: unknown,
  data: TypedArray,
  expected: { readonly dtype: DType; readonly shape: readonly number[] },
): Elements | undefined {
  const { dtype, shape } = expected;
  const slots = slotsPerElement(dtype);
  const count = elementCount(shape);
  const given = ArrayBuffer.isView(result) ? {} : (result as Partial<Elements>);
  if (given.shape !== undefined && !sameNumbers(given.shape, shape)) return undefined;
  const stride = given.stride ?? rowMajorStrides(shape);
  const offset = given.offset ?? 0;
  if (given.shape === undefined && given.stride === undefined && offset === 0) {
    // No shape says anything about it: the length has to.
    if (data.length !== count * slots) return undefined;
  }
  if (
    stride.length !== shape.length ||
    !stride.every(Number.isInteger) ||
    !Number.isInteger(offset)
  ) {
    return undefined;
  }
  if (count === 0) return { data, shape, stride, offset };
  let low = offset;
  let high = offset;
  shape.forEach((n, i) => {
    const reach = (n - 1) * (stride[i] as number);
    if (reach < 0) low += reach;
    else high += reach;
  });
  if (low < 0 || (high + 1) * slots > data.length) return undefined;
  return { data, shape, stride, offset };
}

const sameNumbers = (a: ArrayLike<number>, b: readonly number[]): boolean =>
  a.length === b.length && b.every((n, i) => a[i] === n);

/** Row by row; a dense result in one go. */
export function copyElements(
  { data, shape, stride, offset }: Elements,
  to: TypedArray,
  dtype: DType,
): void {
  const slots = slotsPerElement(dtype);
  const dense = rowMajorStrides(shape);
  if (shape.every((n, i) => n === 1 || stride[i] === dense[i])) {
    to.set(data.subarray(offset * slots, offset * slots + to.length) as never);
    return;
  }
  const last = shape.length - 1;
  const row = shape[last] as number;
  const step = stride[last] as number;
  const at = new Array<number>(last).fill(0);
  for (let start = 0; start < to.length; start += row * slots) {
    let from = offset;
    for (let i = 0; i < last; i++) from += (at[i] as number) * (stride[i] as number);
    for (let i = 0; i < row; i++, from += step) {
      for (let s = 0; s < slots; s++) to[start + i * slots + s] = data[from * slots + s] as never;
    }
    for (let i = last - 1; i >= 0; i--) {
      at[i] = (at[i] as number) + 1;
      if ((at[i] as number) < (shape[i] as number)) break;
      at[i] = 0;
    }
  }
}

/** What was returned, in words that a user finds again in the function. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a plain array of ${value.length} items`;
  if (ArrayBuffer.isView(value)) return describeData(value);
  if (typeof value === "object" && value !== null) {
    const { data, shape } = value as { data?: unknown; shape?: ArrayLike<number> };
    if (ArrayBuffer.isView(data)) {
      const sized = shape === undefined ? "" : ` of shape ${text(Array.from(shape))}`;
      return `{ data: ${describeData(data)} }${sized}`;
    }
    return "an object without typed data";
  }
  return value === null ? "null" : `the ${typeof value} ${String(value)}`;
}

const articled = (name: string): string => (/^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`);

const describeData = (data: ArrayBufferView): string =>
  `${articled(data.constructor.name)} of length ${(data as unknown as { length?: number }).length ?? data.byteLength}`;
