/** A model of threads and memory around `step`: takes its actions, checks every promise, and answers with events. */

import {
  type Action,
  createState,
  type Event,
  NO_REPORT,
  type RunCounters,
  type State,
} from "../../dist/exec/coordinator/state.js";
import { step } from "../../dist/exec/coordinator/step.js";
import { tableLayout } from "../../dist/exec/coordinator/tables.js";
import { AddressAllocator } from "../../dist/exec/memory/allocator.js";
import { boxIsEmpty, ravel } from "../../dist/ir/index-map.js";
import type { IndexList } from "../../dist/ir/node.js";
import {
  blockBytes,
  blocksTouched,
  gridOf,
  operandBoxes,
  outsideBytes,
  type Plan,
  type Stage,
  taskBox,
} from "../../dist/ir/stage.js";
import { below, type Random } from "./random-plan.js";

interface Issued {
  run: number;
  stage: number;
  task: number;
  attempt: number;
}

export interface ModelRun {
  readonly plan: Plan;
  readonly indices: readonly IndexList[];
  readonly table: Uint32Array;
  readonly done: Map<string, number>;
  readonly delivered: Set<string>;
  /** Bytes of live blocks: address -> contents tag. */
  outcome: "running" | "finished" | "failed" | "aborted";
  stats?: RunCounters;
  cancelled: boolean;
  message?: string;
}

/** Blocks that a task reads, by the definitions in `ir/stage.ts` alone. */
export function blocksRead(
  plan: Plan,
  stage: Stage,
  task: number,
  indices: readonly IndexList[],
): [number, number][] {
  if (stage.kind === "merge") {
    const groups = Math.ceil(stage.segments / stage.fan);
    const kept = Math.floor(task / groups);
    const out: [number, number][] = [];
    for (let s = 0; s < stage.segments; s++) {
      if (Math.floor(s / stage.fan) === task % groups)
        out.push([stage.input, kept * stage.segments + s]);
    }
    return out;
  }
  const box = taskBox(stage, task);
  if (boxIsEmpty(box)) return [];
  return operandBoxes(stage, box, { indices }).flatMap(({ operand, box: region }) => {
    if (operand.from === "source" || boxIsEmpty(region)) return [];
    const array = plan.arrays.find((a) => a.id === operand.id);
    if (array === undefined) throw new Error("no such array");
    const ranges = blocksTouched(array.cuts, region);
    const positions = ranges.reduce<number[][]>(
      (list, [a, b]) =>
        list.flatMap((p) => Array.from({ length: b - a + 1 }, (_, i) => [...p, a + i])),
      [[]],
    );
    return positions.map((p): [number, number] => [array.id, ravel(p, gridOf(array.cuts))]);
  });
}

export class Model {
  readonly state: State;
  readonly runs = new Map<number, ModelRun>();
  readonly issued = new Map<number, Issued>();
  readonly contents = new Map<number, string>();
  /** Blocks of roots that were made where they stay. */
  atHome = 0;
  readonly #random: Random;
  #next = 0;
  /** Roots in the arena lie above the blocks. */
  #top = 2 ** 30;

  constructor(random: Random, workers: number, arena = 1 << 24) {
    this.#random = random;
    this.state = createState(new AddressAllocator(65536, 65536 + arena), workers);
  }

