/**
 * The coordinator's decisions: `step(state, event) -> actions`. No thread, clock or I/O; the same function drives
 * the workers and the inline runner, and is model-tested with faults at any point.
 *
 * A run starts when it has a *lease*: its part of the one memory budget, between what one task after another needs
 * and what tasks side by side can use. Leases are given in order of arrival and grow when a neighbour ends.
 */
import { errorToData, InternalError, TaskError } from "../../errors.js";
import { blockBytes, outsideBytes } from "../../ir/stage.js";
import { MAX_THREADS } from "../memory/arena.js";
import { admit, freeBlock, leaveMemory } from "./admit.js";
import {
  type Action,
  charge,
  countersOf,
  createRun,
  type Event,
  type Failure,
  HEAP_FULL,
  MAX_ATTEMPTS,
  NO_REPORT,
  type RunState,
  release,
  type State,
  type Ticket,
} from "./state.js";
import { type ArrayTable, BLOCK_READY, type StageTable, TASK_DONE, TASK_IDLE } from "./tables.js";

export function step(state: State, event: Event): Action[] {
  const actions: Action[] = [];
  switch (event.kind) {
    case "submit":
      state.queue.push(createRun(event));
      break;
    case "done":
      finishTask(state, event, actions);
      break;
    case "died":
      for (const slot of event.slots) reissue(state, slot, event, actions);
      break;
    case "abort":
      abort(state, event.run, actions);
      break;
    case "refused": {
      const run = state.active.find((r) => r.id === event.run);
      if (run !== undefined) fail(run, { kind: "error", error: event.error }, actions);
      break;
    }
    case "grace":
      state.tickets.forEach((ticket, slot) => {
        if (ticket?.run.id === event.run) actions.push({ kind: "kill", slot });
      });
      break;
    case "stalled":
      startStalled(state, actions);
      break;
    case "delivered":
      delivered(state, event);
      break;
  }
  settle(state, actions);
  return actions;
}

/** Ends what is over, starts what has room, issues what can run, until nothing changes. */
function settle(state: State, actions: Action[]): void {
  for (;;) {
    startRuns(state, actions);
    admit(state, actions, (run, error) =>
      fail(run, { kind: "error", error: errorToData(error) }, actions),
    );
    const over = state.active.filter(isOver);
    if (over.length === 0) return;
    for (const run of over) end(state, run, actions);
  }
}

function startRuns(state: State, actions: Action[]): void {
  let { room, inside } = budget(state);
  for (const run of state.active) {
    room -= run.account.limit;
    inside -= run.account.limit - outsideBytes(run.plan);
  }
  // Grow the leases of those that run before anybody new gets one.
  for (const run of state.active) {
    const more = Math.max(0, Math.min(room, inside, run.plan.peakBytes - run.account.limit));
    run.account.limit += more;
    room -= more;
    inside -= more;
  }
  while (state.queue.length > 0) {
    const run = state.queue[0] as RunState;
    const outside = outsideBytes(run.plan);
    const most = Math.min(room, inside + outside);
    if (state.active.length > 0 && run.plan.serialBytes > most) return;
    state.queue.shift();
    const lease =
      state.active.length === 0 ? run.plan.peakBytes : Math.min(most, run.plan.peakBytes);
    room -= lease;
    inside -= lease - outside;
    start(state, run, lease, actions);
  }
}

/**
 * A reader on the calling thread that itself computes waits for a run that waits for the memory of the run it reads
 * for. The only way out is to start it; it gets no more than it must have.
 */
function startStalled(state: State, actions: Action[]): void {
  const run = state.queue.shift();
  if (run !== undefined) start(state, run, run.plan.serialBytes, actions);
}

function start(state: State, run: RunState, lease: number, actions: Action[]): void {
  run.account.limit = lease;
  run.phase = "running";
  state.active.push(run);
  // Whoever performs "start" sees to it that there are so many.
  state.workers = Math.max(state.workers, Math.min(run.plan.workers, MAX_THREADS));
  run.workers = workersFor(state, run);
  actions.push({ kind: "start", run: run.id });
  const outside = outsideBytes(run.plan);
  if (run.account.fits(outside)) charge(state, run, outside);
  else {
    const { peakBytes } = run.plan;
    const message = `${outside} bytes outside the arena do not fit the planned ${peakBytes} bytes`;
    fail(run, { kind: "error", error: errorToData(new InternalError(message)) }, actions);
  }
}

