/**
 * A world for tasks: a hand-made plan, a shared memory and everything that a thread provides. It runs all stages in
 * order, gives every task exactly the scratch that its stage was promised, and guards every border.
 */
import { expect } from "vitest";
import {
  compileFunction,
  runTask,
  type TaskContext,
  type TaskFunction,
} from "../../../dist/exec/task/index.js";
import type { ChunkWriter, ReadTarget, RegionReader } from "../../../dist/ir/binding.js";
import { type Cuts, wholeCuts } from "../../../dist/ir/cuts.js";
import {
  arrayClass,
  type DType,
  itemSize,
  slotsPerElement,
  type TypedArray,
  viewOf,
} from "../../../dist/ir/dtype.js";
import {
  type Box,
  boxShape,
  elementCount,
  identityMap,
  rowMajorStrides,
} from "../../../dist/ir/index-map.js";
import { ProgramBuilder } from "../../../dist/ir/monoid.js";
import type { IndexList } from "../../../dist/ir/node.js";
import type { Scalar } from "../../../dist/ir/scalar.js";
import { taskScratchBytes } from "../../../dist/ir/scratch.js";
import {
  blockBox,
  blockBytes,
  blockCount,
  type Operand,
  type Plan,
  type PlanArray,
  type Stage,
  taskCount,
} from "../../../dist/ir/stage.js";
import { Kernels } from "../../../dist/kernels/index.js";

export interface Values {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Pseudo-random numbers, the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function filled(
  dtype: DType,
  shape: readonly number[],
  value: (i: number) => number | bigint,
): Values {
  const data = new (arrayClass(dtype))(elementCount(shape) * slotsPerElement(dtype));
  for (let i = 0; i < data.length; i++) data[i] = value(i) as never;
  return { shape, dtype, data };
}

/** All positions of a shape, row-major. */
export function* every(shape: readonly number[]): Generator<number[]> {
  const at = shape.map(() => 0);
  for (let n = elementCount(shape); n > 0; n--) {
    yield [...at];
    for (let i = shape.length - 1; i >= 0; i--) {
      at[i]++;
      if (at[i] < shape[i]) break;
      at[i] = 0;
    }
  }
}

export const flat = (at: readonly number[], stride: readonly number[], offset = 0): number =>
  at.reduce((n, p, i) => n + p * stride[i], offset);

/** A source over plain values; `later` makes it answer with promises. */
export function readerOf(
  { shape, dtype, data }: Values,
  { later = false, log = [] as Box[] } = {},
): RegionReader & { log: Box[] } {
  const from = rowMajorStrides(shape);
  const slots = slotsPerElement(dtype);
  const read = (region: Box, target: ReadTarget): void => {
    expect(boxShape(region)).toEqual([...target.shape]);
    region.lo.forEach((lo, i) => {
      expect(lo).toBeGreaterThanOrEqual(0);
      expect(region.hi[i]).toBeLessThanOrEqual(shape[i]);
      expect(lo).toBeLessThan(region.hi[i]);
    });
    for (const at of every(target.shape)) {
      const s = flat(
        at.map((p, i) => p + region.lo[i]),
        from,
      );
      const t = flat(at, target.stride, target.offset);
      expect(t >= 0 && (t + 1) * slots <= target.data.length).toBe(true);
      for (let k = 0; k < slots; k++) target.data[t * slots + k] = data[s * slots + k] as never;
    }
  };
  return {
    log,
    readInto(region, target) {
      log.push(region);
      if (!later) return read(region, target);
      return new Promise((resolve) => {
        setImmediate(() => {
          read(region, target);
          resolve();
        });
      });
    },
  };
}

const GUARD = 0xa5;
const GUARD_BYTES = 64;

/** A stage without what every stage has. */
export type StageSpec<S = Stage> = S extends Stage
  ? Omit<S, "id" | "label" | "nodes" | "scratchBytes" | "foreignBytes" | "estimate">
  : never;

const ESTIMATE = {
  tasks: 1,
  readBytes: 0,
  readChunks: 0,
  movedBytes: 0,
  spilledBytes: 0,
  seconds: 0,
};

export class World {
  readonly memory = new WebAssembly.Memory({ initial: 512, maximum: 4096, shared: true });
  readonly kernels = new Kernels(this.memory, { address: 1024, bytes: 65536 });
  readonly arrays: PlanArray[] = [];
  readonly stages: Stage[] = [];
  readonly readers: RegionReader[] = [];
  readonly sourceGrids: (readonly Cuts[] | undefined)[] = [];
  readonly sinks: {
    readonly values: Values;
    readonly chunks: readonly Cuts[];
    readonly writer: ChunkWriter;
    readonly log: number[][];
  }[] = [];
  readonly functions: TaskFunction[] = [];
  readonly indices: IndexList[] = [];
  readonly controller = new AbortController();
  readonly addresses = new Map<string, number>();
  progressed = 0;
  /** Called between cancellation checks. */
  cancelAfter = Number.POSITIVE_INFINITY;
  checks = 0;
  promises = 0;
  #top = 1024 + 65536;
  #guards: number[] = [];
  #ran = 0;

