/** Plans of which write tasks are finished: those are not run, nor what only they need; the others as ever. */
import { describe, expect, it } from "vitest";
import { finishedTasks } from "../../dist/api/resume.js";
import { Order } from "../../dist/exec/coordinator/order.js";
import { tableLayout } from "../../dist/exec/coordinator/tables.js";
import { type Plan, type Stage, taskBox, taskCount } from "../../dist/ir/stage.js";
import { blocksRead, Model, type ModelRun } from "./model.js";
import { below, randomOf, randomPlan } from "./random-plan.js";

/** Runs of numbers of which `has` is true. */
function runsOf(count: number, has: (n: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let n = 0; n < count; n++) if (has(n)) runs.push([n, 1]);
  return runs;
}

describe("a plan with finished tasks", () => {
  it("runs exactly what the others need, within the planned peak", () => {
    let written = 0;
    let spared = 0;
    for (let seed = 0; seed < 400; seed++) {
      const random = randomOf(seed);
      const { plan: whole, indices } = randomPlan(random);
      if (!whole.stages.some((s) => s.kind === "write")) continue;
      const stages = whole.stages.map((stage): Stage => {
        if (stage.kind !== "write") return stage;
        const share = random();
        return { ...stage, finished: runsOf(taskCount(stage), () => random() < share) };
      });
      const plan: Plan = { ...whole, stages };
      // What is needed, by the definitions alone: from the unfinished sinks and the roots down.
      const needed = new Set<string>();
      const open: [number, number][] = [];
      const need = (stage: number, task: number): void => {
        if (needed.has(`${stage}:${task}`)) return;
        needed.add(`${stage}:${task}`);
        open.push([stage, task]);
      };
      stages.forEach((stage, s) => {
        const root = stage.outputs.some((id) => plan.roots.some((r) => r.array === id));
        const done = new Set(stage.kind === "write" ? (stage.finished ?? []).map(([n]) => n) : []);
        for (let t = 0; t < taskCount(stage); t++) {
          if (root || (stage.kind === "write" && !done.has(t))) need(s, t);
        }
      });
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const [s, t] = next;
        for (const [array, block] of blocksRead(plan, stages[s] as Stage, t, indices)) {
          need(
            stages.findIndex((stage) => stage.outputs.includes(array)),
            block,
          );
        }
      }
      const model = new Model(random, 1 + below(random, 4));
      const id = model.submit(plan, indices);
      while (model.busy) model.tick();
      const run = model.runs.get(id) as ModelRun;
      expect(run.outcome, `seed ${seed}: ${run.message}`).toBe("finished");
      expect([...run.done.keys()].sort(), `seed ${seed}`).toEqual([...needed].sort());
      expect(run.stats?.tasksTotal).toBe(needed.size);
      expect(run.stats?.peakBytes).toBeLessThanOrEqual(plan.peakBytes);
      expect(model.state.used).toBe(0);
      written++;
      spared +=
        new Order(whole, indices, new Uint32Array(tableLayout(whole).words)).total - needed.size;
    }
    expect(written).toBeGreaterThan(50);
    expect(spared).toBeGreaterThan(500);
  });
});

describe("finishedTasks", () => {
  it("are those whose chunks are all there", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = randomOf(seed);
      // Lengths of chunks, and tasks that take one to three of them along each axis.
      const axes = Array.from({ length: below(random, 4) }, () => {
        const chunk = 1 + below(random, 4);
        const count = 1 + below(random, 5);
        const tasks: number[] = [];
        for (let left = count; left > 0; left -= tasks.at(-1) as number) {
          tasks.push(Math.min(left, 1 + below(random, 3)));
        }
        return { chunk, count, tasks };
      });
      const stage = {
        kind: "write",
        space: axes.map((a) => a.chunk * a.count),
        cuts: axes.map((a) => a.tasks.map((n) => ({ size: n * a.chunk, repeat: 1 }))),
        outputs: [],
      } as unknown as Stage & { readonly kind: "write" };
      const chunks = axes.map((a) => [{ size: a.chunk, repeat: a.count }]);
      const grid = axes.map((a) => a.count);
      const size = grid.reduce((n, c) => n * c, 1);
      const there = Uint8Array.from({ length: size }, () => (random() < 0.8 ? 1 : 0));
      const expected = new Set<number>();
      for (let t = 0; t < taskCount(stage); t++) {
        const { lo, hi } = taskBox(stage, t);
        let all = true;
        for (let n = 0; n < size; n++) {
          let left = n;
          const inside = [...grid.keys()].reverse().every((axis) => {
            const count = grid[axis] as number;
            const start = (left % count) * (axes[axis]?.chunk as number);
            left = Math.floor(left / count);
            return start >= (lo[axis] as number) && start < (hi[axis] as number);
          });
          if (inside && there[n] === 0) all = false;
        }
        if (all) expected.add(t);
      }
      const found = finishedTasks(stage, { chunks }, { grid, there }).flatMap(([first, count]) =>
        Array.from({ length: count }, (_, i) => first + i),
      );
      expect(found, `seed ${seed}`).toEqual([...expected]);
    }
  });
});
