/**
 * The coordinator's thread: feeds `step` with what happens and does what it says.
 *
 * It has an event loop of its own, so a busy calling thread neither stalls a computation nor is stalled by it. It is
 * woken by the DONE bell, by messages of the calling thread, and by timers.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type ErrorData, errorToData, InternalError } from "../../errors.js";
import type { PlanArray } from "../../ir/stage.js";
import { AddressAllocator } from "../memory/allocator.js";
import { FIRST_BLOCK } from "../memory/arena.js";
import { BlockBorder } from "../memory/regions.js";
import { collectNow } from "../memory/trim.js";
import { outputTaken } from "../output.js";
import {
  CANCELLED,
  CLAIMED,
  ControlBlock,
  DEAD,
  DONE,
  FAILED,
  FREE,
  type FromCoordinator,
  kindOf,
  OK,
  progressData,
  READY,
  type RunData,
  type ToCoordinator,
  type ToWorker,
  WORK,
  waitForBell,
  workerOf,
} from "../protocol.js";
import { copyBlock, createResults, isLargeResult, sharedResult } from "../results.js";
import { createSegments } from "../spill/beyond.js";
import { RunTrace } from "../trace/index.js";
import { type WorkerName, WorkerPool } from "./pool.js";
import { beginning, type Run } from "./run.js";
import { type Action, countersOf, createState, type Event, SLOTS, type State } from "./state.js";
import { step } from "./step.js";
import { TABLE_CANCEL, tableLayout } from "./tables.js";

/** How long cancelled tasks may take to stop before their threads are ended. */
const GRACE_MS = 200;
/** Progress is told at most this often. */
const PROGRESS_MS = 50;
/** No ticket finished for so long while a run waits: nothing moves. */
const STALL_MS = 500;
/** The event loop gets its turn at least this often. */
const YIELD_MS = 4;

/** Slots of a dead worker that wait until the calling thread has stopped working for it. */
interface Burial {
  readonly worker: number;
  readonly generation: number;
  readonly slots: readonly number[];
  readonly cause: string;
  readonly killed: boolean;
}

class Coordinator {
  readonly #port: MessagePort;
  readonly #memory: WebAssembly.Memory;
  readonly #control: ControlBlock;
  readonly #state: State;
  readonly #pool: WorkerPool;
  readonly #runs = new Map<number, Run>();
  readonly #errors = new Map<number, ErrorData>();
  #burials: Burial[] = [];
  /** Deaths since a ticket was last finished: a thread that cannot even start must not be started for ever. */
  #deaths = 0;
  #stopped = false;
  /** Tickets finished so far. */
  #moves = 0;
  #watching = false;
  #ticking: NodeJS.Timeout | undefined;
  /** Runs that are recorded. */
  #traced = 0;

