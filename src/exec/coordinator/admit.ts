/**
 * Admission: a ticket is issued when all memory of its task has been placed and charged, and not before.
 *
 * Walking the ordered tasks from the oldest on, a task may go ahead of others only if the account holds its need
 * *and the full need of every older task that still waits*, as if nothing were freed in between. So whatever runs
 * ahead, the older tasks have room, and once they are done the account is where one task after another would have
 * brought it. A plan whose `serialBytes` is right therefore never gets stuck.
 *
 * Two things can still be in the way. Room may be there but in pieces: then issuing rests until nothing runs, and the
 * blocks are pushed together. Or the plan's figure was too small: then blocks that were made ahead of the next task
 * are dropped, those whose turn comes last first, and made again later.
 */
import { InternalError, MemoryLimitError } from "../../errors.js";
import { blockBytes, outsideBytes } from "../../ir/stage.js";
import { CLASS_WASTE } from "../memory/allocator.js";
import { dropClosure, type Order, type Ordered, undo } from "./order.js";
import { type Action, charge, type RunState, release, type State } from "./state.js";
import {
  type ArrayTable,
  BLOCK_GONE,
  BLOCK_READY,
  type StageTable,
  TASK_ISSUED,
} from "./tables.js";

/** Ordered tasks that may wait at once; more would be looked through again and again. */
const WINDOW = 512;
/** Tasks out per worker: one that runs and one that waits, so that a worker never waits for the coordinator ... */
const DEPTH = 2;
/** ... and more of small tasks, which are over before the coordinator can follow. */
const SMALL_DEPTH = 8;
const SMALL_BYTES = 1024 * 1024;
/** Address space beyond the leases that costs no thought: staggering and lines of small blocks. */
const SLACK = 1024 * 1024;

type Report = (run: RunState, error: Error) => void;

/** Issues all that can be issued, oldest run first. */
export function admit(state: State, actions: Action[], report: Report): void {
  if (state.draining) {
    if (state.issued > 0 || state.active.some((r) => r.deliveries > 0)) return;
    state.draining = false;
    compact(state, actions);
  }
  for (const run of state.active) {
    if (run.phase !== "running") continue;
    try {
      admitRun(state, run, actions);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      report(run, error);
    }
    if (state.draining) {
      admitDrained(state, actions, report);
      return;
    }
  }
}

/** Draining may be over at once if nothing runs. */
function admitDrained(state: State, actions: Action[], report: Report): void {
  if (state.issued === 0 && !state.active.some((r) => r.deliveries > 0))
    admit(state, actions, report);
}

function admitRun(state: State, run: RunState, actions: Action[]): void {
  let reserved = 0;
  for (let i = 0; ; ) {
    const entry = run.window[i] ?? pull(run);
    if (entry === undefined) return;
    if (run.issued >= mostIssued(state, run, entry) || state.issued >= state.tickets.length) return;
    const head = i === 0;
    const affordable = run.account.fits(reserved + entry.need);
    if (affordable && run.order.runnable(entry)) {
      if (issue(state, run, entry, false, actions)) {
        run.window.splice(i, 1);
        continue;
      }
      if (head) unplaceable(state, run, entry, actions);
      return;
    }
    if (!affordable) {
      if (head && run.issued === 0 && run.deliveries === 0) dropAhead(state, run, entry, actions);
      return;
    }
    reserved += entry.need;
    i++;
  }
}

function pull(run: RunState): Ordered | undefined {
  if (run.window.length >= WINDOW) return undefined;
  const entry = run.order.next();
  if (entry !== undefined) run.window.push(entry);
  return entry;
}

/** Runs share evenly what they have of the workers. */
function mostIssued(state: State, run: RunState, entry: Ordered): number {
  const depth = entry.need < SMALL_BYTES ? SMALL_DEPTH : DEPTH;
  const [from, to] = run.workers;
  const running = state.active.filter(
    (r) => r.phase === "running" && r.workers[0] < to && r.workers[1] > from,
  ).length;
  return Math.ceil(((to - from) * depth) / Math.max(1, running));
}

/** Places and charges everything of a task and issues its ticket; false (and nothing changed) if it has no place. */
function issue(
  state: State,
  run: RunState,
  entry: Ordered,
  compacted: boolean,
  actions: Action[],
): boolean {
  const table = run.order.tables.stages[entry.stage] as StageTable;
  const { allocator } = state;
  // Pages beyond what the runs' leases would fill stay untouched, so that RSS stays near the budget: better to wait for
  // a hole, and at last to push the blocks together.
  const leases = state.active.reduce((n, r) => n + r.account.limit - outsideBytes(r.plan), 0);
  const soft = allocator.base + leases * (1 + CLASS_WASTE) + SLACK;
  const ceiling = compacted
    ? allocator.end
    : Math.min(allocator.end, Math.max(allocator.top, soft));
  const placed: number[] = [];
  const place = (bytes: number): number => {
    const address = allocator.allocate(bytes, ceiling);
    if (address >= 0) placed.push(address);
    return address;
  };
  const addresses = table.outputs.map(
    ({ home }, i) => home?.(entry.task) ?? place(entry.outputs[i] as number),
  );
  const { scratchBytes } = table.stage;
  const scratch = scratchBytes > 0 ? place(scratchBytes) : 0;
  if (scratch < 0 || addresses.some((a) => a < 0)) {
    for (const taken of placed) allocator.free(taken);
    return false;
  }
  charge(state, run, entry.need);
  table.outputs.forEach((out, i) => {
    out.address[entry.task] = addresses[i] as number;
  });
  run.blocks += table.outputs.length;
  table.state[entry.task] = TASK_ISSUED;
  const slot = state.tickets.indexOf(undefined);
  state.tickets[slot] = { run, entry, scratch, attempt: 1 };
  state.issued++;
  run.issued++;
  actions.push({
    kind: "issue",
    slot,
    run: run.id,
    stage: entry.stage,
    task: entry.task,
    attempt: 1,
    scratch,
    workers: run.workers,
  });
  return true;
}

