/**
 * The worker: one endless task that claims tickets and runs them.
 *
 * It blocks in `Atomics.wait` only when nothing runs and nothing is to be had: a blocked thread never finishes an
 * `import()` and delivers no output. While a task waits for data the worker takes further tickets, so reads overlap
 * with computing; a user function has the thread for itself, because it works on copies in buffers that are reused.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { errorToData } from "../errors.js";
import type { Stage } from "../ir/stage.js";
import { SPAN } from "../ir/trace.js";
import { Kernels } from "../kernels/index.js";
import { CallerLine } from "./caller.js";
import { THREAD_SCRATCH, threadScratch } from "./memory/arena.js";
import { collectNow } from "./memory/trim.js";
import { outputPending, outputTaken } from "./output.js";
import {
  CANCELLED,
  type ClaimedTicket,
  ControlBlock,
  FAILED,
  type FromWorker,
  OK,
  type ToWorker,
  WORK,
  type WorkerInit,
  waitForBell,
} from "./protocol.js";
import { runTask } from "./task/index.js";
import { type Meter, newMeter, reportOf, WorkerRun } from "./worker-run.js";

/** Tasks in flight at once in one worker: all but one of them wait for data. */
const IN_FLIGHT = 8;
/** After this many milliseconds of work without a pause, timers, logs and answers get their turn. */
const YIELD_MS = 4;

class Worker {
  readonly #id: number;
  readonly #control: ControlBlock;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #port: MessagePort;
  readonly #line: CallerLine;
  readonly #runs = new Map<number, WorkerRun>();
  #mail = 0;
  #inFlight = 0;
  /** Tasks that wait for what they read and write to be opened. */
  #opening = 0;
  /** User functions in flight: at most one, and then no other ticket is taken. */
  #calls = 0;
  #wake: (() => void) | undefined;
  #listening = false;
  #yielded = 0;
  /** User code ran since the last pause: it may have timers, rejections or output pending. */
  #pending = false;
  /** Runs that are recorded. */
  #traced = 0;
  /** A run with memory beyond the arena has ended: its pages wait for this thread too. */
  #garbage = false;

  constructor(init: WorkerInit) {
    this.#id = init.worker;
    this.#control = new ControlBlock(init.control);
    this.#memory = init.memory;
    const scratch = { address: threadScratch(init.worker), bytes: THREAD_SCRATCH };
    this.#kernels = new Kernels(init.memory, scratch);
    this.#port = init.port;
    this.#line = new CallerLine(init.line, init.memory);
  }

