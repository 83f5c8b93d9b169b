/**
 * Copies in which one axis is contiguous in the source and another in the target: blocks of `16 / itemSize` squared
 * elements are loaded as vectors along one axis, transposed in registers and stored as vectors along the other.
 *
 * The transposition is the perfect-shuffle network: log2(n) rounds of interleaving vector i with vector i + n/2.
 */
import { assemble, Code, Imports, type Label } from "./assembler.js";
import { addSlot, emitOdometer, getSlot, HEADER, type Layout } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import { onAxes, type Walker } from "./nest.js";

/**
 * Most elements along the target's axis per pass: as many source lines must survive in cache until the next block
 * along the source's axis reads their next 16 bytes, and lines at power-of-two strides share few places in it.
 */
const PANEL = 128;

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [2] };
const STEP = 1;
const RESET = 2;

function compile(itemSize: number): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const n = 16 / itemSize;
  const source = { local: c.local("i32"), wide: false };
  const target = { local: c.local("i32"), wide: false };
  const steps = [c.local("i32"), c.local("i32")] as const;
  [source, target].forEach((w, i) => {
    getSlot(c, LAYOUT, w, i, 0);
    c.set(w.local);
    getSlot(c, LAYOUT, w, i, STEP);
    c.set(steps[i] as number);
  });
  const outer = c.local("i32");
  const inner = c.local("i32");
  const to = c.local("i32");
  emitOdometer(c, LAYOUT, 0, [source, target], () => {
    c.get(0).memory("i32.load", HEADER.columns).set(outer);
    c.loop((nextColumns: Label) => {
      c.get(0).memory("i32.load", HEADER.inner).set(inner);
      c.loop((nextBlock: Label) => {
        let vectors = Array.from({ length: n }, () => {
          c.get(source.local).memory("v128.load");
          const vector = c.keep("v128");
          c.get(source.local, steps[0]).op("i32.add").set(source.local);
          return vector;
        });
        for (let round = 1; round < n; round *= 2) vectors = emitInterleave(c, vectors, itemSize);
        c.get(target.local).set(to);
        for (const vector of vectors) {
          c.get(to, vector).memory("v128.store");
          c.get(to, steps[1]).op("i32.add").set(to);
        }
        c.free(...vectors);
        c.get(target.local).i32(16).op("i32.add").set(target.local);
        c.get(inner).i32(1).op("i32.sub").tee(inner).brIf(nextBlock);
      });
      addSlot(c, LAYOUT, source, 0, RESET);
      addSlot(c, LAYOUT, target, 1, RESET);
      c.get(outer).i32(1).op("i32.sub").tee(outer).brIf(nextColumns);
    });
  });
  return assemble(imports, { run: c });
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
  for (let start = 0; start < wholeT; start += PANEL) {
    const length = Math.min(PANEL, wholeT - start);
    const box = [...sizes.slice(0, -2), wholeS, length];
    run(launcher, itemSize, box, moved(from, t, start), moved(to, t, start));
  }
  const leftT = (sizes[t] as number) - wholeT;
  const leftS = (sizes[s] as number) - wholeS;
  if (leftT > 0)
    strip([...sizes.slice(0, -1), leftT], moved(from, t, wholeT), moved(to, t, wholeT));
  if (leftS > 0)
    strip([...sizes.slice(0, -2), leftS, wholeT], moved(from, s, wholeS), moved(to, s, wholeS));
}

function run(
  { cache, writer }: Launcher,
  itemSize: number,
  extents: readonly number[],
  from: Walker,
  to: Walker,
): void {
  const n = 16 / itemSize;
  const [s, t] = [extents.length - 2, extents.length - 1];
  const [columns, blocks] = [(extents[s] as number) / n, (extents[t] as number) / n];
  const kernel = cache.get(`transpose|${itemSize}`, () => compile(itemSize));
  const [down, over] = [from.strides[t] as number, to.strides[s] as number];
  writer.begin(LAYOUT);
  writer.walker(LAYOUT, 0, from, [down, 16 - blocks * n * down]);
  writer.walker(LAYOUT, 1, to, [over, n * over - blocks * 16]);
  const outer = extents
    .map((_, axis) => axis)
    .slice(0, -2)
    .reverse();
  const moves = (w: Walker): number => (w === from ? columns * 16 : columns * n * over);
  writer.table(LAYOUT, 0, extents, outer, [from, to], moves);
  writer.word(HEADER.inner, blocks);
  writer.word(HEADER.columns, columns);
  kernel(writer.address);
}