  submit(plan: Plan, indices: readonly IndexList[]): number {
    const run = this.#next++;
    const table = new Uint32Array(tableLayout(plan).words);
    const rootAddresses = plan.roots.map((root) => {
      if (root.array < 0 || this.#random() < 0.5) return undefined;
      const address = this.#top;
      this.#top += Math.ceil(root.bytes / 64) * 64;
      return address;
    });
    this.runs.set(run, {
      plan,
      indices,
      table,
      done: new Map(),
      delivered: new Set(),
      outcome: "running",
      cancelled: false,
    });
    this.send({ kind: "submit", run, plan, indices, table, rootAddresses });
    return run;
  }

  send(event: Event): void {
    const later: Event[] = [event];
    for (let e = later.shift(); e !== undefined; e = later.shift()) {
      for (const action of step(this.state, e)) this.#take(action, later);
      this.#checkAccounts();
    }
  }

  get busy(): boolean {
    return [...this.runs.values()].some((r) => r.outcome === "running");
  }

  /** Finishes, fails or kills a random ticket. */
  tick(faults: { error?: number; death?: number; killed?: number; abort?: number } = {}): void {
    const random = this.#random;
    if (faults.abort !== undefined && random() < faults.abort) {
      const ids = [...this.runs.keys()];
      this.send({ kind: "abort", run: ids[below(random, ids.length)] as number });
      return;
    }
    const slots = [...this.issued.keys()];
    if (slots.length === 0) throw new Error("deadlock: nothing is issued and runs are not over");
    const slot = slots[below(random, slots.length)] as number;
    const ticket = this.issued.get(slot) as Issued;
    const run = this.runs.get(ticket.run) as ModelRun;
    this.issued.delete(slot);
    if (random() < (faults.death ?? 0)) {
      const killed = random() < (faults.killed ?? 0);
      this.send({ kind: "died", slots: [slot], cause: "killed by the test", killed });
    } else if (run.cancelled) {
      this.send({
        kind: "done",
        slot,
        outcome: random() < 0.5 ? "cancelled" : "ok",
        report: NO_REPORT,
      });
    } else if (random() < (faults.error ?? 0)) {
      const error = { name: "Error", message: "thrown by the test" };
      this.send({ kind: "done", slot, outcome: "error", error, report: NO_REPORT });
    } else {
      this.#checkInputs(run, ticket);
      const key = `${ticket.stage}:${ticket.task}`;
      run.done.set(key, (run.done.get(key) ?? 0) + 1);
      this.send({
        kind: "done",
        slot,
        outcome: "ok",
        report: { ...NO_REPORT, bytesRead: 1, seconds: 1 },
      });
    }
  }

  /** Writes the output tags at issue: whatever is overwritten later was freed or placed wrongly. */
  #take(action: Action, later: Event[]): void {
    switch (action.kind) {
      case "issue": {
        const { slot, run, stage, task, attempt } = action;
        if (this.issued.has(slot)) throw new Error(`slot ${slot} is issued twice`);
        const model = this.runs.get(run) as ModelRun;
        this.issued.set(slot, { run, stage, task, attempt });
        this.#checkInputs(model, { run, stage, task, attempt });
        for (const id of (model.plan.stages[stage] as Stage).outputs) {
          const at = this.#address(model, id, task);
          if (at === 0) throw new Error("an output has no place");
          if (at >= 2 ** 30) this.atHome++;
          this.contents.set(at, `${run}:${id}:${task}`);
        }
        break;
      }
      case "deliver": {
        const model = this.runs.get(action.run) as ModelRun;
        const key = `${action.array}:${action.block}`;
        if (model.delivered.has(key)) throw new Error(`${key} is delivered twice`);
        model.delivered.add(key);
        if (this.contents.get(action.address) !== `${action.run}:${key}`)
          throw new Error("wrong contents");
        later.push({
          kind: "delivered",
          run: action.run,
          array: action.array,
          block: action.block,
        });
        break;
      }
      case "move": {
        if (this.issued.size > 0) throw new Error("blocks are moved while tasks run");
        for (const { from, to } of action.moves) {
          const tag = this.contents.get(from);
          if (tag !== undefined) this.contents.set(to, tag);
        }
        break;
      }
      case "cancel":
        (this.runs.get(action.run) as ModelRun).cancelled = true;
        break;
      case "finish": {
        const model = this.runs.get(action.run) as ModelRun;
        model.outcome = "finished";
        model.stats = action.stats;
        break;
      }
      case "fail": {
        const model = this.runs.get(action.run) as ModelRun;
        model.outcome = action.failure.kind === "abort" ? "aborted" : "failed";
        if (action.failure.kind === "error") model.message = action.failure.error.message;
        break;
      }
      case "start":
      case "kill":
        break;
    }
  }

  #address(run: ModelRun, array: number, block: number): number {
    return run.table[(tableLayout(run.plan).starts.get(array) as number) + block] as number;
  }

  #checkInputs(run: ModelRun, ticket: Issued): void {
    const stage = run.plan.stages[ticket.stage] as Stage;
    for (const [array, block] of blocksRead(run.plan, stage, ticket.task, run.indices)) {
      const at = this.#address(run, array, block);
      if (at === 0) throw new Error(`block ${block} of array ${array} is not there`);
      const tag = this.contents.get(at);
      if (tag !== `${ticket.run}:${array}:${block}`) throw new Error(`found ${tag} in its place`);
    }
  }

  #checkAccounts(): void {
    let used = 0;
    for (const run of this.state.active) {
      used += run.account.used;
      if (run.account.used > run.plan.peakBytes)
        throw new Error("a run holds more than it planned");
      if (run.account.peak > run.account.limit) throw new Error("a run went beyond its lease");
    }
    if (used !== this.state.used) throw new Error("the sum of the accounts is wrong");
    const budget = [...this.runs.values()].reduce((n, r) => Math.max(n, r.plan.memory), 0);
    if (used > budget) throw new Error("all runs together hold more than the budget");
    const inside = this.state.active.reduce(
      (n, r) => n + r.account.used - Math.min(r.account.used, outsideBytes(r.plan)),
      0,
    );
    const arena = [...this.runs.values()].reduce((n, r) => Math.max(n, r.plan.arena), 0);
    if (inside > arena) throw new Error("all runs together hold more than the arena");
    const ranges: [number, number][] = [];
    const home: [number, number][] = [];
    for (const run of this.state.active) {
      let blocks = 0;
      for (const table of run.order.tables.arrays.values()) {
        for (let b = 0; b < table.blocks; b++) {
          const at = table.address[b] as number;
          if (at === 0) continue;
          blocks++;
          if (at < 2 ** 30) ranges.push([at, at + blockBytes(table.array, b)]);
          else home.push([at, at + blockBytes(table.array, b)]);
        }
      }
      if (blocks !== run.blocks) throw new Error(`${run.blocks} blocks are counted, not ${blocks}`);
    }
    for (const ticket of this.state.tickets) {
      if (ticket !== undefined && ticket.scratch !== 0) {
        const { scratchBytes } = ticket.run.plan.stages[ticket.entry.stage] as Stage;
        ranges.push([ticket.scratch, ticket.scratch + scratchBytes]);
      }
    }
    ranges.sort((a, b) => a[0] - b[0]);
    ranges.forEach(([at], i) => {
      if (at % 64 !== 0) throw new Error("a block is not aligned");
      if (i > 0 && at < (ranges[i - 1] as [number, number])[1])
        throw new Error("two blocks overlap");
    });
    home.sort((a, b) => a[0] - b[0]);
    home.forEach(([at], i) => {
      if (i > 0 && at < (home[i - 1] as [number, number])[1])
        throw new Error("two blocks of roots overlap");
    });
  }
}
