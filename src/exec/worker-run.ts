/** A run as one worker sees it: its plan, its open readers and writers, its compiled functions, where blocks lie. */
import { setMaxListeners } from "node:events";
import { AbortError, InternalError } from "../errors.js";
import type { ChunkWriter, RegionReader } from "../ir/binding.js";
import { itemSize } from "../ir/dtype.js";
import { blockBox, type PlanArray, type Stage } from "../ir/stage.js";
import { SPAN } from "../ir/trace.js";
import type { Kernels, Place } from "../kernels/index.js";
import { load } from "../load.js";
import type { CallerLine } from "./caller.js";
import type { TaskReport } from "./coordinator/state.js";
import { TABLE_CANCEL, type TableLayout, tableLayout, verdictsOf } from "./coordinator/tables.js";
import { openSink, openSource } from "./open.js";
import type { RunData, SinkData, SourceData, Traced } from "./protocol.js";
import { copyBlock, isLargeResult } from "./results.js";
import { SpillAccess } from "./spill/access.js";
import { itemOf } from "./task/context.js";
import { FunctionTable, type TaskContext } from "./task/index.js";
import { denseAt, shifted } from "./task/operands.js";
import type { Recorder, TraceBuffer } from "./trace/index.js";

/** What records runs: most are not recorded. */
export const tracing = (): typeof import("./trace/index.js") =>
  load("exec/trace/index.js") as typeof import("./trace/index.js");

/** What a task has moved so far. */
export interface Meter {
  read: number;
  written: number;
  moved: number;
  /** Storage chunks touched, and their bytes. */
  chunks: number;
  chunkBytes: number;
  /** Of those, chunks that are not stored; and chunks that were not read, since nothing depends on them. */
  missing: number;
  skipped: number;
  /** Blocks and steps of one value. */
  uniform: number;
  /** Told after every change. */
  readonly changed: (bytes: number) => void;
}

export const newMeter = (changed: (bytes: number) => void): Meter => ({
  read: 0,
  written: 0,
  moved: 0,
  chunks: 0,
  chunkBytes: 0,
  missing: 0,
  skipped: 0,
  uniform: 0,
  changed,
});

export const reportOf = (meter: Meter, seconds: number): TaskReport => ({
  bytesRead: meter.read,
  bytesWritten: meter.written,
  bytesMoved: meter.moved,
  chunksRead: meter.chunks,
  chunkBytes: meter.chunkBytes,
  chunksMissing: meter.missing,
  chunksSkipped: meter.skipped,
  uniform: meter.uniform,
  seconds,
});

export class WorkerRun {
  readonly data: RunData;
  readonly table: Uint32Array;
  /** There if the run is recorded. */
  readonly recorder: Recorder | undefined;
  readonly #layout: TableLayout;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #line: CallerLine;
  readonly #readers = new Map<number, RegionReader>();
  readonly #writers = new Map<number, ChunkWriter>();
  readonly #functions: FunctionTable;
  readonly #abort = new AbortController();
  readonly #outside: SpillAccess | undefined;
  /** Sources that lie in the arena. */
  readonly #places: readonly (Place | undefined)[];
  /** Roots that tasks put together: the array, and where its first element goes, in the arena or outside of it. */
  readonly #targets: readonly (readonly [PlanArray, Place | SharedArrayBuffer])[];
  /** Knows memory that the run alone has, and that goes back to the system when this thread has collected it. */
  readonly outOfArena: boolean;

