/**
 * What is known of every block and task of a run: typed arrays, no object per block.
 *
 * Addresses live in shared memory, because workers look up their inputs there: a header row, then one uint32 per
 * block of every array. 0 means "not there".
 */
import { InternalError } from "../../errors.js";
import { cutsCount, cutsMax } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { elementCount, ravel } from "../../ir/index-map.js";
import {
  blockBox,
  blockCount,
  type Plan,
  type PlanArray,
  type Stage,
  taskCount,
} from "../../ir/stage.js";

/** Words before the first address: a cache line of its own for the flags. */
export const TABLE_HEADER = 16;
/** Header word: not 0 when the run was cancelled. */
export const TABLE_CANCEL = 0;

/** Where each array's addresses start; the same on every thread because it follows from the plan. */
export interface TableLayout {
  readonly starts: ReadonlyMap<number, number>;
  /** Of reductions with several segments: a word per block that is not 0 once its result is known. By stage id. */
  readonly verdicts: ReadonlyMap<number, number>;
  readonly words: number;
}

export function tableLayout(plan: Plan): TableLayout {
  const starts = new Map<number, number>();
  let words = TABLE_HEADER;
  for (const array of plan.arrays) {
    starts.set(array.id, words);
    words += blockCount(array.cuts);
  }
  const verdicts = new Map<number, number>();
  for (const stage of plan.stages) {
    if (stage.kind !== "reduce" || stage.split.segments === 1) continue;
    verdicts.set(stage.id, words);
    words += taskCount(stage) / stage.split.segments;
  }
  return { starts, verdicts, words };
}

export const BLOCK_ABSENT = 0;
export const BLOCK_READY = 1;
/** Was there, and nobody needs it any more. */
export const BLOCK_GONE = 2;

export const TASK_IDLE = 0;
/** Has its place in the order. */
export const TASK_ORDERED = 1;
export const TASK_ISSUED = 2;
export const TASK_DONE = 3;

export interface ArrayTable {
  readonly array: PlanArray;
  readonly blocks: number;
  /** Roots that this array is the result of. */
  readonly roots: readonly number[];
  readonly state: Uint8Array;
  /** Readers (tasks; a delivery counts as one) that are still to come. */
  readonly remaining: Uint32Array;
  readonly delivered: Uint8Array;
  /** View of the shared table. */
  readonly address: Uint32Array;
  /** Of a root in the arena whose blocks are made where they stay: the address of each. They take no other memory. */
  readonly home: ((block: number) => number) | undefined;
  /** Number of its stage in `plan.stages`. */
  readonly producer: number;
}

export interface StageTable {
  readonly stage: Stage;
  readonly tasks: number;
  readonly state: Uint8Array;
  /** Place in the order that the task was given last. */
  readonly sequence: Uint32Array;
  readonly outputs: readonly ArrayTable[];
  /** Write stages and stages that make a root: what the run is for. */
  readonly sink: boolean;
}

export interface Tables {
  readonly arrays: ReadonlyMap<number, ArrayTable>;
  readonly stages: readonly StageTable[];
}

/** The verdicts of a stage in the shared table. */
export function verdictsOf(
  layout: TableLayout,
  table: Uint32Array,
  stage: Stage,
): { get(block: number): boolean; set(block: number): void } | undefined {
  const start = layout.verdicts.get(stage.id);
  if (start === undefined) return undefined;
  return {
    get: (block) => Atomics.load(table, start + block) !== 0,
    set: (block) => {
      Atomics.store(table, start + block, 1);
    },
  };
}

/** Where each block of an array lies in the row-major whole at `address`, if every block is in one piece there. */
export function homeOf(
  array: PlanArray,
  address: number | undefined,
): ((block: number) => number) | undefined {
  if (address === undefined || array.rawBytes !== undefined || array.outside !== undefined) return;
  const { cuts, shape } = array;
  const first = cuts.findIndex((c) => cutsMax(c) > 1);
  const inOnePiece = first < 0 || cuts.slice(first + 1).every((c) => cutsCount(c) === 1);
  if (!inOnePiece || elementCount(shape) === 0) return;
  const size = itemSize(array.dtype);
  return (block) => address + size * ravel(blockBox(cuts, block).lo, shape);
}

/**
 * Tables of a fresh run. `shared` is the shared address table, of `tableLayout(plan).words` words; `rootAddresses` says
 * where roots are put together in the arena.
 */
export function createTables(
  plan: Plan,
  shared: Uint32Array,
  rootAddresses: readonly (number | undefined)[] = [],
): Tables {
  const layout = tableLayout(plan);
  const numbers = new Map(plan.stages.map((s, i) => [s.id, i]));
  const arrays = new Map<number, ArrayTable>();
  for (const array of plan.arrays) {
    const blocks = blockCount(array.cuts);
    const start = layout.starts.get(array.id) as number;
    const producer = numbers.get(array.stage);
    if (producer === undefined) throw new InternalError(`array ${array.id} is made by no stage`);
    const roots = plan.roots.flatMap((r, i) => (r.array === array.id ? [i] : []));
    arrays.set(array.id, {
      array,
      blocks,
      roots,
      state: new Uint8Array(blocks),
      remaining: new Uint32Array(blocks),
      delivered: new Uint8Array(roots.length > 0 ? blocks : 0),
      address: shared.subarray(start, start + blocks),
      home: homeOf(
        array,
        roots.map((r) => rootAddresses[r]).find((a) => a !== undefined),
      ),
      producer,
    });
  }
  const stages = plan.stages.map((stage): StageTable => {
    const tasks = taskCount(stage);
    const outputs = stage.outputs.map((id) => arrays.get(id) as ArrayTable);
    for (const out of outputs) {
      if (out.blocks !== tasks) {
        throw new InternalError(`stage ${stage.id} has ${tasks} tasks for ${out.blocks} blocks`);
      }
    }
    return {
      stage,
      tasks,
      state: new Uint8Array(tasks),
      sequence: new Uint32Array(tasks),
      outputs,
      sink: stage.kind === "write" || outputs.some((o) => o.roots.length > 0),
    };
  });
  return { arrays, stages };
}
