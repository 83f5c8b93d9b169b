/**
 * Moves blocks between the arena and where arrays outside it lie. Parts that lie in one piece on both sides go straight;
 * others pass through a buffer, in pieces as large as it takes.
 */
import { InternalError } from "../../errors.js";
import { type Box, boxShape } from "../../ir/index-map.js";
import {
  blocksIn,
  type Medium,
  type OutsidePlace,
  type Part,
  partsOf,
  SPILL_BUFFER,
} from "../../ir/spill.js";
import { blockBox, type PlanArray } from "../../ir/stage.js";
import type { Kernels } from "../../kernels/index.js";
import { itemOf, type Outside, type Place } from "../task/context.js";
import { denseAt, shifted } from "../task/operands.js";
import { SegmentChannel } from "./beyond.js";
import { FileChannel, type FileData } from "./file-channel.js";

/** What all threads of a run share. */
export interface SpillData {
  readonly file: FileData | undefined;
  readonly segments: readonly SharedArrayBuffer[];
}

/** One way to a medium. `sum` is the number of a checksum, -1 if the piece has none. */
export interface Channel {
  /** Pieces go straight where offset and address are the same modulo this. */
  readonly step: number;
  put(offset: number, address: number, bytes: number, sum: number): void;
  get(offset: number, address: number, bytes: number, sum: number): void;
}

export class SpillAccess implements Outside {
  readonly #channels: Readonly<Record<Medium, Channel | undefined>>;
  readonly #kernels: Pick<Kernels, "copy">;

  constructor(
    { file, segments }: SpillData,
    memory: WebAssembly.Memory,
    kernels: Pick<Kernels, "copy" | "checksum">,
  ) {
    this.#channels = {
      memory: segments.length === 0 ? undefined : new SegmentChannel(segments, memory),
      file: file && new FileChannel(file, memory, kernels),
    };
    this.#kernels = kernels;
  }

  /** Writes block `n` of an array, row-major at `address`; `buffer` has `SPILL_BUFFER` bytes. */
  write(array: PlanArray, n: number, address: number, buffer: number): number {
    const outside = placeOf(array);
    const { lo, hi } = blockBox(array.cuts, n);
    const shape = hi.map((v, i) => v - (lo[i] as number));
    const block = denseAt(address, shape, itemOf(array.dtype));
    let bytes = 0;
    for (const part of partsOf(array, outside, n)) {
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
    const outside = placeOf(array);
    let bytes = 0;
    for (const n of blocksIn(array, box)) {
      for (const part of partsOf(array, outside, n, box)) {
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

  /** Moves `box`, which lies in `part`, between its medium and `place`. */
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
    const inPart = denseAt(0, partShape, size).strides;
    const channel = this.#channel(placeOf(array).medium);
    const { step } = channel;
    const pass = (offset: number, address: number, bytes: number, sum: number): void => {
      if (out) channel.put(offset, address, bytes, sum);
      else channel.get(offset, address, bytes, sum);
    };
    const whole = shape.every((n, i) => n === partShape[i]);
    const first = box.lo.reduce(
      (n, v, i) => n + (v - (part.box.lo[i] as number)) * (inPart[i] as number),
      part.offset,
    );
    let bytes = 0;
    const move = (axis: number, offset: number, at: Place): void => {
      const extents = shape.slice(axis);
      const strides = inPart.slice(axis);
      const hull = extents.reduce((n, e, i) => n + (e - 1) * (strides[i] as number), size);
      const elements = extents.reduce((n, e) => n * e, 1);
      const dense = hull === elements * size;
      const all = axis === 0 && whole;
      const inStep = (offset - at.address) % step === 0;
      if (dense && inStep && isDense(extents, at.strides.slice(axis), size)) {
        pass(offset, at.address, hull, all ? part.sum : -1);
        bytes += hull;
        return;
      }
      if (hull + step <= SPILL_BUFFER && (dense || !out)) {
        const there = { address: buffer + (offset % step), strides };
        const here = { address: at.address, strides: at.strides.slice(axis) };
        if (out) this.#kernels.copy(size, extents, here, there);
        pass(offset, there.address, hull, all ? part.sum : -1);
        if (!out) this.#kernels.copy(size, extents, there, here);
        bytes += hull;
        return;
      }
      const rows = shape[axis] as number;
      if (axis === shape.length - 1) {
        const most = Math.floor((SPILL_BUFFER - step) / size);
        for (let i = 0; i < rows; i += most) {
          const n = Math.min(most, rows - i);
          const here = {
            address: at.address + i * (at.strides[axis] as number),
            strides: [at.strides[axis] as number],
          };
          const start = offset + i * size;
          const there = { address: buffer + (start % step), strides: [size] };
          if (out) this.#kernels.copy(size, [n], here, there);
          pass(start, there.address, n * size, -1);
          if (!out) this.#kernels.copy(size, [n], there, here);
          bytes += n * size;
        }
        return;
      }
      for (let i = 0; i < rows; i++) {
        move(axis + 1, offset + i * (inPart[axis] as number), {
          address: at.address + i * (at.strides[axis] as number),
          strides: at.strides,
        });
      }
    };
    if (shape.length === 0) {
      pass(first, place.address, size, part.sum);
      return size;
    }
    move(0, first, place);
    return bytes;
  }

  #channel(medium: Medium): Channel {
    const channel = this.#channels[medium];
    if (channel === undefined) throw new InternalError(`a run without ${medium} outside the arena`);
    return channel;
  }
}

function placeOf(array: PlanArray): OutsidePlace {
  if (array.outside === undefined) throw new InternalError(`array ${array.id} lies in the arena`);
  return array.outside;
}

function isDense(shape: readonly number[], strides: readonly number[], size: number): boolean {
  let next = size;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== next) return false;
    next *= shape[i] as number;
  }
  return true;
}
