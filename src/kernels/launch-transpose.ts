/**
 * Copies in which one axis is contiguous in the source and another in the target, in tiles. Rows of the source are
 * read in stretches of whole cache lines, blocks of `16 / itemSize` squared elements are transposed in registers into
 * a stage that stays in the first-level cache, and from there rows of the target are written, whole lines again.
 *
 * Without the stage, lines of one side are touched once per block. They are far apart, often by a power of two, so
 * that they share few places in the cache and are gone before the next touch.
 *
 * The transposition is the perfect-shuffle network: log2(n) rounds of interleaving vector i with vector i + n/2.
 */
import { assemble, Code, Imports, type Label } from "./assembler.js";
import { descriptorBytes, emitOdometer, getSlot, HEADER, type Layout } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import { emitRun } from "./launch-runs.js";
import { onAxes, type Walker } from "./nest.js";

/**
 * Bytes of a tile along the source's axis and along the target's. Long stretches let the hardware fetch ahead; the
 * stage, `wide * high / itemSize` bytes, has to fit beside the lines under way (measured for every size).
 */
const wide = (itemSize: number): number => Math.min(512, 128 * itemSize);
const high = (itemSize: number): number => (itemSize <= 2 ? 128 : 256);

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [2] };
const STEP = 1;

/** The kernel for tiles of which `run` bytes, whole vectors, lie along the target's axis. */
function compile(itemSize: number, run: number): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const n = 16 / itemSize;
  const walkers = [0, 1].map(() => ({ local: c.local("i32"), wide: false }));
  const steps = walkers.map((w, i) => {
    getSlot(c, LAYOUT, w, i, 0);
    c.set(w.local);
    getSlot(c, LAYOUT, w, i, STEP);
    return c.keep("i32");
  }) as [number, number];
  const [source, target] = walkers.map((w) => w.local) as [number, number];
  c.get(0).i32(descriptorBytes(LAYOUT)).op("i32.add");
  const stage = c.keep("i32");
  const [row, into, left] = [c.local("i32"), c.local("i32"), c.local("i32")];
  emitOdometer(c, LAYOUT, 0, walkers, () => {
    c.get(source).set(row);
    emitRows(c, itemSize, run, row, steps[0], stage);
    c.get(0).memory("i32.load", HEADER.columns).i32(n).op("i32.mul").set(left);
    c.get(target).set(row).get(stage).set(into);
    c.loop((again: Label) => {
      emitRun(c, into, row, run);
      c.get(row, steps[1]).op("i32.add").set(row);
      c.get(into).i32(run).op("i32.add").set(into);
      c.get(left).i32(1).op("i32.sub").tee(left).brIf(again);
    });
  });
  return assemble(imports, { run: c });
}

/** Transposes one tile into the stage. Moves `row`, which stands at the tile's first row. */
function emitRows(
  c: Code,
  itemSize: number,
  run: number,
  row: number,
  step: number,
  stage: number,
): void {
  const n = 16 / itemSize;
  const [from, at, into, first] = [c.local("i32"), c.local("i32"), c.local("i32"), c.local("i32")];
  const [rows, columns] = [c.local("i32"), c.local("i32")];
  c.i32(run / 16).set(rows);
  c.get(stage).set(first);
  c.loop((nextRows: Label) => {
    c.get(0).memory("i32.load", HEADER.columns).set(columns);
    c.get(row).set(from).get(first).set(into);
    c.loop((nextBlock: Label) => {
      c.get(from).set(at);
      let vectors = Array.from({ length: n }, (_, i) => {
        c.get(at).memory("v128.load");
        const vector = c.keep("v128");
        if (i < n - 1) c.get(at, step).op("i32.add").set(at);
        return vector;
      });
      for (let round = 1; round < n; round *= 2) vectors = emitInterleave(c, vectors, itemSize);
      vectors.forEach((vector, i) => {
        c.get(into, vector).memory("v128.store", i * run);
      });
      c.free(...vectors);
      c.get(from).i32(16).op("i32.add").set(from);
      c.get(into)
        .i32(n * run)
        .op("i32.add")
        .set(into);
      c.get(columns).i32(1).op("i32.sub").tee(columns).brIf(nextBlock);
    });
    c.get(step).i32(n).op("i32.mul").get(row).op("i32.add").set(row);
    c.get(first).i32(16).op("i32.add").set(first);
    c.get(rows).i32(1).op("i32.sub").tee(rows).brIf(nextRows);
  });
  c.free(from, at, into, first, rows, columns);
}

/** One round of the network over items of `itemSize` bytes; frees what it takes. */
export function emitInterleave(c: Code, vectors: readonly number[], itemSize: number): number[] {
  const half = vectors.length / 2;
  const out: number[] = [];
  for (let i = 0; i < half; i++) {
    const [a, b] = [vectors[i] as number, vectors[i + half] as number];
    for (const start of [0, 8]) {
      const lanes = Array.from({ length: 16 }, (_, k) => {
        const item = Math.floor(k / itemSize);
        return start + Math.floor(item / 2) * itemSize + (k % itemSize) + (item % 2) * 16;
      });
      c.get(a, b).shuffle(lanes);
      out.push(c.keep("v128"));
    }
  }
  c.free(...vectors);
  return out;
}

