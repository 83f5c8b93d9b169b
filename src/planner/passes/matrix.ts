/**
 * Blocks of matrix products. What counts is not the elements of the space, which nobody holds, but the regions of both
 * factors, the states, and how often a region is read and packed again: blocks are large, and near to square.
 */
import { type Factors, factorAlong, factorsOf } from "../../ir/contraction.js";
import { type Cuts, coalesceCuts, cutsMax, splitCuts } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { dtypeOf } from "../../ir/node.js";
import type { ReduceDraft } from "../draft.js";
import type { GridView } from "./grid.js";

/** Products of one task: some tens of milliseconds. */
const MOST_PRODUCTS = 2 ** 28;
const FEWEST_PRODUCTS = 2 ** 21;
/** Longest side of a block, and the side down to which it is cut to have work for all workers. */
const LONGEST = 512;
const SHORTEST = 128;
/** States of a task per result element: the node at hand, what it meets, and some that wait. */
const STATES = 4;
/** A task of a matrix product computes for so long that it may hold more than others. */
const HOLD = 4;

/** The factors of a draft that is a matrix product. */
function matrixOf(
  draft: ReduceDraft,
): { readonly sides: readonly (0 | 1 | undefined)[] } | undefined {
  const along = (factors: Factors, axis: number): 0 | 1 | undefined =>
    factorAlong(factors, (operand) =>
      (draft.operands[operand]?.map ?? []).some(
        (m) => m.axis === axis && m.step !== 0 && (draft.space[axis] as number) > 1,
      ),
    );
  for (const { monoid, value } of draft.accumulators) {
    const factors = monoid === "dot" ? factorsOf(draft.program, value) : undefined;
    if (factors === undefined) continue;
    const sides = draft.space.map((_, axis) =>
      draft.reduced.includes(axis) ? undefined : along(factors, axis),
    );
    if (sides.includes(0) && sides.includes(1)) return { sides };
  }
  return undefined;
}

/** Cuts of a draft that is a matrix product; undefined for other drafts. */
export function matrixCuts(
  draft: ReduceDraft,
  wishes: readonly Cuts[],
  view: GridView,
  longest: (axis: number) => number,
): readonly Cuts[] | undefined {
  const found = matrixOf(draft);
  return found === undefined
    ? undefined
    : new Sizing(draft, found.sides, wishes, view, longest).cuts();
}

class Sizing {
  readonly #draft: ReduceDraft;
  readonly #sides: readonly (0 | 1 | undefined)[];
  readonly #cuts: Cuts[];
  readonly #view: GridView;
  readonly #longest: (axis: number) => number;
  readonly #products: number;

  constructor(
    draft: ReduceDraft,
    sides: readonly (0 | 1 | undefined)[],
    wishes: readonly Cuts[],
    view: GridView,
    longest: (axis: number) => number,
  ) {
    this.#draft = draft;
    this.#sides = sides;
    this.#cuts = [...wishes];
    this.#view = view;
    this.#longest = longest;
    const all = draft.space.reduce((n, extent) => n * extent, 1);
    const share = all / (4 * view.workers);
    this.#products = Math.min(MOST_PRODUCTS, Math.max(FEWEST_PRODUCTS, share));
  }

  cuts(): readonly Cuts[] {
    this.#shrink();
    if (this.#view.coalesce) this.#grow();
    return this.#cuts;
  }

  #sizes(): number[] {
    return this.#cuts.map((c) => Math.max(1, cutsMax(c)));
  }

