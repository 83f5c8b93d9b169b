/**
 * Leaf kernels: a fused scalar program whose values go straight into the accumulators of `accumulators.ts`.
 *
 * Two shapes of the same arithmetic, with the same bits. `rowsInner`: for every kept position the whole leaf is
 * walked row by row. `columnsInner`: the kept axis with the smallest stride is innermost; a panel of columns is
 * walked eight rows at a time, with the accumulators of the panel in scratch memory.
 */
import { type DType, itemSize } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import { stateDTypes } from "../ir/monoid.js";
import {
  cellTypes,
  emitAccumulate,
  emitInit,
  emitMean,
  emitState,
  type Flavour,
  type GroupSums,
  isOrdered,
  type Part,
  type Position,
  valuesOf,
} from "./accumulators.js";
import type { ArgPart } from "./arg.js";
import { ArgWalk } from "./arg-walk.js";
import { assemble, Code, Imports } from "./assembler.js";
import {
  addSlot,
  descriptorBytes,
  emitOdometer,
  getSlot,
  HEADER,
  type WalkerLocal,
} from "./descriptor.js";

import {
  BLOCK_RUNS,
  type DotPart,
  emitBlockAdd,
  emitBlockFlush,
  emitBlockInit,
  emitDotFlush,
  emitTouch,
} from "./dot.js";

import { CHAINS } from "./extrema.js";
import { findTables } from "./formula-code.js";

import {
  CELL_BYTES,
  GROUP,
  isDot,
  type LeafPlan,
  type LeafShape,
  leafLanes,
  panelStepBytes,
  rowGroup,
  SLOT,
} from "./leaf-plan.js";
import { emitAdvance, emitConstants, emitSplatConstants, emitWhileAtLeast } from "./map-kernel.js";
import { type Environment, evaluate, release, type Step } from "./program.js";
import { emitStore } from "./scalar-code.js";
import { emitSpread, makeStrand, type Strand } from "./strands.js";
import { indexAxes, type LeafSpec } from "./structure.js";

export function compileLeaf(
  spec: LeafSpec,
  plan: LeafPlan,
  shape: LeafShape,
  steps: readonly Step[] | undefined,
  strands = 1,
): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const emitter = new LeafEmitter(new Code(imports, 1), spec, plan, shape, steps, strands);
  emitter.emit();
  return assemble(imports, { run: emitter.c });
}

class LeafEmitter {
  readonly c: Code;
  readonly #spec: LeafSpec;
  readonly #plan: LeafPlan;
  readonly #shape: LeafShape;
  readonly #lanes: number;
  readonly #flavour: Flavour;
  readonly #steps: readonly Step[];
  /** Where the walkers stand at the kept position, and where they are now. */
  readonly #bases: readonly WalkerLocal[];
  readonly #walkers: readonly WalkerLocal[];
  readonly #states: readonly WalkerLocal[];
  readonly #strides: readonly number[];
  /** The first one's walkers are `#walkers`; the others' are made of them where a row begins. */
  readonly #strands: readonly [Strand, ...Strand[]];
  readonly #widths = new Map<Part, number>();
  readonly #args: readonly ArgPart[];
  /** What arg- reductions need, if there are any. */
  readonly #argWalk: ArgWalk | undefined;
  /** Whether a run of dots is open, whose sum is not in the total yet; -1 without dots. */
  readonly #open: number;