  source(
    values: Values,
    reader: RegionReader = readerOf(values),
    chunks?: readonly Cuts[],
  ): Operand {
    this.sourceGrids.push(chunks);
    return {
      from: "source",
      id: this.readers.push(reader) - 1,
      dtype: values.dtype,
      shape: values.shape,
      map: identityMap(values.shape.length),
    };
  }

  array(dtype: DType, cuts: readonly Cuts[], shape: readonly number[], rawBytes?: number): number {
    const id = this.arrays.length;
    this.arrays.push({
      id,
      stage: this.stages.length,
      shape,
      dtype,
      cuts,
      liveBytes: 0,
      ...(rawBytes === undefined ? {} : { rawBytes }),
    });
    return id;
  }

  operand(id: number): Operand {
    const { dtype, shape } = this.arrays[id];
    return { from: "array", id, dtype, shape, map: identityMap(shape.length) };
  }

  /** An array filled with values, in the given blocks, without a stage. */
  resident(values: Values, cuts: readonly Cuts[]): Operand {
    const source = this.source(values);
    return this.operand(this.copy(source, cuts));
  }

  stage(spec: StageSpec): number {
    const id = this.stages.length;
    const stage = {
      ...spec,
      id,
      label: spec.kind,
      nodes: [],
      scratchBytes: 0,
      foreignBytes: 0,
      estimate: ESTIMATE,
    } as Stage;
    const scratchBytes = taskScratchBytes(stage, this);
    this.stages.push({ ...stage, scratchBytes } as Stage);
    return id;
  }

  /** A map stage over trees whose argument i is operand i; gives the array ids. */
  map(operands: readonly Operand[], trees: readonly Scalar[], cuts: readonly Cuts[]): number[] {
    const space = cuts.map((c) => c.reduce((n, r) => n + r.size * r.repeat, 0));
    const b = new ProgramBuilder();
    const values = trees.map((t) => b.add(t));
    const outputs = trees.map((t) => this.array(t.dtype, cuts, space));
    this.stage({ kind: "map", space, cuts, outputs, operands, program: b.program(), values });
    return outputs;
  }

  copy(operand: Operand, cuts: readonly Cuts[]): number {
    return this.map([operand], [{ kind: "arg", index: 0, dtype: operand.dtype }], cuts)[0];
  }

  sink(shape: readonly number[], dtype: DType, chunks: readonly Cuts[], later = false): number {
    const values = filled(dtype, shape, () =>
      itemSize(dtype) === 8 && /int/.test(dtype) ? 0n : 0,
    );
    const log: number[][] = [];
    const strides = rowMajorStrides(shape);
    const slots = slotsPerElement(dtype);
    const write = (position: readonly number[], e: ReadTarget): void => {
      log.push([...position]);
      const n = position.reduce(
        (k, p, i) => k * chunks[i].reduce((m, r) => m + r.repeat, 0) + p,
        0,
      );
      const box = blockBox(chunks, n);
      expect([...e.shape]).toEqual(boxShape(box));
      for (const at of every(e.shape)) {
        const s = flat(at, e.stride, e.offset);
        expect(s >= 0 && (s + 1) * slots <= e.data.length).toBe(true);
        const t = flat(
          at.map((p, i) => p + box.lo[i]),
          strides,
        );
        for (let k = 0; k < slots; k++) values.data[t * slots + k] = e.data[s * slots + k] as never;
      }
    };
    const writer: ChunkWriter = {
      writeChunk(position, elements) {
        if (!later) return write(position, elements);
        return new Promise((resolve) => {
          setImmediate(() => {
            write(position, elements);
            resolve();
          });
        });
      },
    };
    return this.sinks.push({ values, chunks, writer, log }) - 1;
  }

  fn(text: string, params: unknown = undefined, name = "f"): number {
    return this.functions.push({ name, call: compileFunction(text, name), params }) - 1;
  }

  index(values: readonly number[]): number {
    return this.indices.push({ id: this.indices.length, values: Float64Array.from(values) }) - 1;
  }

