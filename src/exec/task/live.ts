/**
 * What of its operands a task needs: the conditions of a stage (`ir/guards.ts`) are looked at before the operands that
 * depend on them are read, and a block that is one value throughout says so.
 *
 * A look costs little beside what it may save: a corner of the block is looked at first, and whoever finds there that
 * both branches are taken asks no further. Where conditions come from a store that answers later, waiting for them
 * takes time of its own: after some blocks in which it did not help, it is done for a few of them only. Of conditions
 * that make each other superfluous those come first that have helped so far.
 */
import {
  type Dependence,
  dependence,
  derived,
  type Facts,
  type Guard,
  programFor,
} from "../../ir/guards.js";
import { type Box, boxElements, boxShape } from "../../ir/index-map.js";
import { guardBytes } from "../../ir/scratch.js";
import type { MapStage, ReduceStage } from "../../ir/stage.js";
import type { LeafSpec } from "../../kernels/index.js";
import type { Place, ScratchStack, TaskContext } from "./context.js";
import type { Flow } from "./flow.js";
import { within } from "./leaf-calls.js";
import { countSkipped } from "./reads.js";
import { type LaidOut, layOut, placeOperands, readRegions } from "./regions.js";
import { isRepeated, repeated, spreadFirst } from "./uniform.js";

/** Elements of the corner that is looked at first, and of the slabs after it: a launch takes as long as so many. */
const CORNER = 4096;
const SLAB = 65536;
/** Blocks in which waiting for conditions did not help, after which it is done for one in `PATIENCE`. */
const PATIENCE = 8;

export interface Placed {
  readonly places: readonly Place[];
  /** Every element of the box has the same operands, as far as they matter: all places repeat one element. */
  readonly uniform: boolean;
  /** What was found out about conditions: with equal operands, values are equal only where this is too. */
  readonly facts: string;
}

/** Looks at the operands of one stage in one task. */
export class LiveOperands {
  readonly #ctx: TaskContext;
  readonly #stage: MapStage | ReduceStage;
  readonly #scratch: ScratchStack;
  readonly #known: Knowledge;
  /** Where the answers of conditions go. */
  readonly #answers: number;

  constructor(ctx: TaskContext, stage: MapStage | ReduceStage, scratch: ScratchStack) {
    this.#ctx = ctx;
    this.#stage = stage;
    this.#scratch = scratch;
    this.#known = knowledgeOf(stage);
    this.#answers = scratch.take(guardBytes(stage));
  }