  constructor(
    c: Code,
    spec: LeafSpec,
    plan: LeafPlan,
    shape: LeafShape,
    steps: readonly Step[] | undefined,
    strands: number,
  ) {
    this.c = c;
    findTables(c);
    this.#spec = spec;
    this.#plan = plan;
    this.#shape = shape;
    this.#steps = steps ?? [];
    this.#lanes = steps === undefined ? 0 : leafLanes(plan);
    this.#flavour = this.#lanes === 0 ? "scalar" : shape === "rowsInner" ? "rows" : "columns";
    const operands = spec.operands.length;
    const axes = indexAxes(spec.program);
    const locals = (): WalkerLocal[] =>
      Array.from({ length: plan.walkers }, (_, i) => {
        const wide = i >= operands;
        return { local: c.local(wide ? "i64" : "i32"), wide };
      });
    this.#bases = locals();
    this.#walkers = locals();
    this.#states = plan.states.map(() => ({ local: c.local("i32"), wide: false }));
    this.#strides = this.#bases.map(({ wide }) => c.local(wide ? "i64" : "i32"));
    [...this.#bases, ...this.#states].forEach((w, i) => {
      getSlot(c, plan.layout, w, i, 0);
      c.set(w.local);
    });
    this.#bases.forEach((w, i) => {
      getSlot(c, plan.layout, w, i, SLOT.row);
      c.set(this.#strides[i] as number);
    });
    const constants = emitConstants(c, plan.leaf.program);
    const environment: Environment = {
      operands: this.#walkers.slice(0, operands).map((w) => w.local),
      indices: new Map(
        axes.map((axis, i) => [axis, (this.#walkers[operands + i] as WalkerLocal).local]),
      ),
      constants,
      steps: this.#steps,
      indexSteps: new Map(axes.map((axis, i) => [axis, this.#steps[operands + i] ?? "any"])),
    };
    const splat = this.#lanes > 0 ? emitSplatConstants(c, plan.leaf.program, constants) : constants;
    const strand = (walkers: readonly WalkerLocal[]): Strand =>
      makeStrand(c, plan, environment, splat, walkers, (part) =>
        cellTypes(part, this.#flavour, this.#lanes),
      );
    this.#strands = [
      strand(this.#walkers),
      ...Array.from({ length: strands - 1 }, () => strand(locals())),
    ];
    this.#open = plan.leaf.parts.some(isDot) ? c.local("i32") : -1;
    this.#args = plan.leaf.parts.filter((part) => part.kind === "arg");
    const walk = { walkers: this.#walkers, bases: this.#bases, strides: this.#strides };
    this.#argWalk = plan.hasArg
      ? new ArgWalk(c, this.#args, this.#flavour, this.#lanes, walk)
      : undefined;
  }

  emit(): void {
    const { c } = this;
    const { parts } = this.#plan.leaf;
    const dots = parts.filter(isDot);
    const moments = parts.filter((part) => part.kind === "moments");
    emitOdometer(c, this.#plan.layout, 0, [...this.#bases, ...this.#states], () => {
      this.#forCells(parts, false, () => parts.forEach((part) => this.#init(part)));
      if (this.#open >= 0) c.i32(0).set(this.#open);
      this.#pass(parts, false);
      if (moments.length > 0) {
        this.#forCells(moments, true, () => {
          for (const part of moments)
            for (const strand of this.#strands)
              emitMean(c, part, this.#flavour, this.#cellsOf(part, strand));
        });
        this.#pass(moments, true);
      }
      for (const part of this.#args) this.#search(part);
      this.#forCells(parts, true, () => {
        this.#flush(dots);
        this.#finish();
      });
    });
  }

  #cellsOf(part: Part, strand: Strand = this.#strands[0]): readonly number[] {
    return strand.cells[this.#plan.leaf.parts.indexOf(part)] as readonly number[];
  }

  #init(part: Part): void {
    for (const strand of this.#strands)
      emitInit(this.c, part, this.#flavour, this.#cellsOf(part, strand));
  }

  /** Runs `body` with the cells of `parts` in locals: at once, or for every step of the panel. */
  #forCells(parts: readonly Part[], load: boolean, body: () => void): void {
    if (this.#shape === "rowsInner") {
      body();
      return;
    }
    this.#forPanel(parts, load, true, body);
  }

  #forPanel(parts: readonly Part[], load: boolean, store: boolean, body: () => void): void {
    const { c } = this;
    const cell = c.local("i32");
    const left = c.local("i32");
    const step = Math.max(1, this.#lanes);
    c.get(0).i32(descriptorBytes(this.#plan.layout)).op("i32.add").set(cell);
    c.get(0).memory("i32.load", HEADER.columns).set(left);
    emitWhileAtLeast(c, left, step, () => {
      if (load) this.#moveCells(parts, cell, true);
      body();
      if (store) this.#moveCells(parts, cell, false);
      c.get(cell).i32(panelStepBytes(this.#plan, this.#lanes)).op("i32.add").set(cell);
    });
    c.free(cell, left);
  }

  #moveCells(parts: readonly Part[], address: number, load: boolean): void {
    const { c } = this;
    let offset = 0;
    this.#plan.leaf.parts.forEach((part, i) => {
      cellTypes(part, this.#flavour, this.#lanes).forEach((type, k) => {
        const local = (this.#strands[0].cells[i] as readonly number[])[k] as number;
        if (parts.includes(part)) {
          c.get(address);
          if (load) c.memory(`${type}.load`, offset).set(local);
          else c.get(local).memory(`${type}.store`, offset);
        }
        offset += CELL_BYTES[type];
      });
    });
  }

  /** One walk over the elements of the leaf. */
  #pass(parts: readonly Part[], second: boolean): void {
    const { c } = this;
    this.#walkers.forEach((w, i) => {
      c.get((this.#bases[i] as WalkerLocal).local).set(w.local);
    });
    const left = c.local("i32");
    emitOdometer(c, this.#plan.layout, 1, this.#walkers, () => {
      c.get(0).memory("i32.load", HEADER.inner).set(left);
      if (parts.some(isDot)) this.#runs(parts, second, left);
      else this.#stretch(parts, second, left);
    });
    c.free(left);
  }

  /** The next `left` elements of a row, or rows of the panel. */
  #stretch(parts: readonly Part[], second: boolean, left: number): void {
    const row = (length: number): void => this.#row(parts, second, length);
    if (this.#flavour === "rows" && !second && this.#argWalk !== undefined)
      this.#argWalk.emitPieces(left, row, () =>
        this.#args.map((part) => ({
          part,
          cells: this.#cellsOf(part),
          width: this.#widths.get(part) ?? 1,
        })),
      );
    else if (this.#shape === "rowsInner") row(left);
    else {
      emitWhileAtLeast(this.c, left, GROUP, () => this.#panelRows(parts, second, "group"));
      this.#rest(parts, left, (odd) => this.#panelRows(parts, second, odd));
    }
  }

  /** A row (or the rows of the panel) run by run, for dots; groups of other parts end where runs end. */
  #runs(parts: readonly Part[], second: boolean, left: number): void {
    const { c } = this;
    const dots = parts.filter(isDot);
    const run = c.local("i32");
    if (this.#flavour === "rows") {
      this.#flush(dots);
      this.#runBlocks(dots, left);
    }
    c.block((done) => {
      c.loop((again) => {
        c.get(left).op("i32.eqz").brIf(done);
        c.get(left).i32(DOT_RUN).get(left).i32(DOT_RUN);
        c.op("i32.lt_u", "select").set(run);
        c.get(left, run).op("i32.sub").set(left);
        // The last run is flushed with the leaf: one walk less over the panel of a short one.
        c.get(this.#open);
        c.if(undefined, () => this.#forCells(dots, true, () => this.#flush(dots)));
        c.i32(1).set(this.#open);
        this.#stretch(parts, second, run);
        c.br(again);
      });
    });
    c.free(run);
  }

  #flush(dots: readonly DotPart[]): void {
    for (const dot of dots) emitDotFlush(this.c, dot, this.#flavour, this.#cellsOf(dot));
  }

  /** Blocks of whole runs along a row, a vector of the same places of several runs at a time. */
  #runBlocks(dots: readonly DotPart[], left: number): void {
    const { c } = this;
    const { program } = this.#plan.leaf;
    const lanes = this.#lanes;
    const [{ vector }] = this.#strands;
    const wanted = dots.map((dot) => dot.value);
    const place = c.local("i32");
    emitWhileAtLeast(c, left, BLOCK_RUNS * DOT_RUN, () => {
      this.#spec.operands.forEach((dtype, i) => {
        if (this.#steps[i] === "next")
          emitTouch(c, (this.#walkers[i] as WalkerLocal).local, itemSize(dtype));
      });
      for (const dot of dots) emitBlockInit(c, dot, this.#cellsOf(dot));
      c.i32(DOT_RUN).set(place);
      emitWhileAtLeast(c, place, lanes, () => {
        for (let group = 0; group * lanes < BLOCK_RUNS; group++) {
          const runs = Array.from({ length: lanes }, (_, r) =>
            evaluate(c, program, wanted, vector, lanes, (group * lanes + r) * DOT_RUN),
          );
          dots.forEach((dot, i) => {
            const values = runs.map((run) => (run[i] as (typeof run)[number]).local);
            emitBlockAdd(c, dot, this.#cellsOf(dot), group, values);
          });
          for (const run of runs) release(c, program, wanted, run);
        }
        this.#advance(lanes);
      });
      this.#advance((BLOCK_RUNS - 1) * DOT_RUN);
      for (const dot of dots) emitBlockFlush(c, dot, this.#cellsOf(dot));
    });
    c.free(place);
  }

  /** Moves walkers that vectors follow by `n` elements. */
  #advance(n: number): void {
    const { c } = this;
    for (const { walkers } of this.#strands)
      walkers.forEach(({ local, wide }, i) => {
        if (this.#steps[i] === "repeated") return;
        c.get(local);
        if (wide) c.i64(BigInt(n)).op("i64.add");
        else c.i32(n * itemSize(this.#spec.operands[i] as DType)).op("i32.add");
        c.set(local);
      });
  }

  /** The elements (or rows) after the last full group, in turn even and odd. */
  #rest(parts: readonly Part[], left: number, body: (odd: boolean) => void): void {
    const { c } = this;
    c.block((done) => {
      c.loop((again) => {
        for (const odd of parts.some(isOrdered) ? [false, true] : [false]) {
          c.get(left).op("i32.eqz").brIf(done);
          body(odd);
          c.get(left).i32(1).op("i32.sub").set(left);
        }
        c.br(again);
      });
    });
  }

  #accumulate(
    parts: readonly Part[],
    second: boolean,
    lanes: number,
    at: number,
    position: Position,
    sums: GroupSums,
    strand: Strand = this.#strands[0],
  ): void {
    const { c } = this;
    const { program } = this.#plan.leaf;
    const wanted = parts.flatMap(valuesOf);
    const env = lanes > 0 ? strand.vector : strand.scalar;
    const values = evaluate(c, program, wanted, env, lanes, at);
    const argIndex = this.#argWalk?.index ?? -1;
    let next = 0;
    for (const part of parts) {
      const own = values.slice(next, next + valuesOf(part).length);
      next += own.length;
      if (lanes > 0) this.#widths.set(part, (own[0] as (typeof own)[number]).width);
      const cells = this.#cellsOf(part, strand);
      emitAccumulate(c, part, this.#flavour, cells, own, position, sums, second, argIndex, lanes);
    }
    release(c, program, wanted, values);
  }

  #search(part: ArgPart): void {
    const { c } = this;
    const { program } = this.#plan.leaf;
    const wanted = [part.value];
    this.#argWalk?.emitSearch(part, this.#cellsOf(part), {
      evaluate: (lanes, body) => {
        const { vector, scalar } = this.#strands[0];
        const env = lanes > 0 ? vector : scalar;
        const values = evaluate(c, program, wanted, env, lanes, 0);
        body(values[0] as (typeof values)[number]);
        release(c, program, wanted, values);
      },
      advance: (elements) =>
        elements === 1 ? emitAdvance(c, this.#walkers, this.#strides) : this.#advance(elements),
    });
  }

  #row(parts: readonly Part[], second: boolean, left: number): void {
    const { c } = this;
    const lanes = this.#lanes;
    const group = lanes === 0 ? GROUP : rowGroup(this.#plan, lanes);
    const chains = Math.max(1, Math.floor(CHAINS / this.#strands.length));
    emitSpread(c, this.#plan.layout, this.#strands);
    // In vectors of a row's runs only what is left over comes here.
    if (lanes === 0 || !parts.some(isDot))
      emitWhileAtLeast(c, left, group, () => {
        if (lanes === 0) {
          const sums: GroupSums = new Map();
          for (let place = 0; place < GROUP; place++) {
            this.#accumulate(parts, second, 0, 0, { in: "group", place, chains }, sums);
            emitAdvance(c, this.#walkers, this.#strides);
          }
          return;
        }
        for (const strand of this.#strands) {
          const sums: GroupSums = new Map();
          for (let place = 0; place * lanes < group; place++) {
            const position = { in: "group", place, chains } as const;
            this.#accumulate(parts, second, lanes, place * lanes, position, sums, strand);
          }
        }
        this.#advance(group);
      });
    this.#rest(parts, left, (odd) => {
      for (const strand of this.#strands) {
        this.#accumulate(parts, second, 0, 0, { in: "rest", odd }, new Map(), strand);
        emitAdvance(c, strand.walkers, this.#strides);
      }
    });
  }

  /** Eight rows, or one, of the panel. */
  #panelRows(parts: readonly Part[], second: boolean, rows: "group" | boolean): void {
    const { c } = this;
    const { layout } = this.#plan;
    const grouped = rows === "group";
    const move = (slot: number): void =>
      this.#walkers.forEach((w, i) => addSlot(c, layout, w, i, slot));
    const argWalk = second ? undefined : this.#argWalk;
    this.#forPanel(parts, true, true, () => {
      const sums: GroupSums = new Map();
      argWalk?.emitRow();
      if (!grouped)
        this.#accumulate(parts, second, this.#lanes, 0, { in: "rest", odd: rows }, sums);
      for (let place = 0; grouped && place < GROUP; place++) {
        if (place > 0) {
          emitAdvance(c, this.#walkers, this.#strides);
          argWalk?.emitNextRow();
        }
        this.#accumulate(parts, second, this.#lanes, 0, { in: "group", place, chains: 1 }, sums);
      }
      move(grouped ? SLOT.group : SLOT.column);
    });
    move(grouped ? SLOT.groupReset : SLOT.rowReset);
  }

  #finish(): void {
    for (const strand of this.#strands) this.#finishStrand(strand);
  }

  /** Stores the states of a strand, or of the lanes of a vector of columns, and steps to where the next are stored. */
  #finishStrand(strand: Strand): void {
    const { c } = this;
    const { parts } = this.#plan.leaf;
    const steps = this.#shape === "columnsInner" || this.#strands.length > 1;
    const leaves = this.#flavour === "columns" ? this.#lanes : 1;
    for (let lane = 0; lane < leaves; lane++) {
      let state = 0;
      parts.forEach((part, i) => {
        const { monoid, on } = this.#spec.outputs[i] as LeafSpec["outputs"][number];
        stateDTypes(monoid, on).forEach((dtype, component) => {
          const target = this.#states[state] as WalkerLocal;
          c.get(target.local);
          const width = this.#widths.get(part) ?? 1;
          const cells = this.#cellsOf(part, strand);
          emitState(c, part, this.#flavour, cells, component, lane, this.#lanes, width);
          if (part.kind === "arg" && component === 1) this.#argWalk?.emitAbsolute();
          emitStore(c, dtype, 0);
          if (steps) addSlot(c, this.#plan.layout, target, this.#plan.walkers + state, SLOT.column);
          state++;
        });
      });
    }
  }
}