/** The round of bytes that undoes `emitInterleave`. */
export function emitDeinterleave(c: Code, vectors: readonly number[]): number[] {
  const half = vectors.length / 2;
  const out = new Array<number>(vectors.length);
  for (let i = 0; i < half; i++)
    for (const odd of [0, 1]) {
      c.get(vectors[2 * i] as number, vectors[2 * i + 1] as number);
      c.shuffle(Array.from({ length: 16 }, (_, k) => 2 * k + odd));
      out[i + odd * half] = c.keep("v128");
    }
  c.free(...vectors);
  return out;
}

/**
 * The axis along which the source is contiguous, when the block copy applies: `inner` is the axis along which the
 * target is. Undefined otherwise.
 */
export function transposedAxis(
  itemSize: number,
  extents: readonly number[],
  axes: readonly number[],
  from: Walker,
  to: Walker,
): number | undefined {
  const inner = axes.at(-1);
  const least = 16 / itemSize;
  if (inner === undefined || to.strides[inner] !== itemSize || from.strides[inner] === itemSize)
    return undefined;
  if ((extents[inner] as number) < least) return undefined;
  return axes.find(
    (axis) =>
      axis !== inner && from.strides[axis] === itemSize && (extents[axis] as number) >= least,
  );
}

/** A copy of part of a nest by other means. */
export type CopyBox = (extents: readonly number[], from: Walker, to: Walker) => void;

/** Copies whole blocks; the strips that are left over go to `strip`. */
export function launchTranspose(
  launcher: Launcher,
  itemSize: number,
  extents: readonly number[],
  axes: readonly number[],
  across: number,
  walkers: readonly [Walker, Walker],
  strip: CopyBox,
): void {
  const along = axes.at(-1) as number;
  const rest = axes.filter((axis) => axis !== along && axis !== across);
  const nest = [...rest, across, along];
  const [from, to] = [onAxes(walkers[0], nest), onAxes(walkers[1], nest)];
  const sizes = nest.map((axis) => extents[axis] as number);
  const [s, t] = [sizes.length - 2, sizes.length - 1];
  const n = 16 / itemSize;
  const whole = [s, t].map((axis) => (sizes[axis] as number) - ((sizes[axis] as number) % n));
  const [wholeS, wholeT] = whole as [number, number];
  const moved = (w: Walker, axis: number, steps: number): Walker => ({
    ...w,
    base: w.base + steps * (w.strides[axis] as number),
  });
  // Whole tiles along both axes first, then what is left of either.
  for (const [startS, endS, width] of cutInTiles(wholeS, wide(itemSize) / itemSize))
    for (const [startT, endT, height] of cutInTiles(wholeT, high(itemSize) / itemSize)) {
      const at = (w: Walker): Walker => moved(moved(w, s, startS), t, startT);
      const tiles = [(endS - startS) / width, (endT - startT) / height] as const;
      const rest = sizes.slice(0, -2);
      run(launcher, itemSize, rest, tiles, [width, height], at(from), at(to));
    }
  const leftT = (sizes[t] as number) - wholeT;
  const leftS = (sizes[s] as number) - wholeS;
  if (leftT > 0)
    strip([...sizes.slice(0, -1), leftT], moved(from, t, wholeT), moved(to, t, wholeT));
  if (leftS > 0)
    strip([...sizes.slice(0, -2), leftS, wholeT], moved(from, s, wholeS), moved(to, s, wholeS));
}

/** `[start, end, tile]` of the stretch of whole tiles and of the rest, where there are any. */
function cutInTiles(extent: number, tile: number): [number, number, number][] {
  const whole = extent - (extent % tile);
  const cuts: [number, number, number][] = [];
  if (whole > 0) cuts.push([0, whole, tile]);
  if (whole < extent) cuts.push([whole, extent, extent - whole]);
  return cuts;
}

/** Runs tiles of `width` by `height` elements, `tiles` of them along the source's and the target's axis. */
function run(
  { cache, writer }: Launcher,
  itemSize: number,
  rest: readonly number[],
  tiles: readonly [number, number],
  [width, height]: readonly [number, number],
  from: Walker,
  to: Walker,
): void {
  const bytes = height * itemSize;
  const kernel = cache.get(`transpose|${itemSize}|${bytes}`, () => compile(itemSize, bytes));
  const [s, t] = [rest.length, rest.length + 1];
  const inTiles = (w: Walker): Walker => ({
    ...w,
    strides: w.strides.map((stride, i) => stride * (i === s ? width : i === t ? height : 1)),
  });
  const walkers = [inTiles(from), inTiles(to)];
  writer.begin(LAYOUT, width * bytes);
  writer.walker(LAYOUT, 0, from, [from.strides[t] as number]);
  writer.walker(LAYOUT, 1, to, [to.strides[s] as number]);
  const outer = rest.map((_, axis) => axis).reverse();
  writer.table(LAYOUT, 0, [...rest, ...tiles], [s, t, ...outer], walkers, () => 0);
  writer.word(HEADER.columns, (width * itemSize) / 16);
  kernel(writer.address);
}