  /** A place over `box` for every operand. Those that nothing depends on show anything. */
  *place(box: Box): Flow<Placed> {
    const { operands, guards } = this.#stage;
    if (guards === undefined) {
      const places = yield* placeOperands(this.#ctx, operands, box, this.#scratch);
      return { places, uniform: false, facts: "" };
    }
    const requests = operands.map((operand) => ({ operand, box }));
    const laid = layOut(this.#ctx, requests, this.#scratch);
    const facts: Facts = this.#known.patient() ? yield* this.#ask(laid, box) : new Map();
    const { operands: live, indexed } = this.#known.dependence(facts);
    yield* readRegions(
      this.#ctx,
      laid.regions.filter((_, i) => live.has(i)),
      true,
    );
    this.#learn(guards, laid, box);
    this.#blank(laid.regions);
    for (const region of new Set(laid.regions)) {
      if (region?.state === "unread") countSkipped(this.#ctx, region.operand, region.image);
    }
    const extents = boxShape(box);
    const shown = laid.places.map((place, i) => shownAt(laid, i) ?? place);
    const same = shown.every((place, i) => !live.has(i) || isRepeated(place, extents));
    if (same && !indexed && boxElements(box) > 1) {
      if (this.#ctx.meter !== undefined) this.#ctx.meter.uniform++;
      return { places: shown.map(repeated), uniform: true, facts: keyOf(facts) };
    }
    for (const region of new Set(laid.regions)) {
      if (region?.state !== "uniform") continue;
      spreadFirst(this.#ctx, region.operand.dtype, boxShape(region.image), region.place);
      region.state = "read";
    }
    return { places: laid.places, uniform: false, facts: "" };
  }

  /** Reads what conditions need, one after the other, as long as something depends on them; what is found out. */
  *#ask(laid: LaidOut, box: Box): Flow<Facts> {
    const known = this.#known;
    let facts: Facts = new Map();
    let [helped, later] = [false, false];
    for (const guard of known.guards()) {
      if (facts.has(guard.op)) continue;
      const { operands: live } = known.dependence(facts);
      const gains = (dead: readonly number[]): boolean =>
        dead.some((n) => live.has(n) && laid.regions[n]?.state === "unread");
      const wanted = { isFalse: gains(guard.ifFalse), isTrue: gains(guard.ifTrue) };
      if (!wanted.isFalse && !wanted.isTrue) continue;
      const own = guard.operands.filter((n) => live.has(n));
      later =
        (yield* readRegions(
          this.#ctx,
          own.map((n) => laid.regions[n]),
          true,
        )) || later;
      this.#blank(guard.operands.map((n) => laid.regions[n]));
      const answer = this.#answer(guard, laid, box, wanted);
      known.score(guard, answer !== undefined);
      if (answer === undefined) continue;
      facts = derived(this.#stage.program, new Map([...facts, [guard.op, answer]]));
      helped = true;
    }
    known.learn(later, helped);
    return facts;
  }

  /** Notes which conditions would have helped, had they come first; only where that is known at once. */
  #learn(guards: readonly Guard[], laid: LaidOut, box: Box): void {
    if (guards.length < 2) return;
    for (const guard of guards) {
      const seen = guard.operands.length > 0 && guard.operands.every((n) => shownAt(laid, n));
      const late = (dead: readonly number[]): boolean =>
        dead.some((n) => laid.regions[n]?.state === "read");
      if (!seen || this.#known.condition(guard).indexed) continue;
      const wanted = { isFalse: late(guard.ifFalse), isTrue: late(guard.ifTrue) };
      if (!wanted.isFalse && !wanted.isTrue) continue;
      if (this.#answer(guard, laid, box, wanted) !== undefined) this.#known.score(guard, true);
    }
  }

  /** Whether a condition is true everywhere, or false everywhere, as far as that is of interest. */
  #answer(
    guard: Guard,
    laid: LaidOut,
    box: Box,
    wanted: { readonly isFalse: boolean; readonly isTrue: boolean },
  ): boolean | undefined {
    const { kernels, memory } = this.#ctx;
    const { spec, operands, indexed } = this.#known.condition(guard);
    const places = operands.map((n) => shownAt(laid, n) ?? (laid.places[n] as Place));
    const extents = boxShape(box);
    const once = !indexed && places.every((place) => isRepeated(place, extents));
    const axes = extents.map((_, axis) => axis);
    const none = axes.map(() => 0);
    const bytes = new Uint8Array(memory.buffer, this.#answers, 2);
    const states = [0, 1].map((i) => [{ address: this.#answers + i, strides: none }]);
    let [any, all] = [false, true];
    for (const part of once ? [cornerOf(box, 1)] : parts(box)) {
      const at = within(places, box, part);
      const { constants } = this.#stage.program;
      kernels.leaf(spec, boxShape(part), part.lo, axes, at, states, none, constants);
      any ||= bytes[0] !== 0;
      all &&= bytes[1] !== 0;
      if ((any || !wanted.isFalse) && (!all || !wanted.isTrue)) return undefined;
    }
    return any ? (all ? true : undefined) : false;
  }

  /** What is not read may show anything, but a bool is 0 or 1. */
  #blank(regions: LaidOut["regions"]): void {
    for (const region of new Set(regions)) {
      if (region?.state !== "unread" || region.operand.dtype !== "bool") continue;
      this.#ctx.kernels.fill(1, boxShape(region.image), region.place, "00");
    }
  }
}

/** Where an operand shows one element throughout because its region is one value. */
function shownAt({ places, regions }: LaidOut, n: number): Place | undefined {
  const region = regions[n];
  if (region?.state !== "uniform") return undefined;
  return repeated({ ...(places[n] as Place), address: region.place.address });
}

/** The first positions of a box along the last axes, `most` in all. */
function cornerOf({ lo, hi }: Box, most: number): Box {
  const end = [...hi];
  let room = most;
  for (let axis = lo.length - 1; axis >= 0; axis--) {
    const n = Math.max(1, Math.min(room, (hi[axis] as number) - (lo[axis] as number)));
    end[axis] = (lo[axis] as number) + n;
    room = Math.floor(room / n);
  }
  return { lo, hi: end };
}

/** A corner of a box, then all of it, in slabs that become thicker. */
function* parts(box: Box): Generator<Box> {
  const corner = cornerOf(box, CORNER);
  yield corner;
  if (boxElements(corner) === boxElements(box)) return;
  const axis = box.lo.findIndex((v, i) => (box.hi[i] as number) - v > 1);
  const [lo, hi] = [box.lo[axis] as number, box.hi[axis] as number];
  const row = boxElements(box) / (hi - lo);
  let thick = Math.max(1, Math.ceil(SLAB / row));
  for (let from = lo; from < hi; from += thick, thick *= 2) {
    const cut = (bound: readonly number[], v: number): number[] =>
      bound.map((b, i) => (i === axis ? v : b));
    yield { lo: cut(box.lo, from), hi: cut(box.hi, Math.min(hi, from + thick)) };
  }
}

/** A condition as a reduction: whether it is true anywhere, and everywhere. Kernels remember by object. */
interface Condition {
  readonly spec: LeafSpec;
  readonly operands: readonly number[];
  readonly indexed: boolean;
}

const keyOf = (facts: Facts): string => [...facts].map(([op, fact]) => (fact ? op : ~op)).join();

/** What a thread knows of a stage from one task to the next. */
class Knowledge {
  readonly #stage: MapStage | ReduceStage;
  readonly #values: readonly number[];
  readonly #dependences = new Map<string, Dependence>();
  readonly #conditions = new Map<Guard, Condition>();
  /** The conditions, those that help first, and how often they did of late. */
  #guards: readonly Guard[];
  readonly #scores = new Map<Guard, number>();
  #later = false;
  /** Blocks since a condition helped. */
  #vain = 0;

  constructor(stage: MapStage | ReduceStage) {
    this.#stage = stage;
    this.#guards = stage.guards ?? [];
    this.#values = stage.kind === "map" ? stage.values : stage.accumulators.map((a) => a.value);
  }

  /** What the values of the stage depend on where `facts` hold. */
  dependence(facts: Facts): Dependence {
    const key = keyOf(facts);
    let found = this.#dependences.get(key);
    if (found === undefined) {
      found = dependence(this.#stage.program, this.#values, facts);
      this.#dependences.set(key, found);
    }
    return found;
  }

  condition(guard: Guard): Condition {
    let found = this.#conditions.get(guard);
    if (found === undefined) {
      found = conditionOf(this.#stage, guard);
      this.#conditions.set(guard, found);
    }
    return found;
  }

  guards(): readonly Guard[] {
    return this.#guards;
  }

  /** Enters whether a condition helped in a block. */
  score(guard: Guard, helped: boolean): void {
    const before = this.#scores.get(guard) ?? 0;
    const after = Math.max(-PATIENCE, Math.min(PATIENCE, before + (helped ? 1 : -1)));
    this.#scores.set(guard, after);
    const of = (g: Guard): number => this.#scores.get(g) ?? 0;
    const sorted = this.#guards.every(
      (g, i) => i === 0 || of(this.#guards[i - 1] as Guard) >= of(g),
    );
    if (!sorted) this.#guards = [...this.#guards].sort((a, b) => of(b) - of(a));
  }

  /** Whether the conditions of the next block are worth waiting for. */
  patient(): boolean {
    return !this.#later || this.#vain < PATIENCE || this.#vain++ % PATIENCE === 0;
  }

  learn(later: boolean, helped: boolean): void {
    this.#later ||= later;
    this.#vain = helped ? 0 : this.#vain + 1;
  }
}

const known = new WeakMap<MapStage | ReduceStage, Knowledge>();

function knowledgeOf(stage: MapStage | ReduceStage): Knowledge {
  let found = known.get(stage);
  if (found === undefined) {
    found = new Knowledge(stage);
    known.set(stage, found);
  }
  return found;
}

function conditionOf(stage: MapStage | ReduceStage, guard: Guard): Condition {
  const { program, operands } = programFor(stage.program, guard.op);
  const last = program.ops.length - 1;
  const dtype = program.ops[last]?.dtype ?? "bool";
  const ops =
    dtype === "bool"
      ? program.ops
      : [...program.ops, { op: "cast", dtype: "bool", from: dtype, args: [last] } as const];
  const value = ops.length - 1;
  const spec: LeafSpec = {
    program: { ...program, ops },
    operands: operands.map((n) => stage.operands[n]?.dtype ?? "bool"),
    outputs: [
      { value, monoid: "any", on: "bool" },
      { value, monoid: "all", on: "bool" },
    ],
  };
  return { spec, operands, indexed: ops.some((op) => op.op === "index") };
}
