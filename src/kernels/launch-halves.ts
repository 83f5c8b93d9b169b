/**
 * float16 and bfloat16, which exist in storage only: to float32, and back from float32 or float64 with one rounding to
 * nearest even. Integer lanes do it, so that NaN payloads survive and subnormals are exact.
 */
import { assemble, Code, Imports } from "./assembler.js";
import { descriptorBytes, getSlot, HEADER, type Layout } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import { emitWhileAtLeast } from "./map-kernel.js";
import { walker } from "./nest.js";

export type Half = "float16" | "bfloat16";
/** From what to what: widening is to float32. */
export type HalfWay = `${Half}>float32` | `float32>${Half}` | `float64>${Half}`;

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [] };
/** Elements per round. */
const LANES = 8;
const SIZES = { float16: 2, bfloat16: 2, float32: 4, float64: 8 } as const;

/** Every lane an i32. */
const splat = (c: Code, value: number): Code => c.i32(value).op("i32x4.splat");
const shift = (c: Code, way: "shl" | "shr_u", by: number): Code => c.i32(by).op(`i32x4.${way}`);

/** Four bfloat16 or float16 patterns, zero-extended, on the stack to float32. */
function emitWiden(c: Code, half: Half): void {
  if (half === "bfloat16") {
    shift(c, "shl", 16);
    return;
  }
  const x = c.keep("v128");
  splat(c.get(x), 0x7fff).op("v128.and");
  const m = c.keep("v128");
  // Subnormals are multiples of 2^-24.
  c.get(m)
    .op("f32x4.convert_i32x4_s")
    .f32(2 ** -24)
    .op("f32x4.splat", "f32x4.mul");
  // The exponent's bias grows by 112, and by as much again for infinities and NaN.
  shift(c.get(m), "shl", 13);
  splat(c, 112 << 23).op("i32x4.add");
  splat(c.get(m), 0x7c00).op("i32x4.ge_s");
  splat(c, 112 << 23).op("v128.and", "i32x4.add");
  splat(c.get(m), 0x400).op("i32x4.lt_s", "v128.bitselect");
  splat(c.get(x), 0x8000).op("v128.and");
  shift(c, "shl", 16).op("v128.or");
  c.free(x, m);
}

/** Four float32 on the stack to patterns of 16 bits. */
function emitNarrow(c: Code, half: Half): void {
  const u = c.keep("v128");
  const kept = half === "float16" ? 13 : 16;
  splat(c.get(u), 0x7fffffff).op("v128.and");
  const a = c.keep("v128");
  // NaN: quiet, with what fits of its payload.
  shift(c.get(a), "shr_u", kept);
  splat(c, half === "float16" ? 0x3ff : 0x7fff).op("v128.and");
  splat(c, half === "float16" ? 0x7e00 : 0x40).op("v128.or");
  // Half a unit less one, and one more where the last kept bit is odd; carries run into the exponent as they should.
  shift(c.get(a), "shr_u", kept);
  splat(c, 1).op("v128.and").get(a).op("i32x4.add");
  splat(c, (1 << (kept - 1)) - 1 - (half === "float16" ? 112 << 23 : 0)).op("i32x4.add");
  shift(c, "shr_u", kept);
  if (half === "float16") {
    splat(c, 0x7c00).op("i32x4.min_u");
    // Below 2^-14 the unit is 2^-24: that of float32 between 0.5 and 1.
    const normal = c.keep("v128");
    c.get(a).f32(0.5).op("f32x4.splat", "f32x4.add");
    splat(c, 0x3f000000).op("i32x4.sub").get(normal);
    splat(c.get(a), 0x38800000).op("i32x4.lt_s", "v128.bitselect");
    c.free(normal);
  }
  splat(c.get(a), 0x7f800000).op("i32x4.gt_s", "v128.bitselect");
  splat(shift(c.get(u), "shr_u", 16), 0x8000).op("v128.and", "v128.or");
  c.free(u, a);
}

/** Words 0 and 2 (or the two low ones) of two vectors side by side. */
const WORDS = (second: number): number[] =>
  Array.from({ length: 16 }, (_, k) => {
    const word = k >> 2;
    return (word >> 1) * 16 + (word & 1) * second + (k & 3);
  });

