/** From a leaf over any extents and strides to calls of a compiled leaf kernel. */
import { InternalError } from "../errors.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import { isOrdered, leafProgram } from "./accumulators.js";
import { halves, partPlaces, realLeaf } from "./complex.js";
import { descriptorBytes, HEADER } from "./descriptor.js";
import { launchGemm, type Work } from "./launch-gemm.js";
import { indexWalker, type Launcher, stepOf } from "./launch-map.js";
import { compileLeaf } from "./leaf-kernel.js";
import {
  GROUP,
  hasRowVectors,
  type LeafPlan,
  leafLanes,
  panelStepBytes,
  planLeaf,
  rowGroup,
  SLOT,
} from "./leaf-plan.js";
import {
  flipAxis,
  mergeAxes,
  mergeable,
  orderedAxes,
  spread,
  type Walker,
  walker,
} from "./nest.js";
import type { Step } from "./program.js";
import { strandsOf } from "./strands.js";
import {
  type Constants,
  hasComplex,
  indexAxes,
  type LeafSpec,
  type Place,
  programKey,
} from "./structure.js";

/** Columns whose accumulators are live at once: long enough to be read well, and all of them in the second-level cache. */
const PANEL = 1024;

interface Prepared {
  readonly key: string;
  readonly plan: LeafPlan;
  readonly lanes: number;
  readonly ordered: boolean;
  /** Rows of a multiple of this many elements may be joined although their order shows. */
  readonly joint: number;
}
const prepared = new WeakMap<LeafSpec, Prepared>();

function prepare(spec: LeafSpec): Prepared {
  let found = prepared.get(spec);
  if (found === undefined) {
    const outputs = spec.outputs
      .map(({ value, monoid, on, imaginary = "" }) => `${value}:${monoid}:${on}:${imaginary}`)
      .join();
    const plan = planLeaf(spec, leafProgram(spec));
    found = {
      key: `leaf|${spec.operands.join()}|${outputs}|${programKey(spec.program)}|`,
      plan,
      lanes: leafLanes(plan),
      ordered: plan.leaf.parts.some(isOrdered),
      joint: plan.leaf.parts.some((part) => part.kind === "dot") ? DOT_RUN : GROUP,
    };
    prepared.set(spec, found);
  }
  return found;
}

/** A leaf whose loop nest is simplified. Axes are numbers into `extents`. */
interface Nest {
  readonly spec: LeafSpec;
  readonly prepared: Prepared;
  readonly extents: number[];
  /** Operands, indices, arg index; then states. */
  readonly walkers: readonly Walker[];
  readonly states: readonly Walker[];
  /** Outermost first. */
  readonly kept: number[];
  readonly reduced: readonly number[];
  readonly row: number;
  readonly count: number;
  readonly constants: Constants;
  /** Whether the indices of arg- reductions grow along the walk, by less than 2^31 in all. */
  readonly growing: boolean;
}

export function launchLeaf(
  launcher: Launcher,
  spec: LeafSpec,
  extents: readonly number[],
  origin: readonly number[],
  reduced: readonly number[],
  operands: readonly Place[],
  states: readonly (readonly Place[])[],
  argStrides: readonly number[],
  constants: Constants,
  work?: Work,
): void {
  if (extents.includes(0)) {
    if (reduced.some((axis) => extents[axis] === 0))
      throw new InternalError("a leaf of no elements has no state");
    return;
  }
  if (hasComplex(spec)) {
    const real = realLeaf(spec);
    launchLeaf(
      launcher,
      real.spec,
      extents,
      origin,
      reduced,
      partPlaces(real.operands, operands, spec.operands),
      real.states(states),
      argStrides,
      halves(real.constants, constants),
    );
    return;
  }
  const nest = simplify(spec, extents, origin, reduced, operands, states, argStrides, constants);
  if (launchGemm(launcher, nest, work)) return;
  const column = nest.kept.at(-1);
  const places = nest.walkers.slice(0, spec.operands.length);
  if (column !== undefined && spread(places, column) < spread(places, nest.row))
    launchColumns(launcher, nest, column);
  else launchRows(launcher, nest);
}

