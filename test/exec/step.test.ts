import { describe, expect, it } from "vitest";
import { StageInputs } from "../../dist/exec/coordinator/inputs.js";
import { Order } from "../../dist/exec/coordinator/order.js";
import { tableLayout } from "../../dist/exec/coordinator/tables.js";
import { outsideBytes, taskCount } from "../../dist/ir/stage.js";
import { blocksRead, Model, type ModelRun } from "./model.js";
import { below, randomOf, randomPlan } from "./random-plan.js";

const PLANS = 400;

/** Everything a finished run must have done. */
function checkFinished(run: ModelRun): void {
  const { plan, indices } = run;
  const order = new Order(plan, indices, new Uint32Array(tableLayout(plan).words));
  expect(run.outcome, run.message).toBe("finished");
  expect(run.stats?.tasks).toBe(order.total);
  expect(run.done.size).toBe(order.total);
  expect(run.stats?.peakBytes).toBeLessThanOrEqual(plan.peakBytes);
  const repeats = [...run.done.values()].reduce((n, times) => n + times - 1, 0);
  expect(repeats).toBe(run.stats?.repeated);
  for (const array of plan.arrays) {
    if (!plan.roots.some((r) => r.array === array.id)) continue;
    const blocks = order.tables.arrays.get(array.id)?.blocks ?? -1;
    const got = [...run.delivered].filter((k) => k.startsWith(`${array.id}:`)).length;
    expect(got).toBe(blocks);
  }
  plan.stages.forEach((stage, s) => {
    if (stage.kind !== "write") return;
    for (let t = 0; t < taskCount(stage); t++) expect(run.done.get(`${s}:${t}`)).toBe(1);
  });
}

function checkIdle(model: Model): void {
  expect(model.state.used).toBe(0);
  expect(model.state.issued).toBe(0);
  expect(model.state.allocator.live).toBe(0);
  expect(model.state.active).toEqual([]);
  for (const run of model.runs.values())
    expect(run.table.slice(16).every((a) => a === 0)).toBe(true);
}

describe("StageInputs", () => {
  it("lists what the definitions of the stages say, and counts it in closed form", () => {
    const kinds = new Map<string, number>();
    for (let seed = 0; seed < PLANS; seed++) {
      const { plan, indices } = randomPlan(randomOf(seed));
      for (const stage of plan.stages) {
        kinds.set(stage.kind, (kinds.get(stage.kind) ?? 0) + 1);
        const inputs = new StageInputs(stage, plan, indices);
        const counts = new Map<number, Uint32Array>();
        const expected = new Map<number, number[]>();
        for (const a of plan.arrays) {
          const blocks =
            new Order(plan, indices, new Uint32Array(tableLayout(plan).words)).tables.arrays.get(
              a.id,
            )?.blocks ?? 0;
          counts.set(a.id, new Uint32Array(blocks));
          expected.set(a.id, Array<number>(blocks).fill(0));
        }
        for (let t = 0; t < taskCount(stage); t++) {
          const flat: number[] = [];
          inputs.list(t, flat);
          const read = blocksRead(plan, stage, t, indices);
          expect(flat).toEqual(read.flat());
          for (const [a, b] of read)
            (expected.get(a) as number[])[b] = ((expected.get(a) as number[])[b] as number) + 1;
        }
        inputs.countAll((id) => counts.get(id) as Uint32Array);
        for (const [id, table] of counts)
          expect([...table], `seed ${seed}`).toEqual(expected.get(id));
      }
    }
    for (const kind of ["map", "write", "concat", "gather", "reshape", "call", "reduce", "merge"]) {
      expect(kinds.get(kind) ?? 0).toBeGreaterThan(20);
    }
  });
});

