/**
 * What `explain` and `analyze` say, as plain JSON data: their `"json"` format, and what their texts and drawings are
 * made of. Fields are only ever added; `version` changes when one changes its meaning.
 */
import type { DType } from "./dtype.js";

/** Which questions a report answers. */
export type ReportLevel = "plan" | "rules" | "analyze";

export interface PlanReport {
  readonly version: 1;
  readonly level: ReportLevel;
  /** Bound on all chunk data held at once, bytes. */
  readonly memory: number;
  readonly workers: number;
  /** What was asked for, equal requests once. */
  readonly roots: readonly RootReport[];
  /** The expression as it was written: every function by itself, nothing shared or left out. */
  readonly raw: RawReport;
  readonly planned: PlannedReport;
  /** In topological order: a stage takes from stages before it. `id` is the place in this list. */
  readonly stages: readonly StageReport[];
  /** What the passes did and what they declined, each with its reason, in the order in which it happened. */
  readonly rules: readonly RuleReport[];
  /** What still costs more than it could, and why. */
  readonly notes: readonly string[];
  /** Only in reports of `analyze`. */
  readonly actual?: RunReport;
}

export interface RootReport {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** The stage that makes it. */
  readonly stage: number;
}

export interface RawReport {
  /** Operations and sources of the expression. */
  readonly nodes: number;
  /** Undefined where the plan of the expression as written does not fit `memory`, or is too large to be drawn up. */
  readonly figures?: Figures;
}

/** Sums over all stages. */
export interface Figures {
  readonly tasks: number;
  /** Bytes of the storage chunks that are touched, each time one is. */
  readonly readBytes: number;
  readonly readChunks: number;
  /** Bytes copied from blocks to blocks, because their borders or their axes differ. */
  readonly movedBytes: number;
  /** Worker seconds; over `workers` it takes about this divided by their number. */
  readonly seconds: number;
}

export interface PlannedReport extends Figures {
  /** Stages; the merges of a divided reduction belong to it. */
  readonly stages: number;
  /** The account never exceeds this; at most `memory`. */
  readonly peakBytes: number;
  /** What one task after another needs; `peakBytes` adds room for tasks side by side. */
  readonly serialBytes: number;
  /** Bytes of results, held until they are handed over. */
  readonly resultBytes: number;
  /** Bytes of memory beyond the arena (one WebAssembly memory, at most 4 GiB) that arrays lie in; part of the peak. */
  readonly beyondBytes: number;
  /** Bytes of blocks that go to disk because they do not fit `memory`. */
  readonly spilledBytes: number;
}

export type StageKind =
  | "map"
  | "reduce"
  | "merge"
  | "concat"
  | "gather"
  | "reshape"
  | "call"
  | "write";

export interface StageReport extends Figures {
  readonly id: number;
  readonly kind: StageKind;
  /** Its functions, for people. */
  readonly label: string;
  /** Scalar functions and reductions of its kernel, and how many of each; empty for stages that only move. */
  readonly ops: readonly { readonly name: string; readonly count: number }[];
  /** Extents of the loop, and of its largest block. A block of a reduced axis is a step. */
  readonly space: readonly number[];
  readonly blocks: readonly number[];
  /** Axes of the space that are reduced; empty for other kinds. */
  readonly reduced: readonly number[];
  readonly inputs: readonly InputReport[];
  readonly outputs: readonly OutputReport[];
  /** Bytes of elements that it looks at (each once), and that it makes or writes. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Memory of one task: outputs, scratch, codecs. Bytes. */
  readonly taskBytes: number;
  /** Only in reports of `analyze`. */
  readonly actual?: StageActual;
}

export interface InputReport {
  readonly from: "source" | "stage";
  /** Name of the source, or `#2` for stage 2. */
  readonly name: string;
  /** The stage that makes it; absent for sources. */
  readonly stage?: number;
  /** Equal numbers are one source; absent for stages. */
  readonly source?: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Per axis `[start, stop, step]` of what is read, ascending; step is that of the positions looked at. */
  readonly region: readonly (readonly [number, number, number])[];
  /** Bytes of the elements looked at, each once. */
  readonly bytes: number;
  /** Storage chunks or blocks of what is read, and what of it one task (a step of a reduction) looks at. */
  readonly chunks: readonly number[];
  readonly readAs: readonly number[];
  /** Chunks or blocks that hold some of the region, and all that there are. */
  readonly touched: number;
  readonly total: number;
  /** How often each chunk of a source is read, on average; absent for stages, whose blocks are in memory. */
  readonly times?: number;
}

export interface OutputReport {
  /** True if its blocks are put on disk as soon as they are made. */
  readonly onDisk?: boolean;
  /** True if its blocks are put in memory beyond the arena as soon as they are made. */
  readonly beyondArena?: boolean;
  readonly dtype: DType;
  /** Partial states of a reduction are bytes. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Bytes of it that are held at once, at the most. */
  readonly liveBytes: number;
  /** Number of the root that it is, if it is one. */
  readonly root?: number;
}

export interface RuleReport {
  readonly pass: string;
  readonly rule: string;
  readonly outcome: "fired" | "declined";
  /** What it did, or why not. */
  readonly detail: string;
  /** How often, with this detail. */
  readonly count: number;
}

/** What a stage did when it ran. Times are those of this run on this machine. */
export interface StageActual {
  readonly tasks: number;
  /** Bytes of the storage chunks that were touched, each time one was. */
  readonly readBytes: number;
  readonly readChunks: number;
  /** Chunks of these that are not stored, so that nothing was decoded for them. */
  readonly missingChunks: number;
  /** Chunks that were not read because nothing depended on them. */
  readonly skippedChunks: number;
  /** Blocks, and steps of reductions, that were one value throughout: they were computed once. */
  readonly uniformBlocks: number;
  /** Bytes of elements that were read from sources. */
  readonly elementBytes: number;
  readonly movedBytes: number;
  readonly writtenBytes: number;
  /** Worker seconds. */
  readonly seconds: number;
}

export interface RunReport extends StageActual {
  /** Highest balance of the account. */
  readonly peakBytes: number;
  readonly spilledBytes: number;
  /** Tasks done again because their blocks had been dropped. */
  readonly repeatedTasks: number;
  /** From the beginning to the end. */
  readonly wallSeconds: number;
  /** On the calling thread, because the plan is small. */
  readonly inline: boolean;
}

/** The stage graph as plain data, laid out by depth; what drawings are made of. */
export interface StageFlow {
  /** Keys of nodes by depth: every node stands after all that flows into it. */
  readonly layers: readonly (readonly string[])[];
  readonly nodes: ReadonlyMap<string, FlowNode>;
  readonly edges: readonly FlowEdge[];
}
export interface FlowNode {
  readonly type: "source" | "stage" | "result";
  /** Where bytes come in, where they are worked on, where they leave. */
  readonly role: "read" | "compute" | "write";
  /** What it is, then figures. */
  readonly lines: readonly string[];
}
export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}