function simplify(
  spec: LeafSpec,
  given: readonly number[],
  origin: readonly number[],
  reduced: readonly number[],
  operands: readonly Place[],
  states: readonly (readonly Place[])[],
  argStrides: readonly number[],
  constants: Constants,
): Nest {
  const info = prepare(spec);
  // A last axis of one step stands in when nothing is reduced.
  const extents = [...given, 1];
  const rank = given.length;
  const isReduced = extents.map((_, axis) => reduced.includes(axis));
  const walkers = operands.map((place) => walker(place.address, [...place.strides, 0]));
  for (const axis of indexAxes(spec.program)) walkers.push(indexWalker(rank + 1, axis, origin));
  if (info.plan.hasArg) {
    const base = reduced.reduce(
      (sum, axis) => sum + (origin[axis] ?? 0) * (argStrides[axis] as number),
      0,
    );
    const strides = extents.map((_, axis) => (isReduced[axis] ? (argStrides[axis] as number) : 0));
    walkers.push(walker(base, strides, true));
  }
  const targets = states.flat().map((place) =>
    walker(
      place.address,
      extents.map((_, axis) =>
        isReduced[axis] || axis === rank ? 0 : (place.strides[axis] as number),
      ),
    ),
  );
  const all = [...walkers, ...targets];
  const order = orderedAxes(
    extents,
    walkers,
    targets,
    given.map((_, axis) => axis).filter((axis) => !isReduced[axis]),
  );
  for (const axis of order)
    if ((((walkers[0] ?? targets[0]) as Walker).strides[axis] as number) < 0)
      flipAxis(extents, all, axis);
  const kept = mergeAxes(extents, all, order);
  const count = reduced.reduce((n, axis) => n * (given[axis] as number), 1);
  let row = reduced.at(-1) ?? rank;
  const rest = mergeAxes(
    extents,
    walkers,
    reduced.slice(0, -1).filter((axis) => extents[axis] !== 1),
  );
  // Rows are observable in float sums: they may be joined only where no group or run spans the joint.
  if (!info.ordered && extents[row] === 1) row = rest.pop() ?? row;
  const outer = rest.at(-1);
  const whole = !info.ordered || (extents[row] as number) % info.joint === 0;
  if (outer !== undefined && whole && mergeable(extents, walkers, outer, row)) {
    extents[row] = (extents[row] as number) * (extents[outer] as number);
    rest.pop();
  }
  return {
    spec,
    prepared: info,
    extents,
    walkers,
    states: targets,
    kept,
    reduced: rest,
    row,
    count,
    constants,
    growing: growing(given, reduced, argStrides),
  };
}

function growing(
  extents: readonly number[],
  reduced: readonly number[],
  argStrides: readonly number[],
): boolean {
  let span = 0;
  for (const axis of [...reduced].reverse()) {
    const [n, stride] = [extents[axis] as number, argStrides[axis] as number];
    if (n > 1 && stride <= span) return false;
    span += (n - 1) * stride;
  }
  return span < 2 ** 31;
}

/** Steps along an axis if vectors can follow them. */
function stepsAlong(
  { spec, walkers, prepared: { lanes } }: Nest,
  axis: number,
): Step[] | undefined {
  if (lanes === 0) return undefined;
  const steps = walkers.map((w, i) => {
    const dtype: DType | undefined = spec.operands[i];
    return stepOf(w, axis, dtype === undefined ? 1 : itemSize(dtype));
  });
  return steps.includes("any") ? undefined : steps;
}

function writeShared({ writer }: Launcher, nest: Nest, scratch: number): void {
  const { layout } = nest.prepared.plan;
  const { extents, walkers, row, reduced } = nest;
  const rows = extents[row] as number;
  writer.begin(layout, scratch);
  writer.constants(nest.constants);
  writer.word(HEADER.inner, rows);
  writer.float(HEADER.count, nest.count);
  const inward = [...reduced].reverse();
  writer.table(layout, 1, extents, inward, walkers, (w) => rows * (w.strides[row] as number));
}

/** Leaves along the innermost kept axis are taken in strands, those that are left over one by one. */
function launchRows(launcher: Launcher, nest: Nest): void {
  const { spec, extents, row, prepared: info } = nest;
  const long = (extents[row] as number) >= rowGroup(info.plan, info.lanes);
  const steps = long && hasRowVectors(info.plan, info.lanes) ? stepsAlong(nest, row) : undefined;
  const across = nest.kept.at(-1);
  const leaves = across === undefined ? 1 : (extents[across] as number);
  const strands = steps === undefined ? 1 : strandsOf(info.plan, spec.operands.length, leaves);
  const turns = Math.floor(leaves / strands);
  launchStrands(launcher, nest, steps, 0, strands, turns);
  const rest = leaves - turns * strands;
  if (rest > 0) launchStrands(launcher, nest, steps, turns * strands, 1, rest);
}