/**
 * Four float64 as float32 rounded to odd: towards zero, the last bit set if that was not exact. Rounding that to half
 * as many bits is as if it had been done at once.
 */
function emitToOdd(c: Code, source: number, offset: number): void {
  const parts = [0, 16].map((at) => {
    c.get(source).memory("v128.load", offset + at);
    const x = c.keep("v128");
    c.get(x).op("f32x4.demote_f64x2_zero");
    const near = c.keep("v128");
    c.get(near).op("f64x2.promote_low_f32x4");
    const back = c.keep("v128");
    c.get(back, x).op("f64x2.ne");
    const inexact = c.keep("v128");
    c.get(back).op("f64x2.abs").get(x).op("f64x2.abs", "f64x2.gt");
    const beyond = c.keep("v128");
    c.free(x, back);
    return { near, inexact, beyond };
  });
  const pair = (name: "near" | "inexact" | "beyond", second: number): void => {
    for (const part of parts) c.get(part[name]);
    c.shuffle(WORDS(second));
  };
  pair("near", 4);
  pair("beyond", 8);
  c.op("i32x4.add");
  pair("inexact", 8);
  splat(c, 1).op("v128.and", "v128.or");
  for (const { near, inexact, beyond } of parts) c.free(near, inexact, beyond);
}

/** Converts eight elements. */
function emitEight(c: Code, way: HalfWay, source: number, target: number): void {
  const [from, to] = way.split(">") as [keyof typeof SIZES, keyof typeof SIZES];
  if (to === "float32") {
    c.get(source).memory("v128.load");
    const halves = c.keep("v128");
    (["low", "high"] as const).forEach((part, i) => {
      c.get(target, halves).op(`i32x4.extend_${part}_i16x8_u`);
      emitWiden(c, from as Half);
      c.memory("v128.store", 16 * i);
    });
    c.free(halves);
    return;
  }
  c.get(target);
  for (const i of [0, 1]) {
    if (from === "float64") emitToOdd(c, source, 32 * i);
    else c.get(source).memory("v128.load", 16 * i);
    emitNarrow(c, to as Half);
  }
  c.op("i16x8.narrow_i32x4_u").memory("v128.store");
}

const sizesOf = (way: HalfWay): number[] =>
  way.split(">").map((dtype) => SIZES[dtype as keyof typeof SIZES]);

function compile(way: HalfWay): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const [from, to] = sizesOf(way) as [number, number];
  const [source, target, left] = [c.local("i32"), c.local("i32"), c.local("i32")];
  [source, target].forEach((local, i) => {
    getSlot(c, LAYOUT, { local, wide: false }, i, 0);
    c.set(local);
  });
  c.get(0).memory("i32.load", HEADER.inner).set(left);
  emitWhileAtLeast(c, left, LANES, () => {
    emitEight(c, way, source, target);
    c.get(source)
      .i32(LANES * from)
      .op("i32.add")
      .set(source);
    c.get(target)
      .i32(LANES * to)
      .op("i32.add")
      .set(target);
  });
  // The rest, fewer than eight, as eight in scratch memory.
  c.get(left);
  c.if(undefined, () => {
    c.get(0).i32(descriptorBytes(LAYOUT)).op("i32.add");
    const before = c.keep("i32");
    c.get(before).i32(64).op("i32.add");
    const after = c.keep("i32");
    c.get(before, source, left).i32(from).op("i32.mul").memoryCopy();
    emitEight(c, way, before, after);
    c.get(target, after, left).i32(to).op("i32.mul").memoryCopy();
  });
  return assemble(imports, { run: c });
}

export function launchHalves(
  { cache, writer }: Launcher,
  way: HalfWay,
  count: number,
  source: number,
  target: number,
): void {
  const run = cache.get(`half|${way}`, () => compile(way));
  writer.begin(LAYOUT, 128);
  [source, target].forEach((address, i) => writer.walker(LAYOUT, i, walker(address, []), []));
  writer.word(HEADER.inner, count);
  run(writer.address);
}
