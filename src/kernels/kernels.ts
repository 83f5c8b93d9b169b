/** The kernels of one thread and one memory. */
import { DescriptorWriter } from "./descriptor.js";
import { TABLE_BYTES } from "./formulas/tables.js";
import { launchBitShuffle } from "./launch-bits.js";
import { launchChecksum } from "./launch-checksum.js";
import { type ItemSize, launchCopy, launchFill } from "./launch-copy.js";
import type { Work } from "./launch-gemm.js";
import { type HalfWay, launchHalves } from "./launch-halves.js";
import { launchLeaf } from "./launch-leaf.js";
import { type Lz4Place, launchLz4Decode, launchLz4Encode } from "./launch-lz4.js";
import { type Launcher, launchMap } from "./launch-map.js";
import { launchShuffle } from "./launch-shuffle.js";
import { KernelCache } from "./modules.js";
import type { Constants, LeafSpec, MapSpec, Place } from "./structure.js";

/** Memory for the tables of formulas, descriptors and accumulators, in this order, for the use of one {@link Kernels} alone. */
export interface Scratch {
  /** A multiple of 64. */
  readonly address: number;
  /** At least 64 KiB. */
  readonly bytes: number;
}

/**
 * Compiles and runs fused stages over a shared memory. Everything is addressed in bytes of that memory; addresses
 * are unsigned, up to 4 GiB.
 *
 * @example
 * const kernels = new Kernels(memory, { address: 0, bytes: 65536 });
 * kernels.map(spec, [1000], [0], [{ address: 65536, strides: [8] }], [{ address: 131072, strides: [8] }]);
 */
export class Kernels {
  readonly #launcher: Launcher;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory, scratch: Scratch) {
    this.#memory = memory;
    const room = scratch.bytes - TABLE_BYTES;
    this.#launcher = {
      cache: new KernelCache(memory, scratch.address),
      writer: new DescriptorWriter(memory, scratch.address + TABLE_BYTES, Math.max(room, 0)),
    };
  }

  /** Modules compiled so far on behalf of these kernels. */
  get compilations(): number {
    return this.#launcher.cache.compilations;
  }

  /**
   * Evaluates `spec.program` at every loop position, in any order. An output may lie exactly where an operand
   * lies. The index along an axis is `origin[axis]` plus the loop counter.
   */
  map(
    spec: MapSpec,
    extents: readonly number[],
    origin: readonly number[],
    operands: readonly Place[],
    outputs: readonly Place[],
    constants: Constants = spec.program.constants,
  ): void {
    launchMap(this.#launcher, spec, extents, origin, operands, outputs, constants);
  }

  /**
   * Runs `work`, which calls no kernels but {@link map}, and answers with what does the same maps in the same places
   * again, without most of what a launch costs.
   */
  record(work: () => void): () => void {
    const tape: (() => void)[] = [];
    this.#launcher.tape = tape;
    try {
      work();
    } finally {
      this.#launcher.tape = undefined;
    }
    return () => {
      for (const launch of tape) launch();
    };
  }

  /**
   * Reduces the axes `reduced` (ascending, none empty) as one leaf per position of the other axes, in the order of
   * `ir/leaves.ts`. `states[output][component]` are the places of the states; their strides along reduced axes are
   * ignored. The index of an arg- reduction is the sum of `(origin + counter) * argStrides` over the reduced axes.
   *
   * Matrix products are packed in `work`, if there is any: `packedBytes` says how much serves best.
   */
  leaf(
    spec: LeafSpec,
    extents: readonly number[],
    origin: readonly number[],
    reduced: readonly number[],
    operands: readonly Place[],
    states: readonly (readonly Place[])[],
    argStrides: readonly number[],
    constants: Constants = spec.program.constants,
    work?: Work,
  ): void {
    const to = this.#launcher;
    launchLeaf(to, spec, extents, origin, reduced, operands, states, argStrides, constants, work);
  }

  /** Copies elements of `itemSize` bytes between places that do not overlap. */
  copy(itemSize: ItemSize, extents: readonly number[], source: Place, target: Place): void {
    launchCopy(this.#launcher, itemSize, extents, source, target);
  }

  /** Sets every element to `bits`, written as in a scalar constant. */
  fill(itemSize: ItemSize, extents: readonly number[], target: Place, bits: string): void {
    launchFill(this.#launcher, itemSize, extents, target, bits);
  }

  /** Gathers byte 0 of `count` elements, then byte 1, and so on. Source and target must not overlap. */
  shuffle(itemSize: number, count: number, source: number, target: number): void {
    launchShuffle(this.#launcher, itemSize, count, source, target, false);
  }

  /** Undoes {@link shuffle}. */
  unshuffle(itemSize: number, count: number, source: number, target: number): void {
    launchShuffle(this.#launcher, itemSize, count, source, target, true);
  }

  /**
   * Gathers bit 0 of `count` elements, a multiple of eight, then bit 1, and so on. Source and target must not overlap.
   */
  bitShuffle(itemSize: number, count: number, source: number, target: number): void {
    launchBitShuffle(this.#launcher, itemSize, count, source, target, false);
  }

  /** Undoes {@link bitShuffle}. */
  bitUnshuffle(itemSize: number, count: number, source: number, target: number): void {
    launchBitShuffle(this.#launcher, itemSize, count, source, target, true);
  }

  /** A checksum of `bytes` bytes: a uint32. Changes when any 32-bit word of them does. */
  checksum(address: number, bytes: number): number {
    return launchChecksum(this.#launcher, this.#memory, address, bytes);
  }

  /**
   * Encodes `length` bytes as an LZ4 block of at most `room` bytes and answers its length, or 0 where it does not fit;
   * {@link lz4Bound} bytes are always enough. `acceleration` trades length for speed; 1 gives the shortest blocks.
   */
  lz4Encode(place: Lz4Place, acceleration: number): number {
    return launchLz4Encode(this.#launcher, this.#memory, place, acceleration);
  }

  /** Decodes an LZ4 block, which may hold anything, and answers the length, or one of {@link LZ4_FAULTS}. */
  lz4Decode(place: Lz4Place): number {
    return launchLz4Decode(this.#launcher, this.#memory, place);
  }

  /** Converts `count` adjacent elements to or from float16 or bfloat16. Source and target must not overlap. */
  halves(way: HalfWay, count: number, source: number, target: number): void {
    launchHalves(this.#launcher, way, count, source, target);
  }
}
