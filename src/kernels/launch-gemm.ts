/**
 * Matrix products: leaves whose only output is a dot of two factors, one of which moves along one kept axis (the rows)
 * and the other along another (the columns). Both are packed block by block, and tiles of the result are summed in
 * registers. Bits are those of the leaf kernels.
 */
import {
  edgeBytes,
  type Factors,
  factorAlong,
  factorsOf,
  PACKED,
  packedColumns,
  ROW_ELEMENT,
  TILE_ROWS,
  tileColumns,
} from "../ir/contraction.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import { compilePack, compileTiles, PACK_SLOT, packLayout } from "./gemm-kernel.js";
import { launchCopy } from "./launch-copy.js";
import { type Launcher, stepOf } from "./launch-map.js";
import { flipAxis, type Walker } from "./nest.js";
import { lanesOf, type Step } from "./program.js";
import { type Constants, indexAxes, type LeafSpec, programKey } from "./structure.js";

/** Memory for packed panels, for one launch. */
export interface Work {
  readonly address: number;
  readonly bytes: number;
}

/** A leaf with its axes simplified: see `launch-leaf.ts`. */
export interface GemmNest {
  readonly spec: LeafSpec;
  readonly extents: number[];
  readonly walkers: readonly Walker[];
  readonly states: readonly Walker[];
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  readonly row: number;
  readonly constants: Constants;
}

/** Products of one matrix below which packing, some ten microseconds, costs more than it saves. */
const FEWEST = { float32: 2 ** 15, float64: 2 ** 14 } as const;
/**
 * Panels of columns in one call of the tile kernel: they fill half of a second-level cache, and a call takes about a
 * millisecond, so that slow first code is soon left.
 */
const CALL_PANELS = 32;

const known = new WeakMap<LeafSpec, Factors | null>();

/** The factors of a leaf whose only output is a dot. */
function factors(spec: LeafSpec): Factors | undefined {
  let found = known.get(spec);
  if (found === undefined) {
    const [output] = spec.outputs;
    const only = spec.outputs.length === 1 && output?.monoid === "dot";
    found =
      (only && indexAxes(spec.program).length === 0
        ? factorsOf(spec.program, output.value)
        : undefined) ?? null;
    known.set(spec, found);
  }
  return found ?? undefined;
}

/** The axes of a matrix product and its shape in them. */
interface Shape {
  readonly on: "float32" | "float64";
  readonly rows: number;
  readonly columns: number;
  /** Which of the factors has the rows. */
  readonly left: 0 | 1;
  readonly batch: readonly number[];
  /** Products in a row, and how many rows a leaf has one after another on its last outer axis. */
  readonly length: number;
}

function shapeOf(nest: GemmNest, found: Factors): Shape | undefined {
  const { extents, walkers, states, kept, row } = nest;
  const state = states[0] as Walker;
  const side = (axis: number): 0 | 1 | undefined =>
    factorAlong(found, (operand) => (walkers[operand] as Walker).strides[axis] !== 0);
  const columns = kept.find(
    (axis) => side(axis) !== undefined && Math.abs(state.strides[axis] as number) === 8,
  );
  if (columns === undefined) return undefined;
  const left = side(columns) === 0 ? 1 : 0;
  const rows = kept
    .filter((axis) => side(axis) === left)
    .reduce(
      (best, axis) =>
        best < 0 || (extents[axis] as number) > (extents[best] as number) ? axis : best,
      -1,
    );
  if (rows < 0) return undefined;
  const length = extents[row] as number;
  const depth = nest.reduced.reduce((n, axis) => n * (extents[axis] as number), length);
  const [m, n] = [extents[rows] as number, extents[columns] as number];
  const pays =
    m >= TILE_ROWS &&
    2 * n >= tileColumns(found.on) &&
    depth >= 4 &&
    m * n * depth >= FEWEST[found.on];
  if (!pays) return undefined;
  const batch = kept.filter((axis) => axis !== rows && axis !== columns);
  return { on: found.on, rows, columns, left, batch, length };
}