  get plan(): Plan {
    return {
      version: 1,
      memory: 0,
      arena: 0,
      workers: 1,
      arrays: this.arrays,
      stages: this.stages,
      roots: [],
      resultBytes: 0,
      serialBytes: 0,
      peakBytes: 0,
      estimate: ESTIMATE,
      spill: { bytes: 0, sums: 0 },
      beyondBytes: 0,
      log: [],
    };
  }

  #take(bytes: number): number {
    const address = this.#top;
    const end = address + bytes;
    this.#top = Math.ceil((end + GUARD_BYTES) / 64) * 64;
    while (this.#top > this.memory.buffer.byteLength) this.memory.grow(256);
    const view = new Uint8Array(this.memory.buffer, address, this.#top - address);
    view.fill(GUARD);
    this.#guards.push(end);
    return address;
  }

  checkGuards(): void {
    for (const end of this.#guards) {
      const guard = new Uint8Array(this.memory.buffer, end, GUARD_BYTES);
      if (!guard.every((b) => b === GUARD)) throw new Error(`something wrote behind ${end}`);
    }
  }

  context(): TaskContext {
    const plan = this.plan;
    return {
      memory: this.memory,
      kernels: this.kernels,
      plan,
      indices: this.indices,
      reader: (i) => this.readers[i],
      sourceChunks: (i) => this.sourceGrids[i],
      writer: (i) => this.sinks[i].writer,
      sinkInfo: (i) => ({
        shape: this.sinks[i].values.shape,
        dtype: this.sinks[i].values.dtype,
        chunks: this.sinks[i].chunks,
      }),
      fn: (i) => this.functions[i],
      blockAddress: (array, block) => {
        const address = this.addresses.get(`${array}:${block}`);
        if (address === undefined) throw new Error(`block ${block} of array ${array} is not there`);
        return address;
      },
      signal: this.controller.signal,
      cancelled: () => this.controller.signal.aborted || ++this.checks > this.cancelAfter,
      progress: (bytes) => {
        this.progressed += bytes;
      },
    };
  }

  /** Runs the stages that did not run so far; the scratch of each task is thrown away after it. */
  async run(): Promise<void> {
    const ctx = this.context();
    const first = this.#ran;
    this.#ran = this.stages.length;
    for (const stage of this.stages.slice(first)) {
      for (let task = 0; task < taskCount(stage); task++) {
        const outputs = stage.outputs.map((id) => {
          const address = this.#take(blockBytes(this.arrays[id], task));
          this.addresses.set(`${id}:${task}`, address);
          return address;
        });
        const top = this.#top;
        const address = this.#take(stage.scratchBytes);
        const done = runTask(ctx, stage, task, outputs, { address, bytes: stage.scratchBytes });
        if (done !== undefined) {
          this.promises++;
          await done;
        }
        this.checkGuards();
        this.#guards.pop();
        this.#top = top;
      }
    }
  }

  /** The elements of an array, row-major, as a copy. */
  values(id: number): Values {
    const { shape, dtype, cuts } = this.arrays[id];
    const slots = slotsPerElement(dtype);
    const data = new (arrayClass(dtype))(elementCount(shape) * slots);
    const strides = rowMajorStrides(shape);
    for (let n = 0; n < blockCount(cuts); n++) {
      const box = blockBox(cuts, n);
      const size = boxShape(box);
      const address = this.addresses.get(`${id}:${n}`) ?? 0;
      const block = viewOf(dtype, this.memory.buffer, address, elementCount(size));
      let i = 0;
      for (const at of every(size)) {
        const t = flat(
          at.map((p, k) => p + box.lo[k]),
          strides,
        );
        for (let k = 0; k < slots; k++) data[t * slots + k] = block[i++] as never;
      }
    }
    return { shape, dtype, data };
  }
}

/** Random cuts of an axis into pieces of 1 to `most`. */
export function randomCuts(rand: () => number, extent: number, most: number): Cuts {
  const runs: { size: number; repeat: number }[] = [];
  for (let left = extent; left > 0; ) {
    const size = Math.min(left, 1 + Math.floor(rand() * most));
    const last = runs.at(-1);
    if (last?.size === size) last.repeat++;
    else runs.push({ size, repeat: 1 });
    left -= size;
  }
  return runs.length === 0 ? wholeCuts(0) : runs;
}

/** What an operand reads at a position of the space, from row-major values. */
export function elementAt(
  values: Values,
  operand: Operand,
  at: readonly number[],
): number | bigint {
  const index = operand.map.map((m) => m.start + (m.axis < 0 ? 0 : m.step * at[m.axis]));
  return values.data[flat(index, rowMajorStrides(values.shape))];
}
