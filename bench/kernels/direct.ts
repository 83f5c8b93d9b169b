/**
 * The `kernel` column: the program that the planner makes of an expression, run on `Kernels` over one memory, without the
 * engine around it. What an engine row takes longer is what the engine costs.
 */
import type { LazyArray } from "chunkwise";
import type { LeafSpec, MapSpec, Place } from "../../dist/kernels/index.js";
import {
  bytesOf,
  checkOf,
  type FloatDType,
  type Floats,
  fill,
  floatsOn,
  type InputName,
} from "./data.js";

// What is not public is found in the build, from where this file itself was built to.
const internal = (path: string): string => new URL(`../../../dist/${path}`, import.meta.url).href;
const { Kernels } = (await import(
  internal("kernels/index.js")
)) as typeof import("../../dist/kernels/index.js");

type Stage = ReturnType<LazyArray["plan"]>["stages"][number];
type Reduce = Extract<Stage, { kind: "reduce" }>;

const PAGE = 65536;
/** An odd number of cache lines between blocks, as the engine places them. */
const SKEW = 207 * 64;

const product = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);
function rowMajor(shape: readonly number[], item: number): number[] {
  const strides = shape.map(() => item);
  for (let i = shape.length - 2; i >= 0; i -= 1) {
    strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  }
  return strides;
}

/** What one contestant does and what came out. */
export interface Program {
  readonly run: () => void;
  readonly check: () => number[];
}

/** Inputs cut along the first axis into blocks of `step` positions, at equal distances in one memory. */
export class Direct {
  readonly shape: readonly number[];
  readonly dtype: FloatDType;
  readonly step: number;
  readonly item: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: InstanceType<typeof Kernels>;
  /** Bytes from block to block. */
  readonly distance: number;
  readonly #bases: number[];
  readonly #inputsEnd: number;
  #next = 4 * PAGE;

  /** `outputBytes`: the most that results and states of any program take. */
  constructor(
    shape: readonly number[],
    dtype: FloatDType,
    step: number,
    names: readonly InputName[],
    outputBytes: number,
  ) {
    this.shape = shape;
    this.dtype = dtype;
    this.step = step;
    this.item = bytesOf(dtype);
    const inner = product(shape.slice(1));
    this.distance = Math.ceil((step * inner * this.item) / 64) * 64 + SKEW;
    const perInput = this.blocks.length * this.distance + SKEW;
    const bytes = this.#next + names.length * perInput + outputBytes + 64 * SKEW;
    const pages = Math.ceil(bytes / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.kernels = new Kernels(this.memory, { address: PAGE, bytes: PAGE });
    this.#bases = names.map((name) => {
      const base = this.take(perInput - SKEW);
      for (const { index, rows } of this.blocks) {
        const at = base + index * this.distance;
        fill(this.view(at, rows * inner), name, index * step * inner);
      }
      return base;
    });
    this.#inputsEnd = this.#next;
  }

  get blocks(): { readonly index: number; readonly rows: number }[] {
    const total = this.shape[0] as number;
    const count = Math.ceil(total / this.step);
    return Array.from({ length: count }, (_, index) => ({
      index,
      rows: Math.min(this.step, total - index * this.step),
    }));
  }

  /** Forgets the results of the program before. */
  reset(): void {
    this.#next = this.#inputsEnd;
  }

  take(bytes: number): number {
    const address = this.#next;
    this.#next += Math.ceil(bytes / 64) * 64 + SKEW;
    return address;
  }

  view(address: number, length: number, dtype: FloatDType = this.dtype): Floats {
    return floatsOn(dtype, this.memory.buffer, address, length);
  }

  /** Addresses of the inputs. */
  get inputs(): readonly number[] {
    return this.#bases;
  }

  /** A map over whole blocks, one call for each. */
  map(x: LazyArray): Program {
    const stage = onlyStage(x, "map");
    const spec: MapSpec = {
      program: stage.program,
      operands: stage.operands.map((o) => o.dtype),
      outputs: stage.values.map((value) => ({ value, dtype: this.dtype })),
    };
    const inner = product(this.shape.slice(1));
    const out = this.take(this.blocks.length * this.distance);
    const place = (base: number, index: number): Place => ({
      address: base + index * this.distance,
      strides: [this.item],
    });
    const run = (): void => {
      for (const { index, rows } of this.blocks) {
        const operands = this.#bases.map((base) => place(base, index));
        this.kernels.map(spec, [rows * inner], [0], operands, [place(out, index)]);
      }
    };
    const perBlock = this.step * inner;
    const views = this.blocks.map(({ index, rows }) =>
      this.view(out + index * this.distance, rows * inner),
    );
    const at = (i: number): number =>
      (views[Math.floor(i / perBlock)] as Floats)[i % perBlock] as number;
    return { run, check: () => checkOf(product(this.shape), at) };
  }

  /** A copy of the first input to `shape`, whose axis i is axis `axes[i]`, in blocks of `chunk`. */
  copy(axes: readonly number[], chunk: readonly number[]): Program {
    const inner = rowMajor(this.shape, this.item);
    const own = [this.distance / this.step, ...inner.slice(1)];
    if (this.step !== 1) throw new Error("slabs have one step each");
    const source = axes.map((axis) => own[axis] as number);
    const shape = axes.map((axis) => this.shape[axis] as number);
    const counts = chunk.map((n, i) => Math.ceil((shape[i] as number) / n));
    const boxes = Array.from({ length: product(counts) }, (_, n) => {
      let rest = n;
      const position = counts.map(() => 0);
      for (let i = counts.length - 1; i >= 0; i -= 1) {
        position[i] = rest % (counts[i] as number);
        rest = Math.floor(rest / (counts[i] as number));
      }
      const lo = position.map((p, i) => p * (chunk[i] as number));
      const size = lo.map((l, i) => Math.min(chunk[i] as number, (shape[i] as number) - l));
      const base = this.inputs[0] as number;
      const from = lo.reduce((a, l, i) => a + l * (source[i] as number), base);
      return { size, from, to: this.take(product(size) * this.item) };
    });
    const run = (): void => {
      for (const { size, from, to } of boxes) {
        const target = { address: to, strides: rowMajor(size, this.item) };
        this.kernels.copy(this.item as 4 | 8, size, { address: from, strides: source }, target);
      }
    };
    const mean = (): number[] => {
      let sum = 0;
      for (const { size, to } of boxes) for (const v of this.view(to, product(size))) sum += v;
      return [sum / product(this.shape)];
    };
    return { run, check: mean };
  }
}

export function onlyStage<K extends Stage["kind"]>(
  x: LazyArray,
  kind: K,
): Extract<Stage, { kind: K }> {
  const [stage] = x.plan({ memory: "3GiB", workers: 1 }).stages;
  if (stage?.kind !== kind) throw new Error(`expected a ${kind} stage, got ${stage?.kind}`);
  return stage as Extract<Stage, { kind: K }>;
}

export function leafSpec(stage: Reduce): LeafSpec {
  return {
    program: stage.program,
    operands: stage.operands.map((o) => o.dtype),
    outputs: stage.accumulators.map(({ value, monoid, on }) => ({ value, monoid, on })),
  };
}