/** Runs the leaf as a matrix product if it is one, and there is enough memory to pack in. */
export function launchGemm(launcher: Launcher, nest: GemmNest, work: Work | undefined): boolean {
  const found = work === undefined || work.bytes === 0 ? undefined : factors(nest.spec);
  const shape = found === undefined ? undefined : shapeOf(nest, found);
  if (work === undefined || found === undefined || shape === undefined) return false;
  const blocks = blocksIn(nest, shape, work.bytes);
  if (blocks === undefined) return false;
  const state = nest.states[0] as Walker;
  if ((state.strides[shape.columns] as number) < 0)
    flipAxis(nest.extents, [...nest.walkers, ...nest.states], shape.columns);
  const gemm = new Gemm(launcher, nest, found, shape, blocks, work);
  for (const at of places(nest.extents, shape.batch)) gemm.run(at);
  return true;
}

interface Blocks {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly edges: number;
}

/** Blocks whose panels fit, as near to the best ones as there is room. */
function blocksIn({ extents }: GemmNest, shape: Shape, bytes: number): Blocks | undefined {
  const [m, n] = [extents[shape.rows] as number, extents[shape.columns] as number];
  const tile = tileColumns(shape.on);
  const edges = edgeBytes(shape.on, m, n);
  const room = bytes - edges;
  const size = itemSize(shape.on);
  const padded = (x: number, step: number): number => Math.ceil(x / step) * step;
  let rows = Math.min(padded(m, TILE_ROWS), PACKED.rows);
  let columns = Math.min(padded(n, tile), packedColumns(shape.on));
  const least = Math.min(shape.length, DOT_RUN);
  const across = (): number => rows * ROW_ELEMENT + columns * size;
  while (across() * least > room) {
    if (columns * size >= rows * ROW_ELEMENT && columns > tile) columns = padded(columns / 2, tile);
    else if (rows > TILE_ROWS) rows = padded(rows / 2, TILE_ROWS);
    else return undefined;
  }
  const depth = Math.min(PACKED.depth, Math.floor(room / across()));
  return { rows, columns, depth, edges };
}

/** All positions of some axes, as lists of steps. */
function* places(extents: readonly number[], axes: readonly number[]): Generator<number[]> {
  const at = axes.map(() => 0);
  for (;;) {
    yield [...at];
    let k = axes.length - 1;
    while (k >= 0 && (at[k] as number) + 1 === extents[axes[k] as number]) at[k--] = 0;
    if (k < 0) return;
    at[k] = (at[k] as number) + 1;
  }
}

/** How far a walker is after some steps along axes. */
const moved = (w: Walker, axes: readonly number[], at: readonly number[]): number =>
  axes.reduce((sum, axis, k) => sum + (at[k] as number) * (w.strides[axis] as number), 0);

/** A factor: how to pack it, from where, and what one step along its own axis, the row, and an outer row add. */
interface Side {
  readonly value: number;
  readonly operands: readonly number[];
  readonly walkers: readonly Walker[];
  readonly axis: number;
  readonly width: number;
  readonly run: (...args: number[]) => void;
}

/** Products `[start, start + length)` of `rows` rows, the first of which is at `at` on the outer reduced axes. */
interface Depth {
  readonly at: readonly number[];
  readonly start: number;
  readonly length: number;
  readonly rows: number;
}

class Gemm {
  readonly #launcher: Launcher;
  readonly #nest: GemmNest;
  readonly #shape: Shape;
  readonly #blocks: Blocks;
  readonly #left: Side;
  readonly #right: Side;
  readonly #tiles: (...args: number[]) => void;
  readonly #depths: readonly Depth[];
  /** Addresses: packed rows, packed columns, sums of the tiles at the right and at the bottom edge. */
  readonly #packed: readonly [number, number];
  readonly #edge: number;
  readonly #foot: number;
  readonly #m: number;
  readonly #n: number;
  readonly #tile: number;
  readonly #size: number;