  constructor(
    port: MessagePort,
    memory: WebAssembly.Memory,
    control: ControlBlock,
    border: BlockBorder,
  ) {
    this.#port = port;
    this.#memory = memory;
    this.#control = control;
    const allocator = new AddressAllocator(FIRST_BLOCK, memory.buffer.byteLength, border);
    this.#state = createState(allocator, 0);
    this.#pool = new WorkerPool(control, memory, {
      line: (worker, generation, line) => this.#tellLine(worker, generation, line),
      died: (worker, generation, cause, killed) => this.#died(worker, generation, cause, killed),
      greet: (worker, send) => this.#greet(worker, send),
    });
    port.on("message", (message: ToCoordinator) => this.#take(message));
  }

  /** Collects finished tickets whenever the bell rings. */
  async listen(): Promise<void> {
    let yielded = performance.now();
    while (!this.#stopped) {
      const bell = this.#control.bell(DONE);
      this.#collect();
      const ring = waitForBell(this.#control, DONE, bell);
      if (ring !== undefined) await ring;
      if (performance.now() - yielded > YIELD_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        yielded = performance.now();
      }
    }
  }

  #tell(message: FromCoordinator, transfer: readonly (ArrayBuffer | MessagePort)[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }

  #take(message: ToCoordinator): void {
    switch (message.kind) {
      case "submit":
        this.#submit(message);
        break;
      case "abort":
        this.#send({ kind: "abort", run: message.run });
        break;
      case "quiet":
        this.#bury((b) => b.worker === message.worker && b.generation === message.generation);
        break;
      case "stop":
        void this.#stop();
        break;
    }
  }

  #submit(message: Extract<ToCoordinator, { kind: "submit" }>): void {
    const { data, shared, progress, nested, trace } = message;
    const { plan, indices, run, rootAddresses } = data;
    const table = new SharedArrayBuffer(tableLayout(plan).words * 4);
    const arrays = new Map(plan.arrays.map((a) => [a.id, a]));
    this.#runs.set(run, {
      data,
      shared,
      progress,
      nested,
      trace: trace === undefined ? undefined : new RunTrace(trace, plan, "coordinator"),
      arrays,
      table,
      results: [],
      together: [],
      segments: [],
      started: false,
      grace: undefined,
    });
    if (trace !== undefined) this.#traced++;
    const addresses = new Uint32Array(table);
    this.#send({ kind: "submit", run, plan, indices, table: addresses, rootAddresses });
    if (this.#state.queue.length > 0) this.#watch();
    if (progress) this.#tellProgress();
  }

  /** Looks from time to time whether anything moves while runs wait for their turn. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    let moves = this.#moves;
    const timer = setInterval(() => {
      const [first] = this.#state.queue;
      if (first === undefined || this.#stopped) {
        clearInterval(timer);
        this.#watching = false;
      } else if (moves === this.#moves && this.#runs.get(first.id)?.nested === true) {
        this.#send({ kind: "stalled" });
      }
      moves = this.#moves;
    }, STALL_MS);
  }

  /** Takes an event through `step`; deliveries made on the way are events again. */
  #send(event: Event): void {
    try {
      const events: Event[] = [event];
      for (let next = events.shift(); next !== undefined; next = events.shift()) {
        let issued = false;
        const actions = step(this.#state, next);
        // Before anybody is told that a run is over.
        this.#control.setBalance(this.#state.used, this.#state.peak);
        if (this.#traced > 0) this.#sample();
        for (const action of actions) {
          if (action.kind === "issue") issued = true;
          this.#perform(action, events);
        }
        if (issued) this.#control.ring(WORK);
      }
    } catch (error) {
      this.#collapse(error);
    }
  }

  #perform(action: Action, events: Event[]): void {
    switch (action.kind) {
      case "start":
        this.#start(action.run, events);
        break;
      case "issue":
        this.#control.issue(action.slot, action);
        break;
      case "deliver": {
        const run = this.#run(action.run);
        const array = run.arrays.get(action.array) as PlanArray;
        for (const root of action.roots) {
          // The worker that made the block has put it there.
          if (run.data.rootAddresses[root] !== undefined || run.together[root]) continue;
          const result = run.results[root];
          if (result === undefined) throw new InternalError(`root ${root} has no result`);
          const from = run.trace?.recorder.now();
          copyBlock(this.#memory.buffer, action.address, array, action.block, result);
          if (from !== undefined) run.trace?.delivered(from, array, action.block);
        }
        events.push({
          kind: "delivered",
          run: action.run,
          array: action.array,
          block: action.block,
        });
        break;
      }
      case "move": {
        const bytes = new Uint8Array(this.#memory.buffer);
        for (const move of action.moves)
          bytes.copyWithin(move.to, move.from, move.from + move.bytes);
        break;
      }
      case "cancel":
        this.#cancel(action.run, events);
        break;
      case "kill": {
        const state = this.#control.state(action.slot);
        if (kindOf(state) === CLAIMED) this.#pool.kill(workerOf(state));
        break;
      }
      case "finish": {
        const { data, results, progress, trace } = this.#drop(action.run);
        if (progress) {
          const last = progressData(action.stats, 0, 0, 0, data.plan.peakBytes);
          this.#tell({ kind: "progress", run: action.run, progress: last });
        }
        // The same buffer cannot be in the list twice, but may be a root twice: every root has its own.
        const transfer = results.filter((r): r is ArrayBuffer => r instanceof ArrayBuffer);
        const { run, stats } = action;
        const finish = {
          kind: "finish",
          run,
          roots: results,
          stats,
          trace: trace?.data(),
        } as const;
        this.#tellOver(data, finish, transfer);
        break;
      }
      case "fail": {
        const { data } = this.#drop(action.run);
        const error = action.failure.kind === "error" ? action.failure.error : undefined;
        this.#tellOver(data, { kind: "fail", run: action.run, error }, []);
        break;
      }
    }
  }

  #tellOver(data: RunData, message: FromCoordinator, transfer: readonly ArrayBuffer[]): void {
    if (!data.plan.stages.some((s) => s.kind === "call")) this.#tell(message, transfer);
    else void outputTaken().then(() => this.#tell(message, transfer));
  }

  #run(id: number): Run {
    const run = this.#runs.get(id);
    if (run === undefined) throw new InternalError(`there is no run ${id}`);
    return run;
  }

  #drop(id: number): Run {
    const run = this.#run(id);
    this.#runs.delete(id);
    clearTimeout(run.grace);
    if (run.trace !== undefined) this.#traced--;
    if (run.started) this.#pool.sendAll(() => ({ kind: "end", run: id }));
    if (run.segments.length > 0 || run.together.some(isLargeResult)) {
      // Threads that sleep have to collect theirs too, and this one when nothing on the stack knows them any more.
      this.#control.ring(WORK);
      setImmediate(collectNow);
    }
    return run;
  }

  #start(id: number, events: Event[]): void {
    const run = this.#run(id);
    const { plan, rootAddresses, rootBuffers } = run.data;
    try {
      const elsewhere = plan.roots.map((_, i) => rootAddresses[i] ?? rootBuffers[i]);
      run.results = createResults(plan, run.shared, elsewhere);
      run.together = plan.roots.map((_, i) => rootBuffers[i] ?? sharedResult(run.results[i]));
      run.segments = createSegments(plan.beyondBytes);
    } catch (error) {
      events.push({ kind: "refused", run: id, error: errorToData(error) });
      return;
    }
    this.#pool.grow(run.data.plan.workers);
    run.started = true;
    this.#pool.sendAll((worker) => beginning(run, worker));
  }

  #greet(worker: WorkerName, send: (message: ToWorker) => void): void {
    for (const run of this.#runs.values()) if (run.started) send(beginning(run, worker));
  }

  /** Enters the memory of the runs that are recorded. */
  #sample(): void {
    for (const { id, account, bytesSpilled } of this.#state.active) {
      this.#runs.get(id)?.trace?.sample(account.used, bytesSpilled);
    }
  }

  #tellLine(worker: number, generation: number, port: MessagePort): void {
    this.#tell({ kind: "line", worker, generation, port }, [port]);
  }

  /** Raises the flag, wakes whoever waits with it, and takes back what nobody has claimed. */
  #cancel(id: number, events: Event[]): void {
    const run = this.#run(id);
    Atomics.store(new Int32Array(run.table), TABLE_CANCEL, 1);
    this.#control.ring(WORK);
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#control.state(slot) !== READY || this.#control.fields(slot).run !== id) continue;
      if (!this.#control.swapState(slot, READY, FREE)) continue;
      events.push({
        kind: "done",
        slot,
        outcome: "cancelled",
        report: this.#control.reported(slot),
      });
    }
    run.grace = setTimeout(() => {
      this.#tell({ kind: "overdue", run: id });
      this.#send({ kind: "grace", run: id });
    }, GRACE_MS);
  }

  #collect(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = this.#control.state(slot);
      const kind = kindOf(state);
      if (kind !== OK && kind !== FAILED && kind !== CANCELLED) continue;
      this.#deaths = 0;
      this.#moves++;
      const report = this.#control.reported(slot);
      const error = kind === FAILED ? this.#errorOf(slot, workerOf(state)) : undefined;
      this.#control.setState(slot, FREE);
      const outcome = kind === OK ? "ok" : kind === FAILED ? "error" : "cancelled";
      this.#send({ kind: "done", slot, outcome, error, report });
    }
  }

  #errorOf(slot: number, worker: number): ErrorData {
    for (const { slot: at, error } of this.#pool.errors(worker)) this.#errors.set(at, error);
    const error = this.#errors.get(slot);
    this.#errors.delete(slot);
    return error ?? errorToData(new InternalError("a task failed without saying why"));
  }

  /** What a dead worker had claimed is given out again, once nobody writes for it any more. */
  #died(worker: number, generation: number, cause: string, killed: boolean): void {
    this.#collect();
    const slots: number[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = this.#control.state(slot);
      if (kindOf(state) !== CLAIMED || workerOf(state) !== worker) continue;
      this.#control.setState(slot, DEAD);
      slots.push(slot);
    }
    if (!killed && ++this.#deaths > 10 + 3 * this.#pool.size) {
      this.#collapse(new InternalError(`workers die as soon as they start: ${cause}`));
      return;
    }
    const burial = { worker, generation, slots, cause, killed };
    this.#burials.push(burial);
    this.#tell({ kind: "quieten", worker, generation });
    // Runs whose data every thread can read never involve the calling thread: no need to wait for it.
    const asks = slots.some((slot) => {
      const run = this.#runs.get(this.#control.fields(slot).run);
      return (
        run !== undefined &&
        (run.data.sources.some((s) => !s.description && s.address === undefined) ||
          run.data.sinks.some((s) => !s.description))
      );
    });
    if (!asks) this.#bury((b) => b === burial);
  }

  #bury(which: (burial: Burial) => boolean): void {
    const over = this.#burials.filter(which);
    this.#burials = this.#burials.filter((b) => !over.includes(b));
    for (const { slots, cause, killed } of over) {
      for (const slot of slots) this.#control.setState(slot, FREE);
      if (slots.length > 0) this.#send({ kind: "died", slots, cause, killed });
    }
  }

  /** Tells progress now and then, while anybody listens. */
  #tellProgress(): void {
    this.#tick();
    if (this.#ticking !== undefined) return;
    this.#ticking = setInterval(() => {
      const listened = [...this.#runs.values()].some((r) => r.progress);
      if (listened && !this.#stopped) this.#tick();
      else {
        clearInterval(this.#ticking);
        this.#ticking = undefined;
      }
    }, PROGRESS_MS);
  }

  #tick(): void {
    for (const active of this.#state.active) {
      if (this.#runs.get(active.id)?.progress !== true) continue;
      let underWay = 0;
      this.#state.tickets.forEach((ticket, slot) => {
        if (ticket?.run === active) underWay += this.#control.progressOf(slot);
      });
      const { used, limit } = active.account;
      this.#tell({
        kind: "progress",
        run: active.id,
        progress: progressData(countersOf(active), underWay, active.blocks, used, limit),
      });
    }
  }

  /** The engine itself is broken: everybody is told, and the calling thread starts a new one. */
  #collapse(error: unknown): void {
    const data = errorToData(error);
    for (const run of this.#runs.keys()) this.#tell({ kind: "fail", run, error: data });
    this.#runs.clear();
    this.#traced = 0;
    void this.#stop();
  }

  async #stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#control.stop();
    await this.#pool.destroy();
    this.#tell({ kind: "stopped" });
    this.#port.close();
  }
}

export interface CoordinatorInit {
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly border: SharedArrayBuffer;
}

if (parentPort !== null) {
  const { memory, control, border } = workerData as CoordinatorInit;
  const coordinator = new Coordinator(
    parentPort,
    memory,
    new ControlBlock(control),
    new BlockBorder(border),
  );
  void coordinator.listen();
}