describe("step", () => {
  it("makes every block before its use, frees it after, and ends with an empty account", () => {
    let atHome = 0;
    for (let seed = 0; seed < PLANS; seed++) {
      const random = randomOf(1000 + seed);
      const model = new Model(random, 1 + below(random, 4));
      const { plan, indices } = randomPlan(random);
      const id = model.submit(plan, indices);
      while (model.busy) model.tick();
      checkFinished(model.runs.get(id) as ModelRun);
      expect(model.runs.get(id)?.stats?.repeated).toBe(0);
      checkIdle(model);
      atHome += model.atHome;
    }
    expect(atHome).toBeGreaterThan(100);
  });

  it("gives the tasks of dead workers out again and fails after the third death", () => {
    let failed = 0;
    for (let seed = 0; seed < PLANS; seed++) {
      const random = randomOf(2000 + seed);
      const model = new Model(random, 1 + below(random, 4));
      const { plan, indices } = randomPlan(random);
      const id = model.submit(plan, indices);
      while (model.busy) model.tick({ death: 0.15 });
      const run = model.runs.get(id) as ModelRun;
      if (run.outcome === "failed") {
        failed++;
        expect(run.message).toMatch(/died 3 times/);
      } else checkFinished(run);
      checkIdle(model);
    }
    expect(failed).toBeGreaterThan(5);
    expect(failed).toBeLessThan(PLANS / 2);
  });

  it("never blames a task for workers that were killed for the sake of others", () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = randomOf(2500 + seed);
      const model = new Model(random, 1 + below(random, 4));
      const { plan, indices } = randomPlan(random);
      const id = model.submit(plan, indices);
      while (model.busy) model.tick({ death: 0.5, killed: 1 });
      checkFinished(model.runs.get(id) as ModelRun);
      checkIdle(model);
    }
  });

  it("survives errors, deaths and aborts at any point of several runs", () => {
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < PLANS; seed++) {
      const random = randomOf(3000 + seed);
      const model = new Model(random, 1 + below(random, 4));
      let left = 1 + below(random, 5);
      while (left > 0 || model.busy) {
        if (left > 0 && (!model.busy || random() < 0.1)) {
          const { plan, indices } = randomPlan(random);
          model.submit(plan, indices);
          left--;
        } else model.tick({ death: 0.03, error: 0.01, abort: 0.01 });
      }
      for (const run of model.runs.values()) {
        outcomes.set(run.outcome, (outcomes.get(run.outcome) ?? 0) + 1);
        if (run.outcome === "finished") checkFinished(run);
      }
      checkIdle(model);
    }
    for (const outcome of ["finished", "failed", "aborted"])
      expect(outcomes.get(outcome)).toBeGreaterThan(20);
  });

  it("pushes blocks together when the arena has room, but not in one piece", () => {
    let finished = 0;
    for (let seed = 0; seed < PLANS; seed++) {
      const random = randomOf(4000 + seed);
      let moved = 0;
      const { plan, indices } = randomPlan(random, true);
      // Just what lies inside, and some lines for blocks smaller than a line.
      const arena = plan.serialBytes - outsideBytes(plan) + below(random, 2048);
      const model = new Model(random, 2, Math.ceil(arena / 64) * 64);
      const id = model.submit(plan, indices);
      const before = model.state.allocator.compact.bind(model.state.allocator);
      model.state.allocator.compact = () => {
        moved++;
        return before();
      };
      while (model.busy) model.tick();
      const run = model.runs.get(id) as ModelRun;
      if (run.outcome === "finished") {
        checkFinished(run);
        finished += moved;
      } else expect(run.message).toMatch(/needs \d+ bytes, but only/);
      checkIdle(model);
    }
    expect(finished).toBeGreaterThan(5);
  });

  it("drops and makes again what was made ahead if a plan's figures are too small, or says which stage is stuck", () => {
    let repeated = 0;
    let stuck = 0;
    for (let seed = 0; seed < PLANS; seed++) {
      const random = randomOf(5000 + seed);
      const model = new Model(random, 1 + below(random, 3));
      const { plan, indices } = randomPlan(random, true);
      const less =
        outsideBytes(plan) +
        Math.floor((plan.serialBytes - outsideBytes(plan)) * (0.5 + random() / 2));
      const id = model.submit(
        { ...plan, serialBytes: less, peakBytes: less, memory: less },
        indices,
      );
      while (model.busy) model.tick({ death: 0.02 });
      const run = model.runs.get(id) as ModelRun;
      if (run.outcome === "finished") {
        checkFinished({ ...run, plan });
        repeated += run.stats?.repeated ?? 0;
      } else if (/needs \d+ bytes, but only/.test(run.message ?? "")) stuck++;
      else expect(run.message).toMatch(/died 3 times/);
      checkIdle(model);
    }
    expect(repeated).toBeGreaterThan(0);
    expect(stuck).toBeGreaterThan(0);
  });

  it("starts a second run beside the first when its lease fits, and after it when not", () => {
    const random = randomOf(7);
    const { plan, indices } = randomPlan(random, true);
    const roomy = { ...plan, memory: plan.peakBytes * 2, arena: plan.arena * 2 };
    const beside = new Model(random, 2);
    beside.submit(roomy, indices);
    beside.submit(roomy, indices);
    expect(beside.state.active.length).toBe(2);
    while (beside.busy) beside.tick();
    checkIdle(beside);
    // A budget for both, but an arena for one of them.
    const crowded = new Model(random, 2);
    crowded.submit({ ...roomy, arena: plan.arena }, indices);
    crowded.submit({ ...roomy, arena: plan.arena }, indices);
    expect(crowded.state.active.length).toBe(1);
    while (crowded.busy) crowded.tick();
    for (const run of crowded.runs.values()) checkFinished(run);
    checkIdle(crowded);
    const after = new Model(random, 2);
    after.submit(plan, indices);
    after.submit(plan, indices);
    expect(after.state.active.length).toBe(1);
    while (after.busy) after.tick();
    for (const run of after.runs.values()) checkFinished(run);
    checkIdle(after);
  });
});