/** The account has room for the next task, but the arena has not in one piece. */
function unplaceable(state: State, run: RunState, entry: Ordered, actions: Action[]): void {
  // Something of this run is still out: its end frees memory, and the task is tried again.
  if (run.issued > 0 || run.deliveries > 0) return;
  if (state.issued > 0 || state.active.some((r) => r.deliveries > 0)) {
    state.draining = true;
    return;
  }
  compact(state, actions);
  if (issue(state, run, entry, true, actions)) run.window.shift();
  else dropAhead(state, run, entry, actions);
}

function compact(state: State, actions: Action[]): void {
  const moves = state.allocator.compact();
  if (moves.length === 0) return;
  const moved = new Map(moves.map((m) => [m.from, m.to]));
  for (const run of state.active) {
    for (const array of run.order.tables.arrays.values()) {
      for (let block = 0; block < array.blocks; block++) {
        const to = moved.get(array.address[block] as number);
        if (to !== undefined) array.address[block] = to;
      }
    }
  }
  actions.push({ kind: "move", moves });
}

/** Frees a block if it is there; it stays gone. One that is at home stays where it is, and took nothing. */
export function freeBlock(state: State, run: RunState, array: ArrayTable, block: number): void {
  if (array.address[block] === 0) return;
  if (array.home === undefined) leaveMemory(state, run, array, block);
  else {
    array.address[block] = 0;
    run.blocks--;
  }
  array.state[block] = BLOCK_GONE;
}

/** Frees the memory of a block, which has left the arena. */
export function leaveMemory(state: State, run: RunState, array: ArrayTable, block: number): void {
  state.allocator.free(array.address[block] as number);
  array.address[block] = 0;
  run.blocks--;
  release(state, run, blockBytes(array.array, block));
}

/**
 * Makes room for the next task of a run of which nothing is out: drops blocks that neither it nor the tasks it is
 * made for wait with, those made latest in the order first.
 */
function dropAhead(state: State, run: RunState, entry: Ordered, actions: Action[]): void {
  const { order } = run;
  order.restart(run.window);
  run.window.length = 0;
  const first = order.next() ?? entry;
  const pins = pinnedBlocks(order, first);
  const isPinned = (array: ArrayTable, block: number): boolean =>
    pins.get(array)?.has(block) === true ||
    (array.roots.length > 0 && array.delivered[block] === 0);
  run.window.push(first);
  for (const [stage, task] of candidates(order)) {
    if (run.account.fits(first.need)) break;
    if (
      !(order.tables.stages[stage] as StageTable).outputs.some((o) => o.state[task] === BLOCK_READY)
    )
      continue;
    const closure = dropClosure(order, stage, task, isPinned);
    if (closure === undefined) continue;
    for (const [s, t] of closure) {
      for (const out of (order.tables.stages[s] as StageTable).outputs)
        freeBlock(state, run, out, t);
    }
    undo(order, closure);
    run.done -= closure.length;
    run.repeated += closure.length;
  }
  // A plan that drops more than it has tasks is going round in circles.
  if (!run.account.fits(first.need) || run.repeated > 4 * order.total + 1000)
    throw stuck(run, first);
  if (issue(state, run, first, false, actions)) run.window.shift();
  else if (state.issued > 0) state.draining = true;
  else {
    compact(state, actions);
    if (!issue(state, run, first, true, actions)) throw stuck(run, first);
    run.window.shift();
  }
}

function stuck(run: RunState, entry: Ordered): MemoryLimitError {
  const { stage } = run.order.tables.stages[entry.stage] as StageTable;
  const left = run.account.limit - run.account.used;
  return new MemoryLimitError(
    `task ${entry.task} of stage ${stage.id} (${stage.label}) needs ${entry.need} bytes, but only ${left} of ` +
      `${run.account.limit} are left`,
    { hint: "give the computation more `memory`" },
  );
}

function pinnedBlocks(order: Order, first: Ordered): Map<ArrayTable, Set<number>> {
  const pins = new Map<ArrayTable, Set<number>>();
  const pin = (array: ArrayTable, block: number): void => {
    const blocks = pins.get(array) ?? new Set<number>();
    pins.set(array, blocks);
    blocks.add(block);
  };
  order.pinned(pin);
  for (let i = 0; i < first.inputs.length; i += 2) {
    const array = order.tables.arrays.get(first.inputs[i] as number);
    if (array === undefined) throw new InternalError(`the plan has no array ${first.inputs[i]}`);
    pin(array, first.inputs[i + 1] as number);
  }
  return pins;
}

/** Tasks with ready blocks, latest in the order first. */
function candidates(order: Order): readonly (readonly [number, number])[] {
  const found: [number, number, number][] = [];
  order.tables.stages.forEach((table, s) => {
    for (let t = 0; t < table.tasks; t++) {
      // Those outside the arena and those at home take none of it.
      if (
        table.outputs.some(
          (o) => o.state[t] === BLOCK_READY && o.address[t] !== 0 && o.home === undefined,
        )
      )
        found.push([s, t, table.sequence[t] as number]);
    }
  });
  return found.sort((a, b) => b[2] - a[2]).map(([s, t]) => [s, t]);
}
