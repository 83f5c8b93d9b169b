/**
 * The compute threads: piscina spawns them, notices when they die and ends them when asked; each runs one endless
 * task (`../worker.ts`). A worker that died is replaced by one of the same number and the next generation.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import { fileOf } from "../../load.js";
import { MAX_THREADS } from "../memory/arena.js";
import type { ControlBlock, FromWorker, ToWorker, WorkerInit } from "../protocol.js";
import { HEAP_FULL } from "./state.js";

/** Heap of user functions per worker, MiB. It is not part of the memory budget. */
const HEAP_MB = 1024;

export interface PoolHooks {
  /** A new worker's line to the calling thread. */
  line(worker: number, generation: number, port: MessagePort): void;
  /** The thread is gone. */
  died(worker: number, generation: number, cause: string, killed: boolean): void;
  /** What a new worker must know before its first ticket. */
  greet(worker: WorkerName, send: (message: ToWorker) => void): void;
}

export interface WorkerName {
  readonly id: number;
  /** How many of this number have died. */
  readonly generation: number;
}

interface Member extends WorkerName {
  readonly port: MessagePort;
  readonly abort: AbortController;
}

export class WorkerPool {
  readonly #control: ControlBlock;
  readonly #memory: WebAssembly.Memory;
  readonly #hooks: PoolHooks;
  readonly #pool: Piscina;
  readonly #members: Member[] = [];
  #closing = false;

  constructor(control: ControlBlock, memory: WebAssembly.Memory, hooks: PoolHooks) {
    this.#control = control;
    this.#memory = memory;
    this.#hooks = hooks;
    this.#pool = new Piscina({
      filename: fileOf("exec/worker-entry.cjs").href,
      minThreads: 0,
      maxThreads: MAX_THREADS,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      atomics: "disabled",
      recordTiming: false,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    // Errors of threads are told through the promise of their task; unheard events would end the coordinator.
    this.#pool.on("error", () => undefined);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Makes sure that there are `n` workers. */
  grow(n: number): void {
    while (this.#members.length < Math.min(n, MAX_THREADS)) this.#spawn(this.#members.length, 0);
  }

  sendAll(message: (worker: WorkerName) => ToWorker): void {
    for (const member of this.#members) this.#send(member, message(member));
  }

  /** Errors that a worker has sent. */
  errors(worker: number): FromWorker[] {
    const port = this.#members[worker]?.port;
    const errors: FromWorker[] = [];
    while (port !== undefined) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) break;
      errors.push(received.message as FromWorker);
    }
    return errors;
  }

  /** Ends a thread, whatever it does. */
  kill(worker: number): void {
    this.#members[worker]?.abort.abort();
  }

  async destroy(): Promise<void> {
    this.#closing = true;
    await this.#pool.destroy();
  }

  #send(member: Member, message: ToWorker): void {
    member.port.postMessage(message);
    this.#control.mailed(member.id);
  }

  #spawn(id: number, generation: number): void {
    const mail = new MessageChannel();
    const line = new MessageChannel();
    const member: Member = { id, generation, port: mail.port1, abort: new AbortController() };
    this.#members[id] = member;
    this.#hooks.greet(member, (message) => this.#send(member, message));
    this.#hooks.line(id, generation, line.port2);
    const init: WorkerInit = {
      worker: id,
      control: this.#control.buffer,
      memory: this.#memory,
      port: mail.port2,
      line: line.port1,
    };
    this.#pool
      .run(init, { transferList: [mail.port2, line.port1], signal: member.abort.signal })
      .then(() => "the thread ended", causeOf)
      .then((cause) => {
        if (this.#closing) return;
        this.#hooks.died(id, generation, cause, member.abort.signal.aborted);
        member.port.close();
        this.#spawn(id, generation + 1);
      });
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY" ? HEAP_FULL : error.message;
}
