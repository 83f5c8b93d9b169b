/**
 * Bit shuffle as the storage filters have it: bit 0 of all elements, then bit 1, and so on, eight elements a byte.
 *
 * It is a byte shuffle into a stage, and then for every plane of bytes a transposition of 8 x 8 bits (Hacker's Delight
 * 7-3, two at a time in a vector) and a byte shuffle of the results. The inverse is the same the other way round. What
 * is left over, and element sizes that are no power of two, go through the same transposition 8 bytes at a time.
 */
import { assemble, Code, Imports } from "./assembler.js";
import { descriptorBytes, emitOdometer, getSlot, HEADER, type Layout } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import { launchShuffle } from "./launch-shuffle.js";
import { emitDeinterleave, emitInterleave } from "./launch-transpose.js";
import { emitWhileAtLeast } from "./map-kernel.js";
import { type Walker, walker } from "./nest.js";

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [2] };
/** Slot of a walker: from one of eight bytes (or vectors) to the next. */
const STEP = 1;
/** Elements that one round of vectors takes from a plane. */
const ROUND = 128;
/** Bytes of the stage between the two shuffles. */
const STAGE = 16384;
/** Where the stage lies from the start of the scratch memory: behind any descriptor used here. */
const STAGE_AT = 2 * descriptorBytes(LAYOUT);

const SWAPS: readonly (readonly [number, bigint])[] = [
  [7, 0x00aa00aa00aa00aan],
  [14, 0x0000cccc0000ccccn],
  [28, 0x00000000f0f0f0f0n],
];

/** Transposes the 8 x 8 bits of an i64, or of both halves of a vector, in place. */
function emitTranspose(c: Code, x: number, type: "i64" | "v128", masks: readonly number[]): void {
  const of = type === "i64" ? "i64" : "i64x2";
  const bitwise = type === "i64" ? "i64" : "v128";
  const amount = (n: number): Code => (type === "i64" ? c.i64(BigInt(n)) : c.i32(n));
  SWAPS.forEach(([n], i) => {
    c.get(x);
    amount(n).op(`${of}.shr_u`);
    c.get(x)
      .op(`${bitwise}.xor`)
      .get(masks[i] as number)
      .op(`${bitwise}.and`);
    const t = c.keep(type);
    c.get(t);
    amount(n).op(`${of}.shl`);
    c.get(t).op(`${bitwise}.xor`).get(x).op(`${bitwise}.xor`).set(x);
    c.free(t);
  });
}

function emitMasks(c: Code, type: "i64" | "v128"): number[] {
  return SWAPS.map(([, mask]) => {
    c.i64(mask);
    if (type === "v128") c.op("i64x2.splat");
    return c.keep(type);
  });
}

/** Bytes to bytes: eight from the source, eight to the target, each at its own step. */
function compileBytes(): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const [walkers, steps] = start(c);
  const masks = emitMasks(c, "i64");
  emitOdometer(c, LAYOUT, 0, walkers, () => {
    const at = c.local("i32");
    c.get((walkers[0] as { local: number }).local).set(at);
    c.i64(0n);
    for (let i = 0; i < 8; i++) {
      c.get(at).memory("i32.load8_u").op("i64.extend_i32_u");
      c.i64(BigInt(8 * i)).op("i64.shl", "i64.or");
      c.get(at, steps[0]).op("i32.add").set(at);
    }
    const x = c.keep("i64");
    emitTranspose(c, x, "i64", masks);
    c.get((walkers[1] as { local: number }).local).set(at);
    for (let i = 0; i < 8; i++) {
      c.get(at, x)
        .i64(BigInt(8 * i))
        .op("i64.shr_u", "i32.wrap_i64")
        .memory("i32.store8");
      c.get(at, steps[1]).op("i32.add").set(at);
    }
    c.free(at, x);
  });
  return assemble(imports, { run: c });
}

