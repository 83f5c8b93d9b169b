/**
 * Bindings: what expressions refer to but is not data of the plan: sources and user functions. A binding has an
 * identity (its id); a plan names bindings by index, and only `description`s cross a thread border.
 */
import type { Cuts } from "./cuts.js";
import type { DType, TypedArray } from "./dtype.js";
import type { Box } from "./index-map.js";
import type { Probe } from "./trace.js";

/** Where a read puts its elements: element `p` of the region goes to `data[offset + sum(p[i] * stride[i])]`
 * (complex: two slots per element, offset and stride still count elements). */
export interface ReadTarget {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** What a read found out on the way. */
export interface Findings {
  /** Storage chunks that were not there: their elements are the fill value. */
  readonly missing: number;
  /** The whole region is one value, and nothing but its first element was written. */
  readonly uniform: boolean;
}

/** Something that can fill a target with any box of an array. May answer at once or later. */
export interface RegionReader {
  /** `probe` is there in runs that are recorded. */
  readInto(
    region: Box,
    target: ReadTarget,
    signal: AbortSignal,
    probe?: Probe,
  ): void | Promise<void>;
  /**
   * As `readInto`, by readers that have something to tell. A region that is one value throughout may be left alone but
   * for its first element if it is read `lazily`.
   */
  readSparse?(
    region: Box,
    target: ReadTarget,
    lazily: boolean,
    signal: AbortSignal,
    probe?: Probe,
  ): Findings | Promise<Findings>;
}

export interface SourceBinding {
  readonly kind: "source";
  readonly id: number;
  /** For explain and errors, e.g. `era5.zarr/u`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Dtype of the elements that a read delivers. */
  readonly dtype: DType;
  /** Storage grid. */
  readonly chunks: readonly Cuts[];
  /** Parts of the chunks that can be read alone for hardly more than their bytes, if there are any smaller ones. */
  readonly bands?: readonly Cuts[] | undefined;
  /** "memory": re-reading is free; "store": every read of a chunk costs I/O and decoding. */
  readonly residence: "memory" | "store";
  /** Which thread may read it: any thread from `description`, or only the calling thread through `reader`. */
  readonly thread: "any" | "caller";
  /** Bytes that one read needs beside its target (encoded + decoded chunk, codec heap). */
  readonly scratchBytes: number;
  /** Plain data from which any thread can open a reader (`io/readers.ts`); undefined for thread "caller". */
  readonly description: SourceDescription | undefined;
  /** The reader on the calling thread. */
  readonly reader: RegionReader;
  /** Where all of it lies, row-major, if that is memory that threads may compute in. */
  readonly region?: SharedRegion | undefined;
  /** The same elements in another shape, row-major as before; there only where nothing has to move for it. */
  readonly reshaped?:
    | ((shape: readonly number[], chunks: readonly Cuts[]) => SourceBinding)
    | undefined;
}

/** Bytes in shared memory that stay where they are while somebody holds them. */
export interface SharedRegion {
  readonly buffer: SharedArrayBuffer;
  readonly address: number;
  hold(): void;
  release(): void;
}

/** `type` selects the opener in `io/readers.ts`; the rest is that opener's own plain data. */
export interface SourceDescription {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface FunctionBinding {
  readonly kind: "function";
  readonly id: number;
  readonly name: string;
  readonly code: FunctionCode;
  /** Structured-cloneable value handed to every call. */
  readonly params: unknown;
}

/** Where any thread finds a function. Never made from what a store, a plan file or a queue says. */
export type FunctionCode =
  /** Source text of a self-contained function. */
  | { readonly type: "text"; readonly text: string }
  /** An export of a module of the user's program; `url` is absolute. */
  | { readonly type: "module"; readonly url: string; readonly export: string }
  /** One of the engine's own algorithms over blocks, by its name in `kernels/blocks`. */
  | { readonly type: "built-in"; readonly name: string };

/** Somewhere to write blocks to. */
export interface SinkBinding {
  readonly kind: "sink";
  readonly id: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Grid of storage objects: each is written exactly once, by one task. */
  readonly chunks: readonly Cuts[];
  readonly thread: "any" | "caller";
  /** Bytes that writing one storage object needs beside the block. */
  readonly scratchBytes: number;
  readonly description: SinkDescription | undefined;
  readonly writer: ChunkWriter;
}

export interface SinkDescription {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Writes one storage object, whole or not at all; the elements are laid out as a {@link ReadTarget} says. */
export interface ChunkWriter {
  writeChunk(
    position: readonly number[],
    elements: ReadTarget,
    signal: AbortSignal,
    probe?: Probe,
  ): void | Promise<void>;
}

export type Binding = SourceBinding | FunctionBinding | SinkBinding;