  constructor(
    data: RunData,
    table: SharedArrayBuffer,
    memory: WebAssembly.Memory,
    kernels: Kernels,
    line: CallerLine,
    segments: readonly SharedArrayBuffer[],
    results: readonly (SharedArrayBuffer | undefined)[],
    trace: TraceBuffer | undefined,
  ) {
    this.data = data;
    this.recorder = trace && new (tracing().Recorder)(trace);
    this.#functions = new FunctionTable(data.functions);
    this.table = new Uint32Array(table);
    this.#layout = tableLayout(data.plan);
    this.#memory = memory;
    this.#kernels = kernels;
    this.#line = line;
    if (data.file !== undefined || segments.length > 0) {
      this.#outside = new SpillAccess({ file: data.file, segments }, memory, kernels);
    }
    this.#places = data.sources.map(({ address, shape, dtype }) =>
      address === undefined ? undefined : denseAt(address, shape, itemSize(dtype)),
    );
    type Target = readonly [PlanArray, Place | SharedArrayBuffer];
    this.#targets = data.plan.roots.flatMap((root, i): readonly Target[] => {
      const [address, result] = [data.rootAddresses[i], results[i]];
      const array = data.plan.arrays.find((a) => a.id === root.array);
      if (array === undefined) return [];
      if (result !== undefined) return [[array, result]];
      if (address === undefined) return [];
      return [[array, denseAt(address, array.shape, itemSize(array.dtype))]];
    });
    this.outOfArena = segments.length > 0 || results.some(isLargeResult);
    // Every read in flight may listen.
    setMaxListeners(0, this.#abort.signal);
  }

  /** True once the run was cancelled; tells the signal too, for whoever waits with it. */
  cancelled(): boolean {
    const cancelled = Atomics.load(this.table, TABLE_CANCEL) !== 0;
    if (cancelled && !this.#abort.signal.aborted) this.#abort.abort(new AbortError());
    return cancelled;
  }

  /** Opens what tasks of a stage read and write; undefined if that has been done. */
  prepare(stage: Stage): Promise<void> | undefined {
    const opening: Promise<void>[] = [];
    for (const id of sourcesOf(stage)) {
      if (!this.#readers.has(id)) opening.push(this.#openReader(id));
    }
    if (stage.kind === "write" && !this.#writers.has(stage.sink)) {
      opening.push(this.#openWriter(stage.sink));
    }
    return opening.length === 0 ? undefined : Promise.all(opening).then(() => undefined);
  }

  /** `of` names the task by numbers. */
  context(stage: Stage, meter: Meter, of: Traced): TaskContext {
    const probe = this.recorder?.probe(of.stage, of.task);
    const kernels = this.#kernels;
    return {
      memory: this.#memory,
      kernels: probe === undefined ? kernels : new (tracing().TracedKernels)(kernels, probe),
      probe,
      plan: this.data.plan,
      indices: this.data.indices,
      reader: (source) => found(this.#readers.get(source), "source", source),
      sourceChunks: (source) => this.#source(source).chunks,
      sourcePlace: (source) => this.#places[source],
      outside: this.#outside,
      writer: (sink) => this.#meteredWriter(sink, meter),
      sinkInfo: (sink) => this.#sink(sink),
      fn: (index) => this.#functions.get(index),
      blockAddress: (array, block) => this.address(array, block),
      verdicts: verdictsOf(this.#layout, this.table, stage),
      signal: this.#abort.signal,
      cancelled: () => this.cancelled(),
      progress: (bytes) => {
        if (stage.kind !== "write") meter.read += bytes;
        meter.changed(bytes);
      },
      meter,
    };
  }

  /** Byte address of a resident block. */
  address(array: number, block: number): number {
    const start = this.#layout.starts.get(array);
    if (start === undefined) throw new InternalError(`the plan has no array ${array}`);
    return this.table[start + block] as number;
  }

  /** Copies the blocks that a task has made to the roots that they are part of, unless they were made there. */
  handOver(stage: Stage, { task, stage: number }: Traced): void {
    for (const [array, target] of this.#targets) {
      if (!stage.outputs.includes(array.id)) continue;
      const address = this.address(array.id, task);
      const { lo, hi } = blockBox(array.cuts, task);
      const shape = lo.map((v, i) => (hi[i] as number) - v);
      const size = itemOf(array.dtype);
      const place = target instanceof SharedArrayBuffer ? undefined : shifted(target, lo);
      if (place?.address === address) continue;
      const probe = this.recorder?.probe(number, task);
      const from = probe?.now();
      if (place !== undefined)
        this.#kernels.copy(size, shape, denseAt(address, shape, size), place);
      else copyBlock(this.#memory.buffer, address, array, task, target as SharedArrayBuffer);
      const bytes = shape.reduce((n, s) => n * s, size as number);
      if (from !== undefined) probe?.span(SPAN.deliver, from, bytes, array.id);
    }
  }

  #source(id: number): SourceData {
    return found(this.data.sources[id], "source", id);
  }

  #sink(id: number): SinkData {
    return found(this.data.sinks[id], "sink", id);
  }

  async #openReader(id: number): Promise<void> {
    const { description, address, shape, dtype } = this.#source(id);
    const there = address !== undefined && {
      type: "array",
      buffer: this.#memory.buffer,
      byteOffset: address,
      shape,
      dtype,
    };
    const reader = there
      ? await openSource(there)
      : description === undefined
        ? this.#line.reader(this.data.run, id)
        : await openSource(description);
    this.#readers.set(id, reader);
  }

  async #openWriter(id: number): Promise<void> {
    const { description } = this.#sink(id);
    const writer =
      description === undefined
        ? this.#line.writer(this.data.run, id)
        : await openSink(description);
    this.#writers.set(id, writer);
  }

  #meteredWriter(id: number, meter: Meter): ChunkWriter {
    const writer = found(this.#writers.get(id), "sink", id);
    return meteredWriter(writer, itemSize(this.#sink(id).dtype), meter);
  }
}

/** A writer that counts what it was given. */
export function meteredWriter(writer: ChunkWriter, item: number, meter: Meter): ChunkWriter {
  return {
    writeChunk: (position, elements, signal, probe) => {
      meter.written += elements.shape.reduce((n, s) => n * s, item);
      return writer.writeChunk(position, elements, signal, probe);
    },
  };
}

/** Sources that tasks of a stage read. */
export function sourcesOf(stage: Stage): readonly number[] {
  const operands =
    stage.kind === "map" || stage.kind === "reduce"
      ? stage.operands
      : stage.kind === "concat"
        ? stage.parts.map((p) => p.operand)
        : stage.kind === "call"
          ? stage.args.map((a) => a.operand)
          : stage.kind === "merge"
            ? []
            : [stage.operand];
  return operands.flatMap((o) => (o.from === "source" ? [o.id] : []));
}

function found<T>(value: T | undefined, what: string, id: number): T {
  if (value === undefined) throw new InternalError(`the bindings have no ${what} ${id}`);
  return value;
}