/** As many neighbours as the plan is for, where the fewest other runs are; the first of these. */
function workersFor(state: State, run: RunState): readonly [number, number] {
  const count = Math.max(1, Math.min(run.plan.workers, state.workers));
  const others = (worker: number): number =>
    state.active.filter((r) => r !== run && worker >= r.workers[0] && worker < r.workers[1]).length;
  const loads = Array.from({ length: state.workers }, (_, worker) => others(worker));
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let from = 0; from + count <= state.workers; from++) {
    const load = loads.slice(from, from + count).reduce((a, b) => a + b, 0);
    if (load < least) [best, least] = [from, load];
  }
  return [best, best + count];
}

/** What all runs together may hold, and inside the arena: the most that any of them was planned for. */
function budget(state: State): { room: number; inside: number } {
  let room = 0;
  let inside = 0;
  for (const { plan } of [...state.active, ...state.queue]) {
    room = Math.max(room, plan.memory, plan.peakBytes);
    inside = Math.max(inside, plan.arena, plan.peakBytes - outsideBytes(plan));
  }
  return { room, inside };
}

function finishTask(
  state: State,
  event: Extract<Event, { kind: "done" }>,
  actions: Action[],
): void {
  const ticket = takeTicket(state, event.slot);
  const { run, entry } = ticket;
  const table = run.order.tables.stages[entry.stage] as StageTable;
  run.bytesRead += event.report.bytesRead;
  run.bytesWritten += event.report.bytesWritten;
  const counters = run.stages[entry.stage];
  if (counters !== undefined) {
    if (event.outcome === "ok") counters.tasks++;
    counters.bytesRead += event.report.bytesRead;
    counters.bytesWritten += event.report.bytesWritten;
    counters.bytesMoved += event.report.bytesMoved;
    counters.chunksRead += event.report.chunksRead;
    counters.chunkBytes += event.report.chunkBytes;
    counters.chunksMissing += event.report.chunksMissing;
    counters.chunksSkipped += event.report.chunksSkipped;
    counters.uniform += event.report.uniform;
    counters.seconds += event.report.seconds;
  }
  if (event.outcome === "error" && event.error !== undefined) {
    fail(run, { kind: "error", error: event.error }, actions);
  }
  if (event.outcome !== "ok") {
    table.state[entry.task] = TASK_IDLE;
    for (const out of table.outputs) freeBlock(state, run, out, entry.task);
    if (run.phase === "running") {
      const message = `task ${entry.task} of stage ${table.stage.id} was cancelled in a run that was not`;
      fail(run, { kind: "error", error: errorToData(new InternalError(message)) }, actions);
    }
    return;
  }
  run.done++;
  table.state[entry.task] = TASK_DONE;
  for (const out of table.outputs) publish(state, run, out, entry.task, actions);
  for (let i = 0; i < entry.inputs.length; i += 2) {
    const array = run.order.tables.arrays.get(entry.inputs[i] as number) as ArrayTable;
    consume(state, run, array, entry.inputs[i + 1] as number);
  }
}

/** Frees what only the task had: its slot, scratch and foreign bytes. */
function takeTicket(state: State, slot: number): Ticket {
  const ticket = state.tickets[slot];
  if (ticket === undefined)
    throw new InternalError(`slot ${slot} is done, but nothing was issued there`);
  const { run, entry, scratch } = ticket;
  state.tickets[slot] = undefined;
  state.issued--;
  run.issued--;
  const { stage } = run.order.tables.stages[entry.stage] as StageTable;
  if (scratch !== 0) state.allocator.free(scratch);
  release(state, run, stage.scratchBytes + stage.foreignBytes);
  return ticket;
}

function publish(
  state: State,
  run: RunState,
  out: ArrayTable,
  block: number,
  actions: Action[],
): void {
  out.state[block] = BLOCK_READY;
  if (out.roots.length > 0 && out.delivered[block] === 0 && run.phase === "running") {
    run.deliveries++;
    actions.push({
      kind: "deliver",
      run: run.id,
      array: out.array.id,
      roots: out.roots,
      block,
      address: out.address[block] as number,
    });
  } else if (out.array.outside !== undefined) {
    if (out.array.outside.medium === "file") run.bytesSpilled += blockBytes(out.array, block);
    leaveMemory(state, run, out, block);
  } else if (out.remaining[block] === 0) freeBlock(state, run, out, block);
}

