/**
 * The descriptor of a launch: where a kernel finds its extents, walkers and constants in scratch memory. Kernels
 * are compiled for a layout, launches fill it in, so that one kernel serves every rank, shape and stride.
 *
 * Layout, in 8-byte slots: the header, the constants, `SLOTS` per walker, then the tables of outer loops: per axis
 * its extent, its counter, and what every walker adds when the axis makes a step.
 */
import { InternalError } from "../errors.js";
import type { ScalarConstant } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { carries, type Walker } from "./nest.js";

/** Most axes of one table, after simplification. */
export const MAX_AXES = 16;

/** Header fields, as byte offsets. */
export const HEADER = { inner: 0, columns: 8, count: 16, ranks: [24, 32] } as const;
const HEADER_BYTES = 40;
/** Numbers per walker: its base and up to five steps, whose meaning is the kernel's. */
const SLOTS = 6;

export interface Layout {
  readonly constants: number;
  readonly walkers: number;
  /** Walkers that each table moves: the first ones. */
  readonly tables: readonly number[];
}

export const constantAt = (param: number): number => HEADER_BYTES + 8 * param;
export const walkerAt = (layout: Layout, index: number, slot: number): number =>
  HEADER_BYTES + 8 * (layout.constants + SLOTS * index + slot);
const recordBytes = (layout: Layout, table: number): number =>
  8 * (2 + (layout.tables[table] as number));

export function tableAt(layout: Layout, table: number): number {
  let at = HEADER_BYTES + 8 * (layout.constants + SLOTS * layout.walkers);
  for (let t = 0; t < table; t++) at += MAX_AXES * recordBytes(layout, t);
  return at;
}

/** Bytes of a descriptor, a multiple of 64. */
export const descriptorBytes = (layout: Layout): number =>
  Math.ceil(tableAt(layout, layout.tables.length) / 64) * 64;

/** A walker as a kernel holds it. */
export interface WalkerLocal {
  readonly local: number;
  readonly wide: boolean;
}

/** Pushes one number of a walker. */
export function getSlot(
  c: Code,
  layout: Layout,
  w: WalkerLocal,
  index: number,
  slot: number,
): void {
  c.get(0).memory(w.wide ? "i64.load" : "i32.load", walkerAt(layout, index, slot));
}

/** Adds one of its numbers to a walker. */
export function addSlot(
  c: Code,
  layout: Layout,
  w: WalkerLocal,
  index: number,
  slot: number,
): void {
  c.get(w.local);
  getSlot(c, layout, w, index, slot);
  c.op(w.wide ? "i64.add" : "i32.add").set(w.local);
}

/**
 * Runs `body` for every position of the axes of a table. Counters live in the descriptor and are 0 again at the
 * end. `walkers` are the table's, in order.
 */
export function emitOdometer(
  c: Code,
  layout: Layout,
  table: 0 | 1,
  walkers: readonly WalkerLocal[],
  body: () => void,
): void {
  const at = tableAt(layout, table);
  const record = c.local("i32");
  const left = c.local("i32");
  const count = c.local("i32");
  c.block((done) => {
    c.loop((again) => {
      body();
      c.get(0).set(record);
      c.get(0).memory("i32.load", HEADER.ranks[table]).set(left);
      c.loop((carry) => {
        c.get(left).op("i32.eqz").brIf(done);
        c.get(record)
          .memory("i32.load", at + 8)
          .i32(1)
          .op("i32.add")
          .set(count);
        c.get(count, record).memory("i32.load", at).op("i32.lt_u");
        c.if(undefined, () => {
          c.get(record, count).memory("i32.store", at + 8);
          walkers.forEach(({ local, wide }, i) => {
            c.get(local, record).memory(wide ? "i64.load" : "i32.load", at + 16 + 8 * i);
            c.op(wide ? "i64.add" : "i32.add").set(local);
          });
          c.br(again);
        });
        c.get(record)
          .i32(0)
          .memory("i32.store", at + 8);
        c.get(record).i32(recordBytes(layout, table)).op("i32.add").set(record);
        c.get(left).i32(1).op("i32.sub").set(left).br(carry);
      });
    });
  });
  c.free(record, left, count);
}