  /** Bytes of the regions and states of a task. */
  #bytes(sizes: readonly number[]): number {
    const { operands, reduced, space } = this.#draft;
    const regions = operands.reduce(
      (sum, { base, map }) =>
        sum +
        map.reduce(
          (n, m) =>
            n * (m.axis < 0 ? 1 : (sizes[m.axis] as number) * Math.max(1, Math.abs(m.step))),
          itemSize(dtypeOf(base)),
        ),
      0,
    );
    const kept = space.reduce((n, _, a) => (reduced.includes(a) ? n : n * (sizes[a] as number)), 1);
    return regions + 8 * STATES * kept;
  }

  /** Products of a task, which takes all steps of the reduced axes. */
  #work(sizes: readonly number[]): number {
    const { space, reduced } = this.#draft;
    return sizes.reduce((n, size, a) => n * (reduced.includes(a) ? (space[a] as number) : size), 1);
  }

  /** The longest of some axes, if it is longer than `least`. */
  #longestOf(axes: readonly number[], least: number): number | undefined {
    const sizes = this.#sizes();
    const best = axes.reduce<number | undefined>(
      (a, b) => (a === undefined || (sizes[b] as number) > (sizes[a] as number) ? b : a),
      undefined,
    );
    return best !== undefined && (sizes[best] as number) > least ? best : undefined;
  }

  #halve(axis: number): void {
    const half = Math.ceil(cutsMax(this.#cuts[axis] as Cuts) / 2);
    // Whole tiles, where there are some.
    const even = half >= 16 ? Math.ceil(half / 8) * 8 : half;
    this.#cuts[axis] = splitCuts(this.#cuts[axis] as Cuts, even);
  }

  #axes(of: (side: 0 | 1 | undefined, axis: number) => boolean): number[] {
    return this.#sides.flatMap((side, axis) => (of(side, axis) ? [axis] : []));
  }

  #shrink(): void {
    const { reduced, leaves, operands } = this.#draft;
    const target = Math.min(this.#view.limit, HOLD * this.#view.target);
    const sided = this.#axes((side) => side !== undefined);
    const batch = this.#axes((side, axis) => side === undefined && !reduced.includes(axis));
    // Steps are free to be short, down to leaves.
    while (this.#bytes(this.#sizes()) > target) {
      const long = reduced.filter(
        (axis, k) => cutsMax(this.#cuts[axis] as Cuts) > cutsMax(leaves[k] as Cuts),
      );
      const axis = this.#longestOf(long, 1);
      if (axis === undefined) break;
      this.#halve(axis);
    }
    while (this.#bytes(this.#sizes()) > target) {
      const axis =
        this.#longestOf(sided, 64) ?? this.#longestOf(batch, 1) ?? this.#longestOf(sided, 1);
      if (axis === undefined) break;
      this.#halve(axis);
    }
    // What a store keeps whole is not read twice to have more tasks.
    const free = (axis: number): boolean =>
      !operands.some(
        ({ base, fromSource, map }) =>
          fromSource &&
          base.op === "source" &&
          base.params.binding.residence === "store" &&
          map.some((m) => m.axis === axis),
      );
    while (this.#work(this.#sizes()) > this.#products) {
      const axis =
        this.#longestOf(batch.filter(free), 1) ?? this.#longestOf(sided.filter(free), SHORTEST);
      if (axis === undefined) break;
      this.#halve(axis);
    }
  }

  /** Small pieces are joined: sides first, the shorter one before the other, then steps, then batches. */
  #grow(): void {
    const { reduced, space } = this.#draft;
    const sided = this.#axes((side) => side !== undefined);
    const batch = this.#axes((side, axis) => side === undefined && !reduced.includes(axis));
    for (;;) {
      const sizes = this.#sizes();
      const order = [...sided].sort((a, b) => (sizes[a] as number) - (sizes[b] as number));
      if (!order.some((axis) => this.#double(axis, LONGEST))) break;
    }
    for (const axis of [...reduced, ...batch].reverse())
      while (this.#double(axis, space[axis] as number));
  }

  /** Joins pieces of an axis up to twice the longest one, if that is still small enough. */
  #double(axis: number, most: number): boolean {
    const sizes = this.#sizes();
    const size = sizes[axis] as number;
    const extent = this.#draft.space[axis] as number;
    const twice = Math.min(2 * size, extent, Math.floor(this.#longest(axis)));
    if (twice <= size || twice > Math.max(most, 1)) return false;
    const next = sizes.map((n, a) => (a === axis ? twice : n));
    const target = Math.min(this.#view.limit, HOLD * this.#view.target);
    if (this.#bytes(next) > target || this.#work(next) > this.#products) return false;
    const joined = coalesceCuts(this.#cuts[axis] as Cuts, twice);
    if (cutsMax(joined) <= size) return false;
    this.#cuts[axis] = joined;
    return true;
  }
}
