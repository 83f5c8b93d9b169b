/** What the bench asks its children for: one JSON line a request, one a reply. */
import type { Shape } from "./field.js";

export type Codec = "raw" | "zstd" | "blosc";

interface Limits {
  /** Of the engine; undefined is far more than there are data. */
  readonly memory?: number | undefined;
  readonly workers?: number;
}

export type Job =
  /** Zarr to Zarr with other chunks. */
  | ({
      readonly run: "copy";
      readonly from: string;
      readonly to: string;
      readonly chunks: readonly number[];
      readonly codec: Codec;
    } & Limits)
  | ({ readonly run: "mean"; readonly from: string; readonly axis?: number } & Limits)
  /** All is read, decoded and looked at once: the maximum, which costs next to nothing beside decoding. */
  | ({ readonly run: "decode"; readonly from: string } & Limits)
  /** The bytes of all files, on two threads, and nothing else. */
  | { readonly run: "read"; readonly from: string }
  /** `from` is kept in memory before the clock starts. */
  | ({ readonly run: "mean of memory"; readonly from: string; readonly axis?: number } & Limits)
  | ({ readonly run: "anomaly"; readonly from: string; readonly to: string } & Limits)
  | ({ readonly run: "products"; readonly u: string; readonly v: string } & Limits)
  /** Slabs in memory become blocks of `chunks`, row-major as a whole or each for itself. */
  | ({
      readonly run: "rechunk";
      readonly shape: Shape;
      readonly chunks: readonly [number, number, number];
      readonly apart: boolean;
    } & Limits)
  | { readonly run: "memcpy"; readonly bytes: number; readonly threads?: number }
  /** Are some elements of two stores equal? */
  | { readonly run: "compare"; readonly from: string; readonly to: string };

export interface Reply {
  readonly seconds: number;
  /** Processor seconds of all threads of the process: they tell more than the clock where others keep it busy. */
  readonly cpu?: number;
  /** Highest resident memory of the process so far, bytes. */
  readonly resident?: number;
  /** Bytes that the process read and wrote through system calls during the run. */
  readonly moved?: number;
  /** Of the account. */
  readonly peakBytes?: number;
  readonly spilledBytes?: number;
  readonly readChunks?: number;
  readonly plannedReads?: number;
  readonly plannedPeak?: number;
  /** Reads of each chunk of the sources that the plan has. */
  readonly times?: readonly number[];
  readonly equal?: boolean;
  readonly value?: number;
}
