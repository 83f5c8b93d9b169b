/**
 * Copies in runs of one length, which is compiled in: a run is a straight line of vector loads and stores, without a
 * loop of its own and without the call that `memory.copy` is. What is no whole number of vectors ends with one that
 * overlaps the one before.
 */
import { assemble, Code, Imports, type Label } from "./assembler.js";
import { emitOdometer, getSlot, HEADER, type Layout } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import type { Walker } from "./nest.js";

/** Longest run, in bytes, whose length is compiled in. */
export const LONGEST_RUN = 1024;
/** Vectors that are loaded before they are stored: no more than there are registers for. */
const AT_ONCE = 8;

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [2] };
/** Slot of both walkers: from row to row. */
const STEP = 1;

/** Loads and stores of every size, largest first. */
const MOVES = [
  { bytes: 16, type: "v128", load: "v128.load", store: "v128.store" },
  { bytes: 8, type: "i64", load: "i64.load", store: "i64.store" },
  { bytes: 4, type: "i32", load: "i32.load", store: "i32.store" },
  { bytes: 2, type: "i32", load: "i32.load16_u", store: "i32.store16" },
  { bytes: 1, type: "i32", load: "i32.load8_u", store: "i32.store8" },
] as const;

/** Copies `bytes` bytes from one local address to another. */
export function emitRun(c: Code, source: number, target: number, bytes: number): void {
  const move = MOVES.find((m) => m.bytes <= bytes);
  if (move === undefined) return;
  const starts: number[] = [];
  for (let at = 0; at + move.bytes <= bytes; at += move.bytes) starts.push(at);
  if (bytes % move.bytes !== 0) starts.push(bytes - move.bytes);
  for (let first = 0; first < starts.length; first += AT_ONCE) {
    const group = starts.slice(first, first + AT_ONCE);
    const values = group.map((at) => {
      c.get(source).memory(move.load, at);
      return c.keep(move.type);
    });
    group.forEach((at, i) => {
      c.get(target, values[i] as number).memory(move.store, at);
    });
    c.free(...values);
  }
}

function compile(bytes: number): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const walkers = [0, 1].map(() => ({ local: c.local("i32"), wide: false }));
  const steps = walkers.map((w, i) => {
    getSlot(c, LAYOUT, w, i, 0);
    c.set(w.local);
    getSlot(c, LAYOUT, w, i, STEP);
    return c.keep("i32");
  });
  const [source, target] = walkers.map((w) => w.local) as [number, number];
  const left = c.local("i32");
  emitOdometer(c, LAYOUT, 0, walkers, () => {
    c.get(0).memory("i32.load", HEADER.inner).set(left);
    c.loop((again: Label) => {
      emitRun(c, source, target, bytes);
      walkers.forEach((w, i) => {
        c.get(w.local, steps[i] as number)
          .op("i32.add")
          .set(w.local);
      });
      c.get(left).i32(1).op("i32.sub").tee(left).brIf(again);
    });
  });
  return assemble(imports, { run: c });
}

/** The innermost of `axes` is a run of `bytes` bytes on both sides; the one around it, if any, are the rows. */
export function launchRuns(
  { cache, writer }: Launcher,
  bytes: number,
  extents: readonly number[],
  axes: readonly number[],
  walkers: readonly [Walker, Walker],
): void {
  const run = cache.get(`runs|${bytes}`, () => compile(bytes));
  const row = axes.at(-2);
  const rows = row === undefined ? 1 : (extents[row] as number);
  const stepOf = (w: Walker): number => (row === undefined ? 0 : (w.strides[row] as number));
  writer.begin(LAYOUT);
  walkers.forEach((w, i) => writer.walker(LAYOUT, i, w, [stepOf(w)]));
  writer.table(LAYOUT, 0, extents, axes.slice(0, -2).reverse(), walkers, (w) => rows * stepOf(w));
  writer.word(HEADER.inner, rows);
  run(writer.address);
}