  async run(): Promise<void> {
    for (;;) {
      const bell = this.#control.bell(WORK);
      if (this.#control.stopped) return;
      this.#drain();
      if (this.#garbage) this.#collect();
      const free = this.#calls === 0 && this.#opening === 0 && this.#inFlight < IN_FLIGHT;
      const slot = free ? this.#control.claim(this.#id) : -1;
      if (slot >= 0) {
        this.#start(slot);
        if (this.#pending || this.#inFlight > 0) await this.#yieldSometimes();
      } else if (this.#inFlight > 0) await this.#waitForAny(bell);
      else if (this.#pending) await this.#pause();
      else if (this.#traced > 0) this.#sleepRecorded(bell);
      else this.#control.sleep(bell);
    }
  }

  /** Takes what the coordinator sent since the last time. */
  #drain(): void {
    const mail = this.#control.mail(this.#id);
    if (mail === this.#mail) return;
    this.#mail = mail;
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      const message = received.message as ToWorker;
      if (message.kind === "end") {
        const run = this.#runs.get(message.run);
        if (run?.recorder !== undefined) this.#traced--;
        this.#runs.delete(message.run);
        if (run?.outOfArena === true) this.#garbage = true;
      } else {
        const run = new WorkerRun(
          message.data,
          message.table,
          this.#memory,
          this.#kernels,
          this.#line,
          message.segments,
          message.results,
          message.trace,
        );
        if (run.recorder !== undefined) this.#traced++;
        this.#runs.set(message.data.run, run);
      }
    }
  }

  #collect(): void {
    this.#garbage = false;
    collectNow();
  }

  /** What the thread waits for may be there for any of the runs. */
  #sleepRecorded(bell: number): void {
    const from = [...this.#runs.values()].map((run) => run.recorder?.now() ?? 0);
    this.#control.sleep(bell);
    [...this.#runs.values()].forEach(({ recorder }, i) => {
      recorder?.span(SPAN.wait, from[i] as number, recorder.now(), -1, -1, 0, -1);
    });
  }

  #start(slot: number): void {
    // The plan was sent before the ticket became ready, maybe after the last look into the mail.
    this.#drain();
    const fields = this.#control.fields(slot);
    const run = this.#runs.get(fields.run);
    if (run === undefined || run.cancelled()) {
      this.#control.finish(slot, CANCELLED, this.#id);
      return;
    }
    const stage = run.data.plan.stages[fields.stage] as Stage;
    const started = performance.now();
    const from = run.recorder?.now() ?? 0;
    const meter: Meter = newMeter(() => this.#control.progress(slot, meter.read + meter.written));
    if (stage.kind === "call") this.#pending = true;
    let result: void | Promise<void>;
    try {
      const opening = run.prepare(stage);
      result =
        opening === undefined
          ? this.#task(run, stage, fields, meter)
          : this.#whenOpen(opening).then(() => this.#task(run, stage, fields, meter));
    } catch (error) {
      this.#settle(slot, run, meter, started, error);
      return;
    }
    const { recorder } = run;
    const done = (): void => {
      // Before anybody is told: who is told may look at once.
      const bytes = meter.read + meter.written;
      recorder?.span(SPAN.task, from, recorder.now(), fields.stage, fields.task, bytes, -1);
    };
    if (result !== undefined) {
      this.#later(slot, run, stage, meter, started, recorder ? result.then(done) : result);
      return;
    }
    if (recorder !== undefined) done();
    this.#settle(slot, run, meter, started, undefined);
  }

  /** Modules that are loaded have this thread for themselves: tasks that it claimed meanwhile would wait for nothing. */
  async #whenOpen(opening: Promise<void>): Promise<void> {
    this.#opening++;
    try {
      await opening;
    } finally {
      this.#opening--;
      this.#wake?.();
    }
  }

  #task(run: WorkerRun, stage: Stage, fields: ClaimedTicket, meter: Meter): void | Promise<void> {
    const outputs = stage.outputs.map((id) => run.address(id, fields.task));
    const scratch = { address: fields.scratch, bytes: stage.scratchBytes };
    const work = (): void | Promise<void> => {
      const context = run.context(stage, meter, fields);
      const made = runTask(context, stage, fields.task, outputs, scratch);
      if (made !== undefined) return made.then(() => run.handOver(stage, fields));
      run.handOver(stage, fields);
    };
    return stage.kind === "call" ? withOutput(work) : work();
  }

  #later(
    slot: number,
    run: WorkerRun,
    stage: Stage,
    meter: Meter,
    started: number,
    result: Promise<void>,
  ): void {
    const call = stage.kind === "call" ? 1 : 0;
    this.#inFlight++;
    this.#calls += call;
    const end = (error: unknown): void => {
      this.#inFlight--;
      this.#calls -= call;
      this.#settle(slot, run, meter, started, error);
      this.#wake?.();
    };
    result.then(
      () => end(undefined),
      (error: unknown) => end(error ?? new Error("rejected without a reason")),
    );
  }

  #settle(slot: number, run: WorkerRun, meter: Meter, started: number, error: unknown): void {
    this.#control.report(slot, reportOf(meter, (performance.now() - started) / 1000));
    if (error === undefined) this.#control.finish(slot, OK, this.#id);
    else if (run.cancelled()) this.#control.finish(slot, CANCELLED, this.#id);
    else {
      // The message first: it is there when the state is seen.
      this.#port.postMessage({ slot, error: errorToData(error) } satisfies FromWorker);
      this.#control.finish(slot, FAILED, this.#id);
    }
  }

  /** Waits until a task in flight ends or the bell rings (new tickets, or a cancel to be passed on). */
  async #waitForAny(bell: number): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (!this.#listening) {
      const ring = waitForBell(this.#control, WORK, bell);
      if (ring === undefined) this.#wake?.();
      else {
        this.#listening = true;
        void ring.then(() => {
          this.#listening = false;
          this.#wake?.();
        });
      }
    } else if (this.#control.bell(WORK) !== bell) this.#wake?.();
    await woken;
    await this.#pause();
    for (const run of this.#runs.values()) run.cancelled();
  }

  async #yieldSometimes(): Promise<void> {
    if (performance.now() - this.#yielded >= YIELD_MS) await this.#pause();
  }

  /** One turn of the event loop; a longer one while output of user code waits to be taken away. */
  async #pause(): Promise<void> {
    const output = this.#pending && outputPending();
    await new Promise<void>((resolve) => (output ? setTimeout(resolve, 1) : setImmediate(resolve)));
    this.#yielded = performance.now();
    if (this.#inFlight === 0 && !output) this.#pending = false;
  }
}

/** Runs a user function; it is over when what it printed was taken. */
function withOutput(work: () => void | Promise<void>): void | Promise<void> {
  let result: void | Promise<void>;
  try {
    result = work();
  } catch (error) {
    if (!outputPending()) throw error;
    return outputTaken().then(() => Promise.reject(error));
  }
  if (result !== undefined)
    return result.finally(() => (outputPending() ? outputTaken() : undefined));
  if (outputPending()) return outputTaken();
}

/** The task that piscina runs once per thread, for its life (through `worker-entry.cts`). */
export default function work(init: WorkerInit): Promise<void> {
  return new Worker(init).run();
}
