/**
 * The order of tasks: demand-driven, depth first, made lazily.
 *
 * Sinks (write stages, stages of root arrays) come in plan order, or with other stages in the order that the plan names
 * (`plan.runs`), their tasks ascending; before a task come the producers of those blocks that it reads and that are
 * neither there nor ordered. So the blocks that are live at once are those of one path through the plan, and blocks that
 * nobody needs are never made. The stack is explicit
 * and as deep as the plan has stages.
 */
import { InternalError } from "../../errors.js";
import type { IndexList } from "../../ir/node.js";
import { blockBytes, type Plan } from "../../ir/stage.js";
import { StageInputs } from "./inputs.js";
import {
  type ArrayTable,
  BLOCK_ABSENT,
  BLOCK_GONE,
  BLOCK_READY,
  createTables,
  type StageTable,
  TASK_DONE,
  TASK_IDLE,
  TASK_ORDERED,
  type Tables,
} from "./tables.js";

/** A task that has its place in the order. */
export interface Ordered {
  /** Number in `plan.stages`. */
  readonly stage: number;
  readonly task: number;
  /** `array id, block` pairs. */
  readonly inputs: readonly number[];
  /** Inputs before this place are known to be there. */
  cursor: number;
  /** Bytes that each output block takes. */
  readonly outputs: readonly number[];
  /** Everything that the task is charged with. */
  readonly need: number;
}

interface Frame {
  readonly stage: number;
  readonly task: number;
  readonly inputs: number[];
  cursor: number;
}

export class Order {
  readonly tables: Tables;
  /** Number of tasks that somebody needs. */
  readonly total: number;
  readonly #inputs: readonly StageInputs[];
  readonly #stack: Frame[] = [];
  /** Numbers in `plan.stages` of the stages that are run from end to end, in this order. */
  readonly #runs: readonly number[];
  #run = 0;
  #runTask = 0;
  #sequence = 0;

  constructor(
    plan: Plan,
    indices: readonly IndexList[],
    shared: Uint32Array,
    rootAddresses?: readonly (number | undefined)[],
  ) {
    this.tables = createTables(plan, shared, rootAddresses);
    this.#inputs = plan.stages.map((s) => new StageInputs(s, plan, indices));
    this.#runs = runsOf(plan, this.tables);
    this.total = this.#countConsumers();
  }

  /** The next task, marked as ordered; undefined when every task that is needed has its place. */
  next(): Ordered | undefined {
    for (;;) {
      const top = this.#stack.at(-1) ?? this.#nextOfRuns();
      if (top === undefined) return undefined;
      const producer = this.#missing(top);
      if (producer !== undefined) {
        this.#stack.push(producer);
        continue;
      }
      this.#stack.pop();
      const table = this.tables.stages[top.stage] as StageTable;
      table.state[top.task] = TASK_ORDERED;
      table.sequence[top.task] = this.#sequence++;
      return this.#ordered(top);
    }
  }

  /** Forgets the places of `window` (ordered, not issued) and starts again at the first run's tasks that are not done. */
  restart(window: readonly Ordered[]): void {
    for (const { stage, task } of window)
      (this.tables.stages[stage] as StageTable).state[task] = TASK_IDLE;
    this.#stack.length = 0;
    this.#run = 0;
    this.#runTask = 0;
  }

  /** Marks the blocks that the open frames (the tasks that the last ordered one is made for) wait with. */
  pinned(visit: (array: ArrayTable, block: number) => void): void {
    for (const frame of this.#stack) this.#eachInput(frame.inputs, visit);
  }

  inputsOf(stage: number, task: number): number[] {
    const inputs: number[] = [];
    (this.#inputs[stage] as StageInputs).list(task, inputs);
    return inputs;
  }

  /** True when all inputs are there; remembers how far it came. */
  runnable(entry: Ordered): boolean {
    for (; entry.cursor < entry.inputs.length; entry.cursor += 2) {
      const array = this.#array(entry.inputs[entry.cursor] as number);
      if (array.state[entry.inputs[entry.cursor + 1] as number] !== BLOCK_READY) return false;
    }
    return true;
  }

  #array(id: number): ArrayTable {
    const table = this.tables.arrays.get(id);
    if (table === undefined) throw new InternalError(`the plan has no array ${id}`);
    return table;
  }

  #eachInput(inputs: readonly number[], visit: (array: ArrayTable, block: number) => void): void {
    for (let i = 0; i < inputs.length; i += 2)
      visit(this.#array(inputs[i] as number), inputs[i + 1] as number);
  }

  #frame(stage: number, task: number): Frame {
    return { stage, task, inputs: this.inputsOf(stage, task), cursor: 0 };
  }