  constructor(
    launcher: Launcher,
    nest: GemmNest,
    found: Factors,
    shape: Shape,
    blocks: Blocks,
    work: Work,
  ) {
    this.#launcher = launcher;
    this.#nest = nest;
    this.#shape = shape;
    this.#blocks = blocks;
    this.#m = nest.extents[shape.rows] as number;
    this.#n = nest.extents[shape.columns] as number;
    this.#tile = tileColumns(shape.on);
    this.#size = itemSize(shape.on);
    const right = shape.left === 0 ? 1 : 0;
    this.#left = this.#side(found, shape.left, shape.rows, TILE_ROWS);
    this.#right = this.#side(found, right, shape.columns, this.#tile);
    this.#tiles = launcher.cache.get(`tiles|${shape.on}`, () => compileTiles(shape.on));
    this.#depths = depthsOf(nest, shape.length, blocks.depth);
    const rowsAt = work.address + blocks.edges;
    this.#packed = [rowsAt, rowsAt + blocks.rows * blocks.depth * ROW_ELEMENT];
    this.#edge = work.address;
    const tall = Math.ceil(this.#m / TILE_ROWS) * TILE_ROWS;
    this.#foot = this.#n % this.#tile === 0 ? work.address : work.address + 8 * tall * this.#tile;
  }

  #side(found: Factors, which: 0 | 1, axis: number, width: number): Side {
    const { spec, walkers } = this.#nest;
    const value = found.values[which];
    const operands = found.operands[which];
    const own = operands.map((operand) => walkers[operand] as Walker);
    const steps = own.map((w, i): Step => {
      const dtype = spec.operands[operands[i] as number] as DType;
      return stepOf(w, axis, itemSize(dtype));
    });
    const lanes = 16 / itemSize(found.on);
    const spread = which === this.#shape.left;
    const vectors = !spread && !steps.includes("any") && lanesOf(spec.program, [value]) === lanes;
    const along = vectors ? steps : undefined;
    const dtypes = operands.map((operand) => spec.operands[operand]).join();
    const key = `pack|${operands.join()}|${dtypes}|${programKey(spec.program)}|${value}|${width}|${spread}|${along?.join() ?? ""}`;
    const run = this.#launcher.cache.get(key, () =>
      compilePack(spec, value, operands, found.on, width, spread, along),
    );
    return { value, operands, walkers: own, axis, width, run };
  }

  /** One matrix product: the one at `batch`. */
  run(batch: readonly number[]): void {
    const { rows, columns } = this.#blocks;
    const state = this.#nest.states[0] as Walker;
    const sums = state.base + moved(state, this.#shape.batch, batch);
    this.#depths.forEach((depth, k) => {
      for (let j = 0; j < this.#n; j += columns) {
        const width = Math.min(columns, this.#n - j);
        this.#pack(this.#right, batch, depth, j, width, this.#packed[1]);
        for (let i = 0; i < this.#m; i += rows) {
          const height = Math.min(rows, this.#m - i);
          this.#pack(this.#left, batch, depth, i, height, this.#packed[0]);
          this.#multiply(sums, depth, i, height, j, width, k === 0);
        }
      }
    });
    this.#copyEdges(sums);
  }

  #pack(
    side: Side,
    batch: readonly number[],
    { at, start, length, rows }: Depth,
    first: number,
    count: number,
    target: number,
  ): void {
    const { writer } = this.#launcher;
    const { spec, reduced, row, constants } = this.#nest;
    const layout = packLayout(spec, side.operands);
    const outer = reduced.at(-1);
    writer.begin(layout);
    writer.constants(constants);
    side.walkers.forEach((w, i) => {
      const lane = w.strides[side.axis] as number;
      const step = w.strides[row] as number;
      const base =
        w.base +
        moved(w, this.#shape.batch, batch) +
        moved(w, reduced, at) +
        start * step +
        first * lane;
      const slots: number[] = [];
      slots[PACK_SLOT.lane - 1] = lane;
      slots[PACK_SLOT.product - 1] = step;
      slots[PACK_SLOT.row - 1] = outer === undefined ? 0 : (w.strides[outer] as number);
      writer.walker(layout, i, { ...w, base }, slots);
    });
    side.run(writer.address, target, count, length, rows);
  }

  /** The tiles of a block: whole ones go to the states, others to the edges. */
  #multiply(
    sums: number,
    { length, rows }: Depth,
    top: number,
    height: number,
    start: number,
    width: number,
    first: boolean,
  ): void {
    const stride = (this.#nest.states[0] as Walker).strides[this.#shape.rows] as number;
    const tile = this.#tile;
    const [a, b] = this.#packed;
    const depth = length * rows;
    const across = Math.floor(width / tile);
    const down = Math.floor(height / TILE_ROWS);
    const below = a + down * TILE_ROWS * depth * ROW_ELEMENT;
    const call = (
      from: number,
      panel: number,
      at: number,
      step: number,
      tall: number,
      wide: number,
    ): void => {
      const panels = b + panel * tile * depth * this.#size;
      this.#tiles(from, panels, at, step, tall, wide, length, rows, first ? 1 : 0);
    };
    for (let p = 0; p < across; p += CALL_PANELS) {
      const count = Math.min(CALL_PANELS, across - p);
      const column = 8 * (start + p * tile);
      if (down > 0) call(a, p, sums + top * stride + column, stride, down, count);
      if (height > down * TILE_ROWS)
        call(below, p, this.#foot + column, this.#footStride, 1, count);
    }
    if (width > across * tile) {
      const edge = this.#edge + 8 * top * tile;
      call(a, across, edge, 8 * tile, Math.ceil(height / TILE_ROWS), 1);
    }
  }

  get #footStride(): number {
    return 8 * Math.ceil(this.#n / this.#tile) * this.#tile;
  }

  /** Sums of the tiles at the edges, without what lies beyond. */
  #copyEdges(sums: number): void {
    const stride = (this.#nest.states[0] as Walker).strides[this.#shape.rows] as number;
    const tile = this.#tile;
    const whole = this.#n - (this.#n % tile);
    const tall = this.#m - (this.#m % TILE_ROWS);
    const copy = (
      height: number,
      width: number,
      from: number,
      step: number,
      row: number,
      column: number,
    ): void => {
      if (height === 0 || width === 0) return;
      launchCopy(
        this.#launcher,
        8,
        [height, width],
        { address: from, strides: [step, 8] },
        { address: sums + row * stride + 8 * column, strides: [stride, 8] },
      );
    };
    copy(this.#m, this.#n - whole, this.#edge, 8 * tile, 0, whole);
    copy(this.#m - tall, whole, this.#foot, this.#footStride, tall, 0);
  }
}

/** The rows of a leaf in pieces of at most `depth` products: parts of one row that end with a run, or whole rows. */
function depthsOf({ extents, reduced }: GemmNest, length: number, depth: number): Depth[] {
  const outer = reduced.length === 0 ? 1 : (extents[reduced.at(-1) as number] as number);
  const leading = reduced.slice(0, -1);
  const piece = length <= depth ? length : depth - (depth % DOT_RUN);
  const together = piece < length ? 1 : Math.max(1, Math.floor(depth / length));
  const out: Depth[] = [];
  for (const before of places(extents, leading)) {
    for (let row = 0; row < outer; row += together) {
      const at = reduced.length === 0 ? [] : [...before, row];
      const rows = Math.min(together, outer - row);
      for (let start = 0; start < length; start += piece)
        out.push({ at, start, length: Math.min(piece, length - start), rows });
    }
  }
  return out;
}
