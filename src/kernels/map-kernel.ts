/**
 * Elementwise kernels: one function that evaluates a scalar program at every position of a loop nest and stores
 * its outputs. The innermost loop is a vector loop when the strides allow it, with a scalar loop for the rest;
 * outer loops are an odometer over the descriptor.
 */
import { type DType, itemSize } from "../ir/dtype.js";
import type { ScalarProgram } from "../ir/scalar.js";
import { assemble, Code, Imports, type Label } from "./assembler.js";
import {
  constantAt,
  emitOdometer,
  getSlot,
  HEADER,
  type Layout,
  type WalkerLocal,
} from "./descriptor.js";
import { findTables, weightOf } from "./formula-code.js";
import { type Environment, evaluate, lanesOf, release, type Step } from "./program.js";
import { emitLoad, emitStore, typeOf } from "./scalar-code.js";
import { indexAxes, type MapSpec } from "./structure.js";
import { emitSplat, emitVectorStore } from "./vector-code.js";

/** Walkers of a map kernel: operands, index axes, outputs. Slot 1 is the step of the innermost loop. */
export const mapLayout = (spec: MapSpec): Layout => {
  const walkers = spec.operands.length + indexAxes(spec.program).length + spec.outputs.length;
  return { constants: spec.program.constants.length, walkers, tables: [walkers] };
};

/** Programs longer than this are not unrolled: what two vectors hold is far from fitting into registers. */
const UNROLL_OPS = 100;

/** Loads the constants of a program into locals. */
export function emitConstants(c: Code, program: ScalarProgram): number[] {
  const dtypes: (DType | undefined)[] = [];
  for (const op of program.ops) if (op.op === "const") dtypes[op.param] = op.dtype;
  const locals: number[] = [];
  dtypes.forEach((dtype, param) => {
    if (dtype === undefined) return;
    c.get(0);
    emitLoad(c, dtype, constantAt(param));
    locals[param] = c.keep(typeOf(dtype));
  });
  return locals;
}

/** Copies of the constants in every lane. */
export function emitSplatConstants(
  c: Code,
  program: ScalarProgram,
  scalars: readonly number[],
): number[] {
  const locals: number[] = [];
  for (const op of program.ops) {
    if (op.op !== "const" || locals[op.param] !== undefined) continue;
    emitSplat(c, op.dtype, scalars[op.param] as number);
    locals[op.param] = c.keep("v128");
  }
  return locals;
}

/**
 * The module of a map. `steps` says how each operand and index axis moves along the innermost axis; without it
 * the loop is scalar.
 */