const floats = new Float64Array(1);
const floatWords = new Int32Array(floats.buffer);
const parsed = new WeakMap<readonly ScalarConstant[], Int32Array>();

function wordsOf(constants: readonly ScalarConstant[]): Int32Array {
  let words = parsed.get(constants);
  if (words === undefined) {
    words = new Int32Array(2 * constants.length);
    constants.forEach(({ bits }, i) => {
      const text = bits.padStart(16, "0");
      (words as Int32Array)[2 * i] = Number.parseInt(text.slice(8), 16);
      (words as Int32Array)[2 * i + 1] = Number.parseInt(text.slice(0, 8), 16);
    });
    parsed.set(constants, words);
  }
  return words;
}

/** Writes descriptors into scratch memory, which is shared: its views outlive its growth. */
export class DescriptorWriter {
  readonly address: number;
  readonly bytes: number;
  readonly #words: Int32Array;

  constructor(memory: WebAssembly.Memory, address: number, bytes: number) {
    if (address % 64 !== 0) throw new InternalError("kernel scratch must be aligned to 64 bytes");
    this.address = address;
    this.bytes = bytes;
    this.#words = new Int32Array(memory.buffer, address, bytes >> 2);
  }

  /** Makes sure that a descriptor and `more` bytes fit. */
  begin(layout: Layout, more = 0): void {
    if (descriptorBytes(layout) + more > this.bytes)
      throw new InternalError(
        `a kernel needs ${descriptorBytes(layout) + more} bytes of scratch and has ${this.bytes}`,
      );
  }

  word(offset: number, value: number): void {
    // Addresses and strides are modulo 2^32.
    this.#words[offset >> 2] = value | 0;
  }

  /** The descriptor as it stands, but for counters, which are 0 between launches. */
  copy(layout: Layout): Int32Array {
    return new Int32Array(this.#words.subarray(0, descriptorBytes(layout) >> 2));
  }

  restore(words: Int32Array): void {
    this.#words.set(words);
  }

  /** A float64 field. */
  float(offset: number, value: number): void {
    floats[0] = value;
    this.#words[offset >> 2] = floatWords[0] as number;
    this.#words[(offset >> 2) + 1] = floatWords[1] as number;
  }

  #number(offset: number, value: number, wide: boolean): void {
    this.word(offset, value);
    if (wide) this.word(offset + 4, Math.floor(value / 2 ** 32));
  }

  constants(constants: readonly ScalarConstant[]): void {
    this.#words.set(wordsOf(constants), constantAt(0) >> 2);
  }

  walker(layout: Layout, index: number, w: Walker, steps: readonly number[]): void {
    this.#number(walkerAt(layout, index, 0), w.base, w.wide);
    for (let slot = 0; slot < steps.length; slot++)
      this.#number(walkerAt(layout, index, slot + 1), steps[slot] as number, w.wide);
  }

  /** `axes` innermost first; `moved[i]` is what walker i has moved when the body is done. */
  table(
    layout: Layout,
    table: 0 | 1,
    extents: readonly number[],
    axes: readonly number[],
    walkers: readonly Walker[],
    moved: (w: Walker) => number,
  ): void {
    if (axes.length > MAX_AXES)
      throw new InternalError(
        `a loop nest of ${axes.length} axes; at most ${MAX_AXES} remain allowed`,
      );
    this.word(HEADER.ranks[table], axes.length);
    const at = tableAt(layout, table);
    const record = recordBytes(layout, table);
    axes.forEach((axis, k) => {
      this.word(at + k * record, extents[axis] as number);
      this.word(at + k * record + 8, 0);
    });
    walkers.forEach((w, i) => {
      const steps = carries(extents, w, axes, moved(w));
      for (let k = 0; k < steps.length; k++)
        this.#number(at + k * record + 16 + 8 * i, steps[k] as number, w.wide);
    });
  }
}
