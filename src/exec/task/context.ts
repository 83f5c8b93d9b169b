/** What a task is given by the thread that runs it, and the few services that every kind of task uses. */
import { AbortError, InternalError } from "../../errors.js";
import type { ChunkWriter, ReadTarget, RegionReader } from "../../ir/binding.js";
import type { Cuts } from "../../ir/cuts.js";
import { type DType, itemSize, slotsPerElement, viewOf } from "../../ir/dtype.js";
import type { Box } from "../../ir/index-map.js";
import type { IndexList } from "../../ir/node.js";
import { alignScratch, SCRATCH_ALIGN } from "../../ir/scratch.js";
import type { Plan, PlanArray } from "../../ir/stage.js";
import type { Probe } from "../../ir/trace.js";
import type { BuiltIn } from "../../kernels/blocks/index.js";
import type { ItemSize, Kernels, Place } from "../../kernels/index.js";
import type { UserFunction } from "./compile.js";

export type { Place };

/** The part of the kernels that tasks call. */
export type TaskKernels = Pick<Kernels, "map" | "leaf" | "copy" | "fill" | "record"> & {
  /** What these kernels are a cover of: what is remembered with kernels is remembered with those. */
  readonly untraced?: TaskKernels;
};

/** Arrays outside the arena; `buffer` has `SPILL_BUFFER` bytes. Both answer with the bytes moved. */
export interface Outside {
  /** Writes block `n`, which lies row-major at `address`. */
  write(array: PlanArray, n: number, address: number, buffer: number): number;
  /** Reads what `box` holds to `target`, a place over the box. */
  read(array: PlanArray, box: Box, target: Place, buffer: number): number;
}

/** Bytes of an element, as copies take them. */
export const itemOf = (dtype: DType): ItemSize => itemSize(dtype) as ItemSize;

/** A sink as plain data. */
export interface SinkInfo {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly Cuts[];
}

/** A function that is ready to be called, and what belongs to it. */
export type TaskFunction = { readonly name: string; readonly params: unknown } & (
  | { readonly call: UserFunction; readonly builtIn?: never }
  | { readonly builtIn: BuiltIn }
);

/** What the running thread provides. */
export interface TaskContext {
  /** The arena. */
  readonly memory: WebAssembly.Memory;
  readonly kernels: TaskKernels;
  readonly plan: Plan;
  readonly indices: readonly IndexList[];
  /** By index into the bindings' sources. */
  reader(source: number): RegionReader;
  /** Storage grid of a source, if the thread knows it: gathers then read every chunk once. */
  sourceChunks?(source: number): readonly Cuts[] | undefined;
  /** Where all of a source lies in the arena, row-major, if it does. */
  sourcePlace?(source: number): Place | undefined;
  /** There if the plan has arrays outside the arena. */
  readonly outside?: Outside | undefined;
  /** For reading from outside; set for stages that do. */
  readonly outsideBuffer?: number | undefined;
  writer(sink: number): ChunkWriter;
  sinkInfo(sink: number): SinkInfo;
  fn(index: number): TaskFunction | Promise<TaskFunction>;
  /** Byte address of a resident block. */
  blockAddress(array: number, block: number): number;
  /** Of reductions whose result can be known early: by block, whether it is. */
  readonly verdicts?: { get(block: number): boolean; set(block: number): void } | undefined;
  readonly signal: AbortSignal;
  cancelled(): boolean;
  /** Bytes of elements that were read from sources or written to sinks since the last call. */
  progress(bytes: number): void;
  /**
   * Counts what is copied between blocks, the storage chunks that are touched, those of them that are not stored, those
   * that are not read because nothing depends on them, and the boxes that are one value throughout.
   */
  readonly meter?: {
    moved: number;
    chunks: number;
    chunkBytes: number;
    missing: number;
    skipped: number;
    uniform: number;
  };
  /** There if the run is recorded. */
  readonly probe?: Probe | undefined;
}

/** Where a task may work beside its outputs. */
export interface Scratch {
  readonly address: number;
  readonly bytes: number;
}

/** Hands out scratch front to back; `mark` and `reset` give back what was taken since. */
export class ScratchStack {
  readonly #end: number;
  #next: number;

  constructor({ address, bytes }: Scratch) {
    this.#end = address + bytes;
    this.#next = Math.ceil(address / SCRATCH_ALIGN) * SCRATCH_ALIGN;
  }

  take(bytes: number): number {
    const address = this.#next;
    const next = address + alignScratch(bytes);
    if (next > this.#end) {
      throw new InternalError(
        `a task needs ${next - this.#end} bytes of scratch more than its stage was given`,
      );
    }
    this.#next = next;
    return address;
  }

  mark(): number {
    return this.#next;
  }

  reset(mark: number): void {
    this.#next = mark;
  }

  room(): number {
    return this.#end - this.#next;
  }
}

/** Throws AbortError once the computation was cancelled. */
export function checkCancelled(ctx: TaskContext): void {
  if (ctx.cancelled()) throw new AbortError(undefined, { cause: ctx.signal.reason });
}

/**
 * A region at `address` as readers and writers see it: strides in bytes may be negative or 0. The view covers just
 * the bytes that the region spans.
 */
export function regionTarget(
  memory: WebAssembly.Memory,
  dtype: DType,
  shape: readonly number[],
  place: Place,
): ReadTarget {
  const size = itemSize(dtype);
  let low = 0;
  let high = 0;
  shape.forEach((n, i) => {
    const reach = Math.max(0, n - 1) * (place.strides[i] as number);
    if (reach < 0) low += reach;
    else high += reach;
  });
  const elements = shape.includes(0) ? 0 : (high - low) / size + 1;
  return {
    data: viewOf(dtype, memory.buffer, place.address + low, elements),
    shape,
    stride: place.strides.map((s) => s / size),
    offset: elements === 0 ? 0 : -low / size,
  };
}

/** Slots of the typed array that `elements` elements of a dtype take. */
export const slotsOf = (dtype: DType, elements: number): number =>
  elements * slotsPerElement(dtype);