  #nextOfRuns(): Frame | undefined {
    for (; this.#run < this.#runs.length; this.#run++, this.#runTask = 0) {
      const stage = this.#runs[this.#run] as number;
      const table = this.tables.stages[stage] as StageTable;
      for (; this.#runTask < table.tasks; this.#runTask++) {
        if (table.state[this.#runTask] !== TASK_IDLE || !isNeeded(table, this.#runTask)) continue;
        const frame = this.#frame(stage, this.#runTask);
        this.#stack.push(frame);
        return frame;
      }
    }
    return undefined;
  }

  /** The producer of the first input of `frame` that is neither there nor ordered. */
  #missing(frame: Frame): Frame | undefined {
    for (; frame.cursor < frame.inputs.length; frame.cursor += 2) {
      const array = this.#array(frame.inputs[frame.cursor] as number);
      const block = frame.inputs[frame.cursor + 1] as number;
      if (array.state[block] === BLOCK_READY) continue;
      const producer = this.tables.stages[array.producer] as StageTable;
      if (producer.state[block] === TASK_IDLE) return this.#frame(array.producer, block);
      if (producer.state[block] === TASK_DONE) {
        throw new InternalError(
          `block ${block} of array ${array.array.id} is read after it was freed`,
        );
      }
    }
    return undefined;
  }

  #ordered({ stage, task, inputs }: Frame): Ordered {
    const table = this.tables.stages[stage] as StageTable;
    const outputs = table.outputs.map((o) =>
      o.home === undefined ? blockBytes(o.array, task) : 0,
    );
    const { scratchBytes, foreignBytes } = table.stage;
    const need = outputs.reduce((n, b) => n + b, scratchBytes + foreignBytes);
    return { stage, task, inputs, cursor: 0, outputs, need };
  }

  /** Fills `remaining` from the sinks upwards; only tasks that somebody needs count as readers. */
  #countConsumers(): number {
    const counts = (id: number): Uint32Array => this.#array(id).remaining;
    let total = 0;
    for (const array of this.tables.arrays.values())
      if (array.roots.length > 0) array.remaining.fill(1);
    for (let s = this.tables.stages.length - 1; s >= 0; s--) {
      const table = this.tables.stages[s] as StageTable;
      const inputs = this.#inputs[s] as StageInputs;
      const demanded = new Uint8Array(table.tasks);
      if (table.stage.kind === "write") {
        demanded.fill(1);
        for (const [first, count] of table.stage.finished ?? []) {
          demanded.fill(0, first, first + count);
          table.state.fill(TASK_DONE, first, first + count);
        }
      }
      for (const { remaining } of table.outputs) {
        for (let t = 0; t < table.tasks; t++) if ((remaining[t] as number) > 0) demanded[t] = 1;
      }
      const n = demanded.reduce((sum, d) => sum + d, 0);
      total += n;
      if (n === table.tasks) inputs.countAll(counts);
      else if (n > 0) inputs.countSome(demanded, counts);
    }
    return total;
  }
}

function runsOf(plan: Plan, { stages }: Tables): readonly number[] {
  if (plan.runs === undefined) return stages.flatMap(({ sink }, i) => (sink ? [i] : []));
  const numbers = new Map(plan.stages.map((s, i) => [s.id, i]));
  return plan.runs.map((id) => numbers.get(id) as number);
}

/** Whether a task is run for its own sake, or somebody is still to read what it makes. */
const isNeeded = ({ sink, outputs }: StageTable, task: number): boolean =>
  sink || outputs.some((o) => (o.remaining[task] as number) > 0);

/**
 * The tasks that must be done again if the output blocks of `(stage, task)` were dropped: the task itself, and the
 * producers of those of its inputs that are gone. Undefined if that would take a block away that `isPinned` holds.
 */
export function dropClosure(
  order: Order,
  stage: number,
  task: number,
  isPinned: (array: ArrayTable, block: number) => boolean,
): readonly (readonly [number, number])[] | undefined {
  const closure: (readonly [number, number])[] = [[stage, task]];
  const seen = new Set<string>([`${stage}:${task}`]);
  for (let i = 0; i < closure.length; i++) {
    const [s, t] = closure[i] as readonly [number, number];
    const table = order.tables.stages[s] as StageTable;
    if (table.outputs.some((o) => o.state[t] === BLOCK_READY && isPinned(o, t))) return undefined;
    const inputs = order.inputsOf(s, t);
    for (let j = 0; j < inputs.length; j += 2) {
      const array = order.tables.arrays.get(inputs[j] as number) as ArrayTable;
      const block = inputs[j + 1] as number;
      const key = `${array.producer}:${block}`;
      if (array.state[block] !== BLOCK_GONE || seen.has(key)) continue;
      seen.add(key);
      closure.push([array.producer, block]);
    }
  }
  return closure;
}

/** Makes the tasks of a closure undone; the caller frees their ready blocks first. */
export function undo(order: Order, closure: readonly (readonly [number, number])[]): void {
  for (const [s, t] of closure) {
    const table = order.tables.stages[s] as StageTable;
    table.state[t] = TASK_IDLE;
    for (const out of table.outputs) out.state[t] = BLOCK_ABSENT;
    const inputs = order.inputsOf(s, t);
    for (let j = 0; j < inputs.length; j += 2) {
      const array = order.tables.arrays.get(inputs[j] as number) as ArrayTable;
      const block = inputs[j + 1] as number;
      array.remaining[block] = (array.remaining[block] as number) + 1;
    }
  }
}
