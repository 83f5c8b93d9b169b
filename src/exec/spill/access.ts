/**
 * Moves blocks between the arena and the run's file. Parts that lie in one piece on both sides go straight; others
 * pass through a buffer, in pieces as large as it takes. Parts that pass in one go have a checksum, which is looked at
 * when they come back.
 */
import { readSync, writeSync } from "node:fs";
import { InternalError, MemoryLimitError, SourceError } from "../../errors.js";
import { type Box, boxShape } from "../../ir/index-map.js";
import { blocksIn, type DiskPlace, type Part, partsOf, SPILL_BUFFER } from "../../ir/spill.js";
import { blockBox, type PlanArray } from "../../ir/stage.js";
import type { Kernels } from "../../kernels/index.js";
import { type Disk, itemOf, type Place } from "../task/context.js";
import { denseAt, shifted } from "../task/operands.js";

/** What all threads of a run share. */
export interface SpillData {
  readonly fd: number;
  /** A checksum per part; 0 where there is none. */
  readonly sums: SharedArrayBuffer;
  readonly directory: string;
}

export class SpillAccess implements Disk {
  readonly #fd: number;
  readonly #sums: Uint32Array;
  readonly #directory: string;
  readonly #bytes: Uint8Array;
  readonly #kernels: Pick<Kernels, "copy" | "checksum">;

  constructor(
    { fd, sums, directory }: SpillData,
    memory: WebAssembly.Memory,
    kernels: Pick<Kernels, "copy" | "checksum">,
  ) {
    this.#fd = fd;
    this.#sums = new Uint32Array(sums);
    this.#directory = directory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#kernels = kernels;
  }

  /** Writes block `n` of an array, row-major at `address`; `buffer` has `SPILL_BUFFER` bytes. */
  write(array: PlanArray, n: number, address: number, buffer: number): number {
    const disk = diskOf(array);
    const { lo, hi } = blockBox(array.cuts, n);
    const shape = hi.map((v, i) => v - (lo[i] as number));
    const block = denseAt(address, shape, itemOf(array.dtype));
    let bytes = 0;
    for (const part of partsOf(array, disk, n)) {
      const place = shifted(
        block,
        part.box.lo.map((v, i) => v - (lo[i] as number)),
      );
      bytes += this.#move(array, part, part.box, place, buffer, true);
    }
    return bytes;
  }

  /** Reads what `box` holds of an array to `target`, a place over the box. */
  read(array: PlanArray, box: Box, target: Place, buffer: number): number {
    const disk = diskOf(array);
    let bytes = 0;
    for (const n of blocksIn(array, box)) {
      for (const part of partsOf(array, disk, n, box)) {
        const wanted: Box = {
          lo: part.box.lo.map((v, i) => Math.max(v, box.lo[i] as number)),
          hi: part.box.hi.map((v, i) => Math.min(v, box.hi[i] as number)),
        };
        const place = shifted(
          target,
          wanted.lo.map((v, i) => v - (box.lo[i] as number)),
        );
        bytes += this.#move(array, part, wanted, place, buffer, false);
      }
    }
    return bytes;
  }

  /** Moves `box`, which lies in `part`, between the file and `place`. */
  #move(
    array: PlanArray,
    part: Part,
    box: Box,
    place: Place,
    buffer: number,
    out: boolean,
  ): number {
    const size = itemOf(array.dtype);
    const shape = boxShape(box);
    const partShape = boxShape(part.box);
    const inFile = denseAt(0, partShape, size).strides;
    const whole = shape.every((n, i) => n === partShape[i]);
    const first = box.lo.reduce(
      (n, v, i) => n + (v - (part.box.lo[i] as number)) * (inFile[i] as number),
      part.offset,
    );
    let bytes = 0;
    const move = (axis: number, offset: number, at: Place): void => {
      const extents = shape.slice(axis);
      const strides = inFile.slice(axis);
      const hull = extents.reduce((n, e, i) => n + (e - 1) * (strides[i] as number), size);
      const elements = extents.reduce((n, e) => n * e, 1);
      const dense = hull === elements * size;
      const all = axis === 0 && whole;
      if (dense && isDense(extents, at.strides.slice(axis), size)) {
        this.#pass(offset, at.address, hull, out, all ? part.sum : -1);
        bytes += hull;
        return;
      }
      if (hull <= SPILL_BUFFER && (dense || !out)) {
        const there = { address: buffer, strides };
        const here = { address: at.address, strides: at.strides.slice(axis) };
        if (out) this.#kernels.copy(size, extents, here, there);
        this.#pass(offset, buffer, hull, out, all ? part.sum : -1);
        if (!out) this.#kernels.copy(size, extents, there, here);
        bytes += hull;
        return;
      }
      const rows = shape[axis] as number;
      if (axis === shape.length - 1) {
        const most = Math.floor(SPILL_BUFFER / size);
        for (let i = 0; i < rows; i += most) {
          const n = Math.min(most, rows - i);
          const here = {
            address: at.address + i * (at.strides[axis] as number),
            strides: [at.strides[axis] as number],
          };
          const there = { address: buffer, strides: [size] };
          if (out) this.#kernels.copy(size, [n], here, there);
          this.#pass(offset + i * size, buffer, n * size, out, -1);
          if (!out) this.#kernels.copy(size, [n], there, here);
          bytes += n * size;
        }
        return;
      }
      for (let i = 0; i < rows; i++) {
        move(axis + 1, offset + i * (inFile[axis] as number), {
          address: at.address + i * (at.strides[axis] as number),
          strides: at.strides,
        });
      }
    };
    if (shape.length === 0) {
      this.#pass(first, place.address, size, out, part.sum);
      return size;
    }
    move(0, first, place);
    return bytes;
  }

  /** One piece of the file, straight to or from the arena. */
  #pass(offset: number, address: number, bytes: number, out: boolean, sum: number): void {
    if (out && sum >= 0) this.#sums[sum] = this.#checksum(address, bytes);
    let done = 0;
    while (done < bytes) {
      const n = out
        ? this.#write(address + done, bytes - done, offset + done)
        : readSync(this.#fd, this.#bytes, address + done, bytes - done, offset + done);
      if (n === 0) throw this.#damaged("ends too early");
      done += n;
    }
    if (out || sum < 0) return;
    const expected = this.#sums[sum] as number;
    if (expected !== 0 && expected !== this.#checksum(address, bytes)) {
      throw this.#damaged("has changed");
    }
  }

  #write(address: number, bytes: number, offset: number): number {
    try {
      return writeSync(this.#fd, this.#bytes, address, bytes, offset);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG")
        throw this.#damaged("cannot be written", cause);
      throw new MemoryLimitError(`the disk is full: no more can be spilled to ${this.#directory}`, {
        hint: "name a directory on a larger disk with spillDirectory, or give more memory",
        cause,
      });
    }
  }

  /** Never 0, which stands for "none". */
  #checksum(address: number, bytes: number): number {
    return this.#kernels.checksum(address, bytes) || 1;
  }

  #damaged(what: string, cause: unknown = undefined): SourceError {
    return new SourceError(`what was spilled to ${this.#directory} ${what}`, {
      hint: "look after the disk, or name another directory with spillDirectory",
      cause,
    });
  }
}

function diskOf(array: PlanArray): DiskPlace {
  if (array.disk === undefined) throw new InternalError(`array ${array.id} is not on disk`);
  return array.disk;
}

function isDense(shape: readonly number[], strides: readonly number[], size: number): boolean {
  let next = size;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== next) return false;
    next *= shape[i] as number;
  }
  return true;
}