function consume(state: State, run: RunState, array: ArrayTable, block: number): void {
  const left = (array.remaining[block] as number) - 1;
  if (left < 0)
    throw new InternalError(`block ${block} of array ${array.array.id} is read too often`);
  array.remaining[block] = left;
  if (left === 0) freeBlock(state, run, array, block);
}

function delivered(state: State, event: Extract<Event, { kind: "delivered" }>): void {
  const run = state.active.find((r) => r.id === event.run);
  const array = run?.order.tables.arrays.get(event.array);
  if (run === undefined || array === undefined)
    throw new InternalError(`run ${event.run} delivers nothing`);
  run.deliveries--;
  array.delivered[event.block] = 1;
  consume(state, run, array, event.block);
}

/** The memory of the task is still its own, so the next worker simply does it again. */
function reissue(
  state: State,
  slot: number,
  { cause, killed, slots }: Event & { kind: "died" },
  actions: Action[],
): void {
  const alone = slots.length === 1;
  const ticket = state.tickets[slot];
  if (ticket === undefined)
    throw new InternalError(`slot ${slot} died, but nothing was issued there`);
  const { run, entry } = ticket;
  const { stage } = run.order.tables.stages[entry.stage] as StageTable;
  const report = NO_REPORT;
  const hopeless = alone && cause === HEAP_FULL && stage.kind === "call";
  if (run.phase === "failing") {
    finishTask(state, { kind: "done", slot, outcome: "cancelled", report }, actions);
  } else if (!killed && (hopeless || ticket.attempt >= MAX_ATTEMPTS)) {
    const times = ticket.attempt === 1 ? "" : ` ${ticket.attempt} times`;
    const message = `the worker died${times} in block ${entry.task} of ${stage.label}: ${cause}`;
    const error = errorToData(
      new TaskError(message, {
        functionName: stage.label,
        blockIndex: [entry.task],
        hint:
          cause === HEAP_FULL
            ? "keep less at a time, use typed arrays (they lie outside the heap), or make the blocks smaller"
            : "look for process.exit(), native crashes or too much heap use in the function",
      }),
    );
    finishTask(state, { kind: "done", slot, outcome: "error", error, report }, actions);
  } else {
    if (!killed) ticket.attempt++;
    actions.push({
      kind: "issue",
      slot,
      run: run.id,
      stage: entry.stage,
      task: entry.task,
      attempt: ticket.attempt,
      scratch: ticket.scratch,
      workers: run.workers,
    });
  }
}

function abort(state: State, id: number, actions: Action[]): void {
  const waiting = state.queue.findIndex((r) => r.id === id);
  if (waiting >= 0) {
    state.queue.splice(waiting, 1);
    actions.push({ kind: "fail", run: id, failure: { kind: "abort" } });
    return;
  }
  const run = state.active.find((r) => r.id === id);
  // An abort that comes after the end is too late to matter.
  if (run !== undefined) fail(run, { kind: "abort" }, actions);
}

/** The first failure wins; the run ends when no task of it is out any more. */
function fail(run: RunState, failure: Failure, actions: Action[]): void {
  if (run.phase === "failing") return;
  run.phase = "failing";
  run.failure = failure;
  actions.push({ kind: "cancel", run: run.id });
}

function isOver(run: RunState): boolean {
  if (run.issued > 0 || run.deliveries > 0) return false;
  return (
    run.phase === "failing" ||
    (run.phase === "running" && run.done >= run.order.total && run.window.length === 0)
  );
}

function end(state: State, run: RunState, actions: Action[]): void {
  state.active.splice(state.active.indexOf(run), 1);
  for (const array of run.order.tables.arrays.values()) {
    for (let block = 0; block < array.blocks; block++) {
      if (array.address[block] === 0) continue;
      if (run.failure === undefined)
        throw new InternalError(`block ${block} of array ${array.array.id} is left over`);
      freeBlock(state, run, array, block);
    }
  }
  const outside = outsideBytes(run.plan);
  if (run.account.used >= outside) release(state, run, outside);
  if (run.account.used !== 0)
    throw new InternalError(`run ${run.id} ends with ${run.account.used} bytes held`);
  if (run.failure === undefined)
    actions.push({ kind: "finish", run: run.id, stats: countersOf(run) });
  else actions.push({ kind: "fail", run: run.id, failure: run.failure });
}
