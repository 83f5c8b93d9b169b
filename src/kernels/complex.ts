/**
 * Complex programs as real ones: a complex operand or output is two interleaved real ones, and every instruction on
 * complex values becomes instructions on their parts. The meaning of each is in the header of `ir/scalar.ts`; what is
 * more than arithmetic is a call of `complex-math.ts` per part.
 */
import { InternalError } from "../errors.js";
import { type DType, isComplex, itemSize, partOf } from "../ir/dtype.js";
import { ProgramBuilder } from "../ir/monoid.js";
import {
  type PartFunction,
  resultOf,
  type ScalarConstant,
  type ScalarFunction,
  type ScalarOp,
} from "../ir/scalar.js";
import { COMPLEX_BINARY, COMPLEX_UNARY } from "./complex-math.js";
import type { Constants, LeafSpec, MapSpec, Place } from "./structure.js";

/** Which half of which given operand, output or constant a real one is; `half` is undefined for real ones. */
interface Origin {
  readonly index: number;
  readonly half: 0 | 1 | undefined;
}

export interface RealLeaf {
  readonly spec: LeafSpec;
  readonly operands: readonly Origin[];
  readonly constants: readonly Origin[];
  /** The places of the states of the real outputs, from those of the given ones. */
  states(given: readonly (readonly Place[])[]): readonly (readonly Place[])[];
}

export interface RealMap {
  readonly spec: MapSpec;
  readonly operands: readonly Origin[];
  readonly outputs: readonly Origin[];
  readonly constants: readonly Origin[];
}

/** Numbers of the real values of an instruction: one, or real and imaginary part. */
type Parts = readonly [number] | readonly [number, number];

class Lowering {
  readonly builder = new ProgramBuilder();
  readonly operands: Origin[] = [];
  readonly constants: Origin[] = [];
  readonly #values: Parts[] = [];

  constructor(spec: MapSpec | LeafSpec) {
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

  /** The parts of a value of dtype `from` in another dtype. */
  as(value: number, from: DType, to: DType): Parts {
    const parts = this.parts(value);
    return from === to ? parts : this.#cast(parts, from, to);
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

  #emit(fn: ScalarFunction, on: DType, dtype: DType, ...args: readonly number[]): number {
    return this.builder.emit({ op: "call", fn, on, dtype, args });
  }

  #bool(fn: ScalarFunction, a: number, b: number): number {
    return this.#emit(fn, "bool", "bool", a, b);
  }

  #call(fn: ScalarFunction, on: DType, args: readonly Parts[]): Parts {
    if (fn === "complex") return [(args[0] as Parts)[0], (args[1] as Parts)[0]];
    const dtype = partOf(resultOf(fn, on));
    if (!isComplex(on)) {
      return [this.#emit(fn, on, dtype, ...args.map(([re]) => re))];
    }
    const part = partOf(on);
    const each = (half: 0 | 1): number =>
      this.#emit(fn, part, dtype, ...args.map((parts) => parts[half] ?? parts[0]));
    switch (fn) {
      case "add":
      case "subtract":
      case "negative":
      case "round":
      case "where":
        return [each(0), each(1)];
      case "equal":
      case "isfinite":
        return [this.#bool("bitwiseAnd", each(0), each(1))];
      case "notEqual":
      case "isnan":
      case "isinf":
        return [this.#bool("bitwiseOr", each(0), each(1))];
      case "conj": {
        const [re, im] = args[0] as readonly [number, number];
        return [re, this.#emit("negative", part, part, im)];
      }
      case "imag":
        return [(args[0] as readonly [number, number])[1]];
      default:
        return this.#wide(fn, part, args as readonly (readonly [number, number])[]);
    }
  }

  /** What is computed in float64 and rounded once. */
  #wide(fn: ScalarFunction, part: DType, args: readonly (readonly [number, number])[]): Parts {
    const wide = args.map(([re, im]) => [
      this.#real(re, part, "float64"),
      this.#real(im, part, "float64"),
    ]) as [number, number][];
    const narrow = (x: number): number => this.#real(x, "float64", part);
    const f64 = (name: ScalarFunction, ...of: readonly number[]): number =>
      this.#emit(name, "float64", "float64", ...of);
    const [a, b] = wide[0] as [number, number];
    if (fn === "abs") return [narrow(f64("hypot", a, b))];
    if (fn === "multiply" || fn === "square") {
      const [c, d] = wide[1] ?? [a, b];
      const times = (x: number, y: number): number => f64("multiply", x, y);
      return [
        narrow(f64("subtract", times(a, c), times(b, d))),
        narrow(f64("add", times(a, d), times(b, c))),
      ];
    }
    if (!Object.hasOwn(COMPLEX_UNARY, fn) && !Object.hasOwn(COMPLEX_BINARY, fn)) {
      throw new InternalError(`${fn} has no meaning on complex numbers`);
    }
    const parts = wide.flat();
    return [
      narrow(f64(`${fn}.re` as PartFunction, ...parts)),
      narrow(f64(`${fn}.im` as PartFunction, ...parts)),
    ];
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

type LeafOutput = LeafSpec["outputs"][number];

/**
 * A complex output as real ones: sums and moments are those of each part, whose states stand one after the other; a
 * product stays one output of two parts.
 */
function realOutputs(lowering: Lowering, spec: LeafSpec, output: LeafOutput): LeafOutput[] {
  const { value, monoid, on } = output;
  const from = spec.program.ops[value]?.dtype as DType;
  if (!isComplex(on)) return [{ ...output, value: lowering.as(value, from, on)[0] }];
  if (monoid === "any" || monoid === "all" || monoid === "count")
    return [{ value: lowering.as(value, from, "bool")[0], monoid, on: "bool" }];
  const [re, im] = lowering.as(value, from, on) as readonly [number, number];
  if (monoid === "prod") return [{ value: re, imaginary: im, monoid, on }];
  if (monoid !== "sum" && monoid !== "moments")
    throw new InternalError(`${monoid} has no meaning on ${on}`);
  const part = partOf(on);
  return [
    { value: re, monoid, on: part },
    { value: im, monoid, on: part },
  ];
}

const loweredLeaves = new WeakMap<LeafSpec, RealLeaf>();

export function realLeaf(spec: LeafSpec): RealLeaf {
  let found = loweredLeaves.get(spec);
  if (found === undefined) {
    const lowering = new Lowering(spec);
    const outputs = spec.outputs.map((output) => realOutputs(lowering, spec, output));
    const constants = halves(lowering.constants, spec.program.constants);
    found = {
      spec: {
        program: { ops: lowering.builder.ops, constants },
        operands: lowering.operands.map(({ index }) => partOf(spec.operands[index] as DType)),
        outputs: outputs.flat(),
      },
      operands: lowering.operands,
      constants: lowering.constants,
      states: (given) =>
        outputs.flatMap((real, i) => {
          const places = given[i] as readonly Place[];
          const each = places.length / real.length;
          return real.map((_, k) => places.slice(k * each, (k + 1) * each));
        }),
    };
    loweredLeaves.set(spec, found);
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