export function compileMap(
  spec: MapSpec,
  steps: readonly Step[] | undefined,
): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  findTables(c);
  const { program, operands, outputs } = spec;
  const layout = mapLayout(spec);
  const axes = indexAxes(program);
  const walkers: WalkerLocal[] = Array.from({ length: layout.walkers }, (_, i) => {
    const wide = i >= operands.length && i < operands.length + axes.length;
    return { local: c.local(wide ? "i64" : "i32"), wide };
  });
  const strides = walkers.map(({ wide }) => c.local(wide ? "i64" : "i32"));
  walkers.forEach((w, i) => {
    getSlot(c, layout, w, i, 0);
    c.set(w.local);
    getSlot(c, layout, w, i, 1);
    c.set(strides[i] as number);
  });
  const constants = emitConstants(c, program);
  const wanted = outputs.map((out) => out.value);
  const lanes = steps === undefined ? 0 : lanesOf(program, wanted);
  const splats = lanes > 0 ? emitSplatConstants(c, program, constants) : [];
  const env: Environment = {
    operands: walkers.slice(0, operands.length).map((w) => w.local),
    indices: new Map(
      axes.map((axis, i) => [axis, (walkers[operands.length + i] as WalkerLocal).local]),
    ),
    constants,
    steps: steps ?? [],
    indexSteps: new Map(axes.map((axis, i) => [axis, steps?.[operands.length + i] ?? "any"])),
  };
  const targets = walkers.slice(operands.length + axes.length);
  const left = c.local("i32");

  const vectorEnv = { ...env, constants: splats };
  /**
   * The vectors from where the walkers stand. `check` runs before anything is stored: nothing is before all is
   * computed, so that what the vectors take can overlap.
   */
  const vectorSteps = (vectors: number, check: () => void): void => {
    const all = Array.from({ length: vectors }, (_, u) =>
      evaluate(c, program, wanted, vectorEnv, lanes, u * lanes),
    );
    check();
    all.forEach((values, u) => {
      values.forEach((value, i) => {
        const out = outputs[i] as MapSpec["outputs"][number];
        const offset = u * lanes * itemSize(out.dtype);
        emitVectorStore(c, value, lanes, (targets[i] as WalkerLocal).local, offset);
      });
      release(c, program, wanted, values);
    });
  };
  const advance = (vectors: number): void =>
    walkers.forEach(({ local, wide }, i) => {
      if (steps?.[i] === "repeated") return;
      const dtype = operands[i] ?? outputs[i - operands.length - axes.length]?.dtype;
      c.get(local);
      if (wide) c.i64(BigInt(vectors * lanes)).op("i64.add");
      else c.i32(vectors * lanes * itemSize(dtype as DType)).op("i32.add");
      c.set(local);
    });
  const vectorLoop = (unroll: number): void =>
    void emitWhileAtLeast(c, left, unroll * lanes, () => {
      vectorSteps(unroll, () => {});
      advance(unroll);
    });
  const weight = weigh(program);

  emitOdometer(c, layout, 0, walkers, () => {
    c.get(0).memory("i32.load", HEADER.inner).set(left);
    if (lanes > 0) {
      const vectors = weight.instructions <= UNROLL_OPS ? 2 : 1;
      if (weight.rare) emitRareLoop(c, left, lanes, vectors, vectorSteps, advance);
      else if (vectors > 1) vectorLoop(vectors);
      if (vectors > 1 || !weight.rare) vectorLoop(1);
    }
    emitWhileAtLeast(c, left, 1, () => {
      const values = evaluate(c, program, wanted, env, 0, 0);
      values.forEach((value, i) => {
        c.get((targets[i] as WalkerLocal).local, value.local);
        emitStore(c, (outputs[i] as MapSpec["outputs"][number]).dtype, 0);
      });
      release(c, program, wanted, values);
      emitAdvance(c, walkers, strides);
    });
  });
  return assemble(imports, { run: c });
}

function weigh(program: ScalarProgram): { readonly instructions: number; readonly rare: boolean } {
  let instructions = program.ops.length;
  let rare = false;
  for (const op of program.ops) {
    if (op.op !== "call") continue;
    const weight = weightOf(op.fn, op.on);
    instructions += weight.instructions;
    rare ||= weight.rare;
  }
  return { instructions, rare };
}

/**
 * The loop over vectors of a program with rare cases, which are calls: a loop around calls keeps nothing in registers.
 * So an inner loop only finds out whether there is such a case, and leaves for one step of the outer loop if so.
 */
function emitRareLoop(
  c: Code,
  left: number,
  lanes: number,
  vectors: number,
  step: (vectors: number, check: () => void) => void,
  advance: (vectors: number) => void,
): void {
  const flag = c.local("i32");
  const elements = vectors * lanes;
  const next = (label: Label): void => {
    advance(vectors);
    c.get(left).i32(elements).op("i32.sub").set(left).br(label);
  };
  c.block((done) => {
    c.loop((outer) => {
      c.block((slow) => {
        c.loop((fast) => {
          c.get(left).i32(elements).op("i32.lt_u").brIf(done);
          c.i32(0).set(flag);
          c.rareFlag = flag;
          step(vectors, () => c.get(flag).brIf(slow));
          c.rareFlag = undefined;
          next(fast);
        });
      });
      step(vectors, () => {});
      next(outer);
    });
  });
  c.free(flag);
}

/** Moves every walker by its stride, both in locals. */
export function emitAdvance(
  c: Code,
  walkers: readonly WalkerLocal[],
  strides: readonly number[],
): void {
  walkers.forEach(({ local, wide }, i) => {
    c.get(local, strides[i] as number)
      .op(wide ? "i64.add" : "i32.add")
      .set(local);
  });
}

/** Runs `body` while `left` >= `n`, taking `n` from it each time. */
export function emitWhileAtLeast(c: Code, left: number, n: number, body: () => void): void {
  c.block((done: Label) => {
    c.loop((again) => {
      c.get(left).i32(n).op("i32.lt_u").brIf(done);
      body();
      c.get(left).i32(n).op("i32.sub").set(left).br(again);
    });
  });
}
