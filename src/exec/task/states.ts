/**
 * Reduction states: where they lie, how two nodes merge and how a node becomes the results.
 *
 * The states of a node are one array over the kept elements per state component of every accumulator. They lie in
 * *slots* of scratch while a task works with them and in raw blocks between tasks.
 */
import { InternalError } from "../../errors.js";
import type { DType } from "../../ir/dtype.js";
import {
  finishTree,
  identityState,
  leafMonoidOf,
  mergeTrees,
  ProgramBuilder,
  programOf,
  stateDTypes,
} from "../../ir/monoid.js";
import { componentBytes } from "../../ir/partials.js";
import { constant, type ScalarConstant } from "../../ir/scalar.js";
import { maxKept, slotBytes, stateComponents } from "../../ir/scratch.js";
import type { Accumulator, ReduceResult, ReduceStage } from "../../ir/stage.js";
import type { MapSpec } from "../../kernels/index.js";
import { itemOf, type Place, type ScratchStack, type TaskContext } from "./context.js";

/** Not in a slot, but somewhere that outlives the task's work with them. */
export const ELSEWHERE = -1;
/** Somewhere that is about to be used for other states: who keeps them copies them first. */
export const BORROWED = -2;

/** The states of one node: an address per component, and the slot to give back or one of the two numbers above. */
export interface NodeStates {
  components: readonly number[];
  slot: number;
}

/** Byte offsets of the components of one node whose states are stored one after another. */
export function componentOffsets(stage: ReduceStage, elements: number): readonly number[] {
  let next = 0;
  return stateComponents(stage).map(({ dtype }) => {
    const offset = next;
    next += componentBytes(dtype, elements);
    return offset;
  });
}

/** Equal pieces of scratch, taken when first needed and handed round after that. */
export class Slots {
  readonly #scratch: ScratchStack;
  readonly #bytes: number;
  readonly #base: number;
  readonly #most: number;
  readonly #free: number[] = [];
  readonly #offsets: readonly number[];

  /** `most` slots are set aside at once: the scratch behind them is used for other things. */
  constructor(stage: ReduceStage, most: number, scratch: ScratchStack) {
    this.#scratch = scratch;
    this.#bytes = slotBytes(stage, maxKept(stage));
    this.#offsets = componentOffsets(stage, maxKept(stage));
    this.#base = this.#scratch.take(most * this.#bytes);
    this.#most = most;
    this.reset();
  }