/** `turns` times `strands` leaves of the innermost kept axis, from leaf `start`. */
function launchStrands(
  launcher: Launcher,
  nest: Nest,
  steps: readonly Step[] | undefined,
  start: number,
  strands: number,
  turns: number,
): void {
  const { writer, cache } = launcher;
  const { spec, row, prepared: info } = nest;
  const { layout } = info.plan;
  const run = cache.get(`${info.key}rows|${steps?.join() ?? ""}|${strands}`, () =>
    compileLeaf(spec, info.plan, "rowsInner", steps, strands),
  );
  writeShared(launcher, nest, 0);
  const across = nest.kept.at(-1);
  const step = (w: Walker): number => (across === undefined ? 0 : (w.strides[across] as number));
  // Turns are one more kept axis, the innermost.
  const turn = (w: Walker): Walker => ({
    ...w,
    base: w.base + start * step(w),
    strides: [...w.strides, strands * step(w)],
  });
  const walkers = nest.walkers.map(turn);
  const states = nest.states.map(turn);
  walkers.forEach((w, i) => writer.walker(layout, i, w, [w.strides[row] as number, step(w)]));
  states.forEach((w, i) => writer.walker(layout, walkers.length + i, w, [0, step(w)]));
  const extents = [...nest.extents, turns];
  const outward = [...nest.kept.filter((axis) => axis !== across), extents.length - 1].reverse();
  const moved = new Map(strands === 1 ? [] : states.map((w) => [w, w.strides.at(-1) as number]));
  writer.table(layout, 0, extents, outward, [...walkers, ...states], (w) => moved.get(w) ?? 0);
  run(writer.address);
}

/**
 * Panels of columns. What is left after whole panels is one narrower panel, and what is left of that (less than a
 * vector) is done by a last vector that overlaps it: columns do not depend on each other, so doing some twice
 * changes nothing.
 */
function launchColumns(launcher: Launcher, nest: Nest, column: number): void {
  const { plan, lanes } = nest.prepared;
  const total = nest.extents[column] as number;
  const fits = total >= lanes && (!plan.hasArg || nest.growing);
  const steps = fits ? stepsAlong(nest, column) : undefined;
  const step = steps === undefined ? 1 : lanes;
  const room = launcher.writer.bytes - descriptorBytes(plan.layout);
  const stepBytes = panelStepBytes(plan, steps === undefined ? 0 : lanes);
  const most = Math.max(1, Math.min(Math.floor(PANEL / step), Math.floor(room / stepBytes))) * step;
  const panels = Math.ceil(total / most);
  const width = Math.min(most, Math.ceil(total / panels / step) * step);
  const whole = Math.floor(total / width);
  if (whole > 0) launchPanels(launcher, nest, column, steps, 0, width, whole);
  const rest = total - whole * width;
  const narrow = rest - (rest % step);
  if (narrow > 0) launchPanels(launcher, nest, column, steps, whole * width, narrow, 1);
  if (narrow < rest) launchPanels(launcher, nest, column, steps, total - step, step, 1);
}

function launchPanels(
  launcher: Launcher,
  nest: Nest,
  column: number,
  steps: readonly Step[] | undefined,
  start: number,
  width: number,
  panels: number,
): void {
  const { writer, cache } = launcher;
  const { spec, row, prepared: info } = nest;
  const { layout } = info.plan;
  const step = steps === undefined ? 1 : info.lanes;
  const run = cache.get(`${info.key}columns|${steps?.join() ?? ""}`, () =>
    compileLeaf(spec, info.plan, "columnsInner", steps),
  );
  const scratch = (width / step) * panelStepBytes(info.plan, steps === undefined ? 0 : info.lanes);
  writeShared(launcher, nest, scratch);
  writer.word(HEADER.columns, width);
  const columnOf = (w: Walker): number => w.strides[column] as number;
  const at = (w: Walker): Walker => ({ ...w, base: w.base + start * columnOf(w) });
  nest.walkers.forEach((w, i) => {
    const across = columnOf(w);
    const down = w.strides[row] as number;
    const slots: number[] = [];
    slots[SLOT.row - 1] = down;
    slots[SLOT.column - 1] = step * across;
    slots[SLOT.group - 1] = step * across - (GROUP - 1) * down;
    slots[SLOT.groupReset - 1] = GROUP * down - width * across;
    slots[SLOT.rowReset - 1] = down - width * across;
    writer.walker(layout, i, at(w), slots);
  });
  nest.states.forEach((w, i) =>
    writer.walker(layout, nest.walkers.length + i, at(w), [0, columnOf(w)]),
  );
  // Panels are one more kept axis, the innermost.
  const panel = (w: Walker): Walker => ({ ...at(w), strides: [...w.strides, width * columnOf(w)] });
  const extents = [...nest.extents, panels];
  const kept = [...nest.kept.filter((axis) => axis !== column), extents.length - 1].reverse();
  const bases = nest.walkers.map(panel);
  const states = nest.states.map(panel);
  const moved = new Map(states.map((w) => [w, width * columnOf(w)]));
  writer.table(layout, 0, extents, kept, [...bases, ...states], (w) => moved.get(w) ?? 0);
  run(writer.address);
}
