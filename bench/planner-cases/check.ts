/** One case: its expression is built, run as planned and as written, compared, and its figures are measured. */
import * as cw from "chunkwise";
import type { Case } from "./cases.js";
import { attainable, FIGURES, isMet, type Ran, structureOf } from "./figures.js";
import { countingSource, noReads, type Reads, reset } from "./source.js";
import { VOCABULARY } from "./vocabulary.js";

export interface Verdict {
  readonly id: string;
  readonly met: boolean;
  /** Each figure beside what is expected of it; or why the case could not be run. */
  readonly text: string;
}

const MEMORY = "64MiB";

export async function check(planned: Case): Promise<Verdict> {
  const { id } = planned;
  try {
    const findings = await findingsOf(planned);
    const wrong = findings.filter((f) => !f.met);
    return { id, met: wrong.length === 0, text: findings.map((f) => f.text).join(", ") };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, met: false, text: message.split("\n")[0] ?? "" };
  }
}

interface Finding {
  readonly met: boolean;
  readonly text: string;
}

async function findingsOf(planned: Case): Promise<readonly Finding[]> {
  const memory = planned.memory ?? MEMORY;
  const reads = noReads();
  const sources = planned.sources.map((s) => [s.name, countingSource(s, reads)] as const);
  const names = { ...VOCABULARY, ...Object.fromEntries(sources) };
  const build = (text: string): cw.LazyArray => cw.expr(text, names);

  const result = build(planned.expr);
  const reference = await result.compute({ memory: "1GiB", executor: "inline", optimize: false });
  const ran = await runPlanned(result, reads, memory);
  const findings: Finding[] = [valuesFinding(ran.values, reference)];
  for (const [name, expected] of Object.entries(planned.expected)) {
    if (name === "equals") {
      findings.push(await equalFinding(ran, build(String(expected)), reads, memory));
      continue;
    }
    const measure = FIGURES[name] ?? FIGURES[name.replace(/_max$/, "")];
    if (measure === undefined) throw new Error(`there is no figure ${name}`);
    const figure = measure(ran);
    const asked = attainable(name, expected, planned, ran.reads);
    const met = isMet(name, figure, asked);
    const reading = asked === expected ? "" : ` (read as: each of ${asked} chunks once)`;
    const text = `${name} ${JSON.stringify(figure)} of ${JSON.stringify(expected)}${reading}`;
    findings.push({ met, text: met ? text : `${text} (!)` });
  }
  return findings;
}

async function runPlanned(
  result: cw.LazyArray,
  reads: Reads,
  memory: number | string,
): Promise<Ran & { readonly values: cw.NDArray }> {
  reset(reads);
  let tasks = 0;
  const values = await result.compute({
    memory,
    executor: "inline",
    onProgress: (event) => {
      tasks = event.tasksDone;
    },
  });
  const seen = { ...reads, regions: [...reads.regions], distinct: new Set(reads.distinct) };
  const plan = result.plan({ memory, executor: "inline" });
  return { result, plan, tasks, reads: seen, values };
}

function valuesFinding(values: cw.NDArray, reference: cw.NDArray): Finding {
  const met = sameValues(values, reference);
  return { met, text: met ? "values equal" : "values differ from the unoptimised run (!)" };
}

/** Bit for bit, where all NaNs are equal and -0 is not 0. */
export function sameValues(a: cw.NDArray, b: cw.NDArray): boolean {
  const [x, y] = [a.data, b.data] as unknown as [readonly unknown[], readonly unknown[]];
  return (
    a.dtype === b.dtype &&
    JSON.stringify(a.shape) === JSON.stringify(b.shape) &&
    x.length === y.length &&
    Array.prototype.every.call(x, (value, i) => Object.is(value, y[i]))
  );
}

/** Whether the plan is that of another expression: the same stages, the same reads, the same values. */
async function equalFinding(
  ran: Ran & { readonly values: cw.NDArray },
  other: cw.LazyArray,
  reads: Reads,
  memory: number | string,
): Promise<Finding> {
  const that = await runPlanned(other, reads, memory);
  const regions = (r: Reads): string => [...r.regions].sort().join(" ");
  const different = [
    structureOf(ran.plan) === structureOf(that.plan) ? [] : ["stages"],
    regions(ran.reads) === regions(that.reads) ? [] : ["reads"],
    sameValues(ran.values, that.values) ? [] : ["values"],
  ].flat();
  const met = different.length === 0;
  return {
    met,
    text: met ? "the plan of equals" : `other ${different.join(" and ")} than equals (!)`,
  };
}