  /** Forgets who has what. */
  reset(): void {
    this.#free.length = 0;
    for (let i = this.#most - 1; i >= 0; i--) this.#free.push(this.#base + i * this.#bytes);
  }

  take(): NodeStates {
    const slot = this.#free.pop();
    if (slot === undefined) throw new InternalError("a reduction holds more states than its bound");
    return { components: this.#offsets.map((o) => slot + o), slot };
  }

  release(states: NodeStates): void {
    if (states.slot >= 0) this.#free.push(states.slot);
  }
}

interface MergeKernel {
  readonly first: number;
  readonly dtypes: readonly DType[];
  readonly counted: boolean;
  /** Moments take the two counts as constants 0 and 1. */
  readonly spec: MapSpec;
  /** Moments take them as two more operands. */
  readonly tabled: MapSpec;
}

/** One program per accumulator, so that equal ones share their code. */
function mergeKernel(accumulator: Accumulator, first: number): MergeKernel {
  const { monoid, on } = accumulator;
  const dtypes = stateDTypes(monoid, on);
  const counted = monoid === "moments";
  const trees = mergeTrees(monoid, on);
  const outputs = (values: readonly number[]): MapSpec["outputs"] =>
    values.map((value, i) => ({ value, dtype: dtypes[i] as DType }));
  const { program, results } = programOf(trees);
  const counts: DType[] = counted ? ["float64", "float64"] : [];
  const tabled = {
    program,
    operands: [...dtypes, ...dtypes, ...counts],
    outputs: outputs(results),
  };
  if (!counted) return { first, dtypes, counted, spec: tabled, tabled };
  const builder = new ProgramBuilder();
  const values = trees.map((tree) =>
    builder.add(tree, (leaf) => {
      if (leaf.kind === "index") throw new InternalError("a merge that looks at an index");
      return leaf.index < 2 * dtypes.length
        ? builder.emit({ op: "load", operand: leaf.index, dtype: leaf.dtype })
        : builder.emit({ op: "const", param: leaf.index - 2 * dtypes.length, dtype: leaf.dtype });
    }),
  );
  const constants = [constant(1, "float64"), constant(1, "float64")];
  const spec = {
    program: { ops: builder.ops, constants },
    operands: [...dtypes, ...dtypes],
    outputs: outputs(values),
  };
  return { first, dtypes, counted, spec, tabled };
}

interface Shared {
  readonly merges: readonly MergeKernel[];
  readonly counted: boolean;
  /** What finishes the results of as many elements: kernels remember by object. */
  readonly finishes: Map<number, readonly MapSpec[]>;
}
const shared = new WeakMap<ReduceStage, Shared>();

function sharedOf(stage: ReduceStage): Shared {
  let found = shared.get(stage);
  if (found === undefined) {
    let first = 0;
    const merges = stage.accumulators.map((a) => {
      const kernel = mergeKernel(a, first);
      first += kernel.dtypes.length;
      return kernel;
    });
    found = { merges, counted: merges.some((m) => m.counted), finishes: new Map() };
    shared.set(stage, found);
  }
  return found;
}

/** Arithmetic on the states of one task's kept block. */
export class StateMath {
  readonly counted: boolean;
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #kept: number;
  readonly #merges: readonly MergeKernel[];
  readonly #finishes: Shared["finishes"];
  readonly #dtypes: readonly DType[];
  readonly #counts = new Map<number, ScalarConstant>();

  constructor(ctx: TaskContext, stage: ReduceStage, kept: number) {
    this.#ctx = ctx;
    this.#stage = stage;
    this.#kept = kept;
    const { merges, counted, finishes } = sharedOf(stage);
    this.#merges = merges;
    this.#finishes = finishes;
    this.counted = counted;
    this.#dtypes = stateComponents(stage).map((c) => c.dtype);
  }

  /** `to = a + b` where `a` and `b` stand for `na` and `nb` elements. The three do not overlap. */
  merge(a: NodeStates, b: NodeStates, to: NodeStates, na: number, nb: number): void {
    for (const { first, dtypes, counted, spec } of this.#merges) {
      const places = (states: NodeStates): Place[] =>
        dtypes.map((dtype, i) => ({
          address: states.components[first + i] as number,
          strides: [itemOf(dtype)],
        }));
      this.#ctx.kernels.map(
        spec,
        [this.#kept],
        [0],
        [...places(a), ...places(b)],
        places(to),
        counted ? [this.#count(na), this.#count(nb)] : spec.program.constants,
      );
    }
  }

  /**
   * Merges a level of trees that lie side by side: `rows * pairs` nodes at `a`, from one row or pair to the next
   * `row` and `pair` nodes on, each with its right neighbour `right` nodes on, into `a` itself. `counts` is where the
   * counts of all `a`, then of all `b` lie.
   */
  mergeLevel(
    rows: number,
    pairs: number,
    a: readonly number[],
    steps: { readonly row: number; readonly pair: number; readonly right: number },
    counts: number,
  ): void {
    for (const { first, dtypes, counted, tabled } of this.#merges) {
      const places = (distance: number): Place[] =>
        dtypes.map((dtype, i) => {
          const size = itemOf(dtype);
          const node = this.#kept * size;
          return {
            address: (a[first + i] as number) + distance * node,
            strides: [steps.row * node, steps.pair * node, size],
          };
        });
      const table = (address: number): Place => ({ address, strides: [8 * pairs, 8, 0] });
      const tables = counted ? [table(counts), table(counts + 8 * rows * pairs)] : [];
      this.#ctx.kernels.map(
        tabled,
        [rows, pairs, this.#kept],
        [0, 0, 0],
        [...places(0), ...places(steps.right), ...tables],
        places(0),
        tabled.program.constants,
      );
    }
  }

  /** Gives borrowed states a slot of their own. */
  settle(states: NodeStates, slots: Slots): void {
    const own = slots.take();
    this.copy(states.components, own.components);
    states.components = own.components;
    states.slot = own.slot;
  }

  #count(n: number): ScalarConstant {
    const known = this.#counts.get(n);
    if (known !== undefined) return known;
    const { dtype, bits } = constant(n, "float64");
    const made: ScalarConstant = { dtype, bits };
    this.#counts.set(n, made);
    return made;
  }

  copy(from: readonly number[], to: readonly number[]): void {
    this.#dtypes.forEach((dtype, i) => {
      const size = itemOf(dtype);
      const at = (address: number): Place => ({ address, strides: [size] });
      this.#ctx.kernels.copy(size, [this.#kept], at(from[i] as number), at(to[i] as number));
    });
  }

  /** The states of no elements. */
  identity(to: readonly number[]): void {
    const bits = this.#stage.accumulators.flatMap((a) => identityState(a.monoid, a.on));
    this.#dtypes.forEach((dtype, i) => {
      const size = itemOf(dtype);
      const target: Place = { address: to[i] as number, strides: [size] };
      this.#ctx.kernels.fill(size, [this.#kept], target, (bits[i] as ScalarConstant).bits);
    });
  }

  /** Results of the whole reduction over `count` elements, into the output blocks of `arrays`. */
  finish(
    states: NodeStates,
    count: number,
    arrays: readonly number[],
    outputs: readonly number[],
  ): void {
    const { results } = this.#stage;
    const known = this.#finishes.get(count);
    const specs = known ?? results.map((result) => finishSpec(result, count));
    if (known === undefined) this.#finishes.set(count, specs);
    results.forEach((result, i) => {
      const output = outputs[arrays.indexOf(result.array)];
      if (output === undefined)
        throw new InternalError(`result array ${result.array} has no block`);
      const { first, dtypes } = this.#merges[result.accumulator] as MergeKernel;
      const spec = specs[i] as MapSpec;
      this.#ctx.kernels.map(
        spec,
        [this.#kept],
        [0],
        dtypes.map((dtype, k) => ({
          address: states.components[first + k] as number,
          strides: [itemOf(dtype)],
        })),
        [{ address: output, strides: [itemOf(result.dtype)] }],
        spec.program.constants,
      );
    });
  }
}

function finishSpec({ name, on, dtype, correction }: ReduceResult, count: number): MapSpec {
  const { program, results } = programOf([finishTree(name, on, dtype, count, correction)]);
  return {
    program,
    operands: stateDTypes(leafMonoidOf(name), on),
    outputs: [{ value: results[0] as number, dtype }],
  };
}