/** Planes of bytes (walker 1) to planes of bits (walker 0), or back. */
function compileVectors(inverse: boolean): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const [walkers, steps] = start(c);
  const [bits, bytes] = walkers.map((w) => w.local) as [number, number];
  const masks = emitMasks(c, "v128");
  const [left, at] = [c.local("i32"), c.local("i32")];
  const rows = (visit: (i: number) => void): void => {
    c.get(bits).set(at);
    for (let i = 0; i < 8; i++) {
      visit(i);
      c.get(at, steps[0]).op("i32.add").set(at);
    }
  };
  emitOdometer(c, LAYOUT, 0, walkers, () => {
    c.get(0).memory("i32.load", HEADER.inner).set(left);
    emitWhileAtLeast(c, left, ROUND, () => {
      let vectors: number[] = [];
      const fetch = (address: number, offset: number): void => {
        c.get(address).memory("v128.load", offset);
        vectors.push(c.keep("v128"));
      };
      if (inverse) {
        rows(() => fetch(at, 0));
        for (let round = 1; round < 8; round *= 2) vectors = emitInterleave(c, vectors, 1);
      } else for (let i = 0; i < 8; i++) fetch(bytes, 16 * i);
      for (const x of vectors) emitTranspose(c, x, "v128", masks);
      if (inverse) {
        vectors.forEach((x, i) => {
          c.get(bytes, x).memory("v128.store", 16 * i);
        });
      } else {
        for (let round = 1; round < 8; round *= 2) vectors = emitDeinterleave(c, vectors);
        rows((i) => c.get(at, vectors[i] as number).memory("v128.store"));
      }
      c.free(...vectors);
      c.get(bits).i32(16).op("i32.add").set(bits);
      c.get(bytes).i32(ROUND).op("i32.add").set(bytes);
    });
  });
  return assemble(imports, { run: c });
}

function start(c: Code): [{ local: number; wide: boolean }[], [number, number]] {
  const walkers = [0, 1].map(() => ({ local: c.local("i32"), wide: false }));
  const steps = walkers.map((w, i) => {
    getSlot(c, LAYOUT, w, i, 0);
    c.set(w.local);
    getSlot(c, LAYOUT, w, i, STEP);
    return c.keep("i32");
  }) as [number, number];
  return [walkers, steps];
}

/** `count` is a multiple of 8. Source and target must not overlap. */
export function launchBitShuffle(
  launcher: Launcher,
  itemSize: number,
  count: number,
  source: number,
  target: number,
  inverse: boolean,
): void {
  const staged = itemSize > 1;
  const network = itemSize <= 16 && (itemSize & (itemSize - 1)) === 0;
  const whole = network ? count - (count % ROUND) : 0;
  const most = Math.floor(STAGE / itemSize / ROUND) * ROUND;
  const row = count / 8;
  const stage = launcher.writer.address + STAGE_AT;
  for (let first = 0; first < whole; first += most) {
    const n = staged ? Math.min(most, whole - first) : whole;
    const elements = (inverse ? target : source) + first * itemSize;
    const bits = (inverse ? source : target) + first / 8;
    if (staged && !inverse) launchShuffle(launcher, itemSize, n, elements, stage, false);
    planes(launcher, itemSize, n, [bits, row], staged ? stage : elements, inverse);
    if (staged && inverse) launchShuffle(launcher, itemSize, n, stage, elements, true);
    if (!staged) break;
  }
  if (whole < count) rest(launcher, itemSize, [whole, count], source, target, inverse);
}

function planes(
  { cache, writer }: Launcher,
  itemSize: number,
  count: number,
  [bits, row]: readonly [number, number],
  bytes: number,
  inverse: boolean,
): void {
  const run = cache.get(`bits|${inverse}`, () => compileVectors(inverse));
  const walkers = [walker(bits, [8 * row]), walker(bytes, [count])];
  writer.begin(LAYOUT, STAGE_AT + STAGE);
  walkers.forEach((w, i) => writer.walker(LAYOUT, i, w, [i === 0 ? row : 0]));
  const moved = (w: Walker): number => (w === walkers[0] ? count / 8 : count);
  writer.table(LAYOUT, 0, [itemSize], [0], walkers, moved);
  writer.word(HEADER.inner, count);
  run(writer.address);
}

/** Elements `[from, to)` of all `to`, eight by eight. */
function rest(
  { cache, writer }: Launcher,
  itemSize: number,
  [from, to]: readonly [number, number],
  source: number,
  target: number,
  inverse: boolean,
): void {
  const run = cache.get("bits", compileBytes);
  const row = to / 8;
  const [elements, bits] = inverse ? [target, source] : [source, target];
  const both = [
    { w: walker(elements + from * itemSize, [1, 8 * itemSize]), step: itemSize },
    { w: walker(bits + from / 8, [8 * row, 1]), step: row },
  ];
  if (inverse) both.reverse();
  writer.begin(LAYOUT);
  both.forEach(({ w, step }, i) => writer.walker(LAYOUT, i, w, [step]));
  const walkers = both.map(({ w }) => w);
  writer.table(LAYOUT, 0, [itemSize, (to - from) / 8], [1, 0], walkers, () => 0);
  run(writer.address);
}
