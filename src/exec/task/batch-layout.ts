/** How the leaves of a batch repeat, and where their states lie. */
import { type Cuts, pieceStart, sliceCuts } from "../../ir/cuts.js";
import { rowMajorStrides } from "../../ir/index-map.js";
import { stateComponents } from "../../ir/scratch.js";
import type { ReduceStage } from "../../ir/stage.js";
import { itemOf, type Place } from "./context.js";
import { type LeafRange, type StateGeometry, statePlaces } from "./leaf-calls.js";
import { componentOffsets } from "./states.js";

/** Equal leaves of one axis: `outer` groups, each of `inner` leaves side by side. */
export interface Pattern {
  readonly size: number;
  readonly inner: number;
  readonly outer: number;
  /** First leaf, counted from the first one of the batch, and its first position. */
  readonly leaf: number;
  readonly start: number;
  /** From group to group, in leaves and in positions. */
  readonly leaves: number;
  readonly positions: number;
}

/** Leaves `[from, to)` as few patterns: runs of equal leaves, joined where they repeat at equal distances. */
export function patternsOf(cuts: Cuts, from: number, to: number): Pattern[] {
  const first = pieceStart(cuts, from);
  const open = new Map<string, number>();
  const out: Pattern[] = [];
  let leaf = 0;
  let start = first;
  for (const { size, repeat } of sliceCuts(cuts, first, pieceStart(cuts, to))) {
    const key = `${size}x${repeat}`;
    const at = open.get(key);
    const last = at === undefined ? undefined : out[at];
    const joins =
      last !== undefined &&
      (last.outer === 1 ||
        (leaf === last.leaf + last.outer * last.leaves &&
          start === last.start + last.outer * last.positions));
    if (last !== undefined && at !== undefined && joins) {
      out[at] = {
        ...last,
        outer: last.outer + 1,
        leaves: last.outer === 1 ? leaf - last.leaf : last.leaves,
        positions: last.outer === 1 ? start - last.start : last.positions,
      };
    } else {
      open.set(key, out.length);
      out.push({ size, inner: repeat, outer: 1, leaf, start, leaves: 0, positions: 0 });
    }
    leaf += repeat;
    start += size * repeat;
  }
  return out;
}

/** The leaves of a batch: `ranges[0]` of tree axis `axis` at outer leaf position `outer`, and all of the next axes. */
export interface Leaves {
  readonly axis: number;
  readonly outer: number;
  readonly ranges: readonly LeafRange[];
}

/** The states of a batch: row-major over the leaf numbers, `kept` elements each, component after component. */
export class BatchLayout {
  /** From leaf to leaf along each axis, in nodes. */
  readonly rows: readonly number[];
  readonly #stage: ReduceStage;
  readonly #geometry: StateGeometry;
  readonly #base: readonly number[];
  readonly #bytes: readonly number[];

  constructor(
    stage: ReduceStage,
    geometry: StateGeometry,
    states: number,
    ranges: readonly LeafRange[],
  ) {
    const sizes = ranges.map(([from, to]) => to - from);
    const all = sizes.reduce((n, s) => n * s, 1) * geometry.kept;
    this.rows = rowMajorStrides(sizes);
    this.#stage = stage;
    this.#geometry = geometry;
    this.#base = componentOffsets(stage, all).map((o) => states + o);
    this.#bytes = stateComponents(stage).map(({ dtype }) => geometry.kept * itemOf(dtype));
  }

  /** Component addresses of the node at a row of the batch. */
  at(row: number): number[] {
    return this.#base.map((a, i) => a + row * (this.#bytes[i] as number));
  }

  /** Places of the components, per accumulator, over (outer, inner) of every chosen pattern and the space. */
  places(chosen: readonly Pattern[]): Place[][] {
    const { kept, strides } = this.#geometry;
    const nodes = chosen.flatMap((p, i) => {
      const row = (this.rows[i] as number) * kept;
      return [p.leaves * row, row];
    });
    const row = chosen.reduce((n, p, i) => n + p.leaf * (this.rows[i] as number), 0);
    return statePlaces(this.#stage, this.at(row), [...nodes, ...strides]);
  }
}

/** How far apart the leaves of the chosen patterns lie, outer and inner, where `strides` has one for each axis. */
export const apart = (chosen: readonly Pattern[], strides: readonly number[]): number[] =>
  chosen.flatMap((p, i) => [p.positions * (strides[i] ?? 0), p.size * (strides[i] ?? 0)]);

/** One pattern of every axis, in all ways. */
export const choices = (patterns: readonly (readonly Pattern[])[]): readonly Pattern[][] =>
  patterns.reduce<Pattern[][]>(
    (all, own) => all.flatMap((chosen) => own.map((p) => [...chosen, p])),
    [[]],
  );
