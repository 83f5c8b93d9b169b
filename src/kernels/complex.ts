/**
 * Complex programs as real ones: a complex operand or output is two interleaved real ones, and every instruction on
 * complex values becomes instructions on their parts. Complex numbers are loaded, stored, cast, chosen and compared
 * for equality; other functions have no meaning on them yet.
 */
import { InternalError } from "../errors.js";
import { type DType, isComplex, itemSize } from "../ir/dtype.js";
import { ProgramBuilder } from "../ir/monoid.js";
import {
  givesBool,
  type ScalarConstant,
  type ScalarFunction,
  type ScalarOp,
} from "../ir/scalar.js";
import type { Constants, MapSpec, Place } from "./structure.js";

/** Which half of which given operand, output or constant a real one is; `half` is undefined for real ones. */
interface Origin {
  readonly index: number;
  readonly half: 0 | 1 | undefined;
}

export interface RealMap {
  readonly spec: MapSpec;
  readonly operands: readonly Origin[];
  readonly outputs: readonly Origin[];
  readonly constants: readonly Origin[];
}

const partOf = (dtype: DType): DType =>
  dtype === "complex64" ? "float32" : dtype === "complex128" ? "float64" : dtype;

/** Numbers of the real values of an instruction: one, or real and imaginary part. */
type Parts = readonly [number] | readonly [number, number];

class Lowering {
  readonly builder = new ProgramBuilder();
  readonly operands: Origin[] = [];
  readonly constants: Origin[] = [];
  readonly #values: Parts[] = [];

  constructor(spec: MapSpec) {
    split(spec.operands, this.operands);
    split(
      spec.program.constants.map((c) => c.dtype),
      this.constants,
    );
    for (const op of spec.program.ops) this.#values.push(this.#lower(op));
  }

  parts(value: number): Parts {
    return this.#values[value] as Parts;
  }

  #lower(op: ScalarOp): Parts {
    switch (op.op) {
      case "load":
        return this.#each(this.operands, op.operand, (operand) => ({
          op: "load",
          operand,
          dtype: partOf(op.dtype),
        }));
      case "const":
        return this.#each(this.constants, op.param, (param) => ({
          op: "const",
          param,
          dtype: partOf(op.dtype),
        }));
      case "index":
        return [this.builder.emit(op)];
      case "cast":
        return this.#cast(this.parts(op.args[0]), op.from, op.dtype);
      case "call":
        return this.#call(
          op.fn,
          op.on,
          op.args.map((arg) => this.parts(arg)),
        );
    }
  }

  #each(origins: readonly Origin[], index: number, make: (at: number) => ScalarOp): Parts {
    const first = origins.findIndex((origin) => origin.index === index);
    const re = this.builder.emit(make(first));
    return origins[first]?.half === undefined ? [re] : [re, this.builder.emit(make(first + 1))];
  }

  #real(value: number, from: DType, dtype: DType): number {
    return from === dtype ? value : this.builder.emit({ op: "cast", dtype, from, args: [value] });
  }

  #cast([re, im]: Parts, from: DType, to: DType): Parts {
    const part = partOf(from);
    if (isComplex(to)) {
      const target = partOf(to);
      // The program has no constant for it, but false is 0 in any dtype.
      const imaginary =
        im === undefined ? this.#zero(re, part, target) : this.#real(im, part, target);
      return [this.#real(re, part, target), imaginary];
    }
    if (to !== "bool" || im === undefined) return [this.#real(re, part, to)];
    return [this.#bool("bitwiseOr", this.#real(re, part, to), this.#real(im, part, to))];
  }

  #zero(value: number, from: DType, to: DType): number {
    const some = this.#real(value, from, "bool");
    return this.#real(this.#bool("bitwiseXor", some, some), "bool", to);
  }

  #bool(fn: ScalarFunction, a: number, b: number): number {
    return this.builder.emit({ op: "call", fn, on: "bool", dtype: "bool", args: [a, b] });
  }

  #call(fn: ScalarFunction, on: DType, args: readonly Parts[]): Parts {
    const emit = (dtype: DType, half: 0 | 1): number =>
      this.builder.emit({
        op: "call",
        fn,
        on: partOf(on),
        dtype,
        args: args.map((parts) => parts[half] ?? parts[0]),
      });
    const dtype = givesBool(fn) ? "bool" : partOf(on);
    if (!isComplex(on)) return [emit(dtype, 0)];
    if (fn === "where") return [emit(dtype, 0), emit(dtype, 1)];
    if (fn !== "equal" && fn !== "notEqual")
      throw new InternalError(`${fn} has no meaning on ${on}`);
    const join = fn === "equal" ? "bitwiseAnd" : "bitwiseOr";
    return [this.#bool(join, emit("bool", 0), emit("bool", 1))];
  }
}

function split(dtypes: readonly DType[], into: Origin[]): void {
  dtypes.forEach((dtype, index) => {
    if (isComplex(dtype)) into.push({ index, half: 0 }, { index, half: 1 });
    else into.push({ index, half: undefined });
  });
}

const lowered = new WeakMap<MapSpec, RealMap>();

export function realMap(spec: MapSpec): RealMap {
  let found = lowered.get(spec);
  if (found === undefined) {
    const lowering = new Lowering(spec);
    const outputs: Origin[] = [];
    split(
      spec.outputs.map((out) => out.dtype),
      outputs,
    );
    const constants = halves(lowering.constants, spec.program.constants);
    found = {
      spec: {
        program: { ops: lowering.builder.ops, constants },
        operands: lowering.operands.map(({ index }) => partOf(spec.operands[index] as DType)),
        outputs: outputs.map(({ index, half }) => {
          const { value, dtype } = spec.outputs[index] as MapSpec["outputs"][number];
          return { value: lowering.parts(value)[half ?? 0] as number, dtype: partOf(dtype) };
        }),
      },
      operands: lowering.operands,
      outputs,
      constants: lowering.constants,
    };
    lowered.set(spec, found);
  }
  return found;
}

/** The places of the parts of complex arrays. */
export const partPlaces = (
  origins: readonly Origin[],
  places: readonly Place[],
  dtypes: readonly DType[],
): readonly Place[] =>
  origins.map(({ index, half }) => {
    const place = places[index] as Place;
    const dtype = partOf(dtypes[index] as DType);
    return half === 1 ? { ...place, address: place.address + itemSize(dtype) } : place;
  });

/** The constants of the parts: the digits of the real part come first. */
export const halves = (origins: readonly Origin[], constants: Constants): ScalarConstant[] =>
  origins.map(({ index, half }) => {
    const { dtype, bits } = constants[index] as ScalarConstant;
    if (half === undefined) return { dtype, bits };
    const digits = bits.padStart(2 * itemSize(dtype), "0");
    const middle = digits.length / 2;
    return {
      dtype: partOf(dtype),
      bits: half === 0 ? digits.slice(0, middle) : digits.slice(middle),
    };
  });
