/**
 * `npm run bench -- startup|chunks`: figures of this machine beside what we want to reach; both by default.
 * `npm run bench -- planner [--size small]`: how planning grows, pass by pass.
 * `npm run bench -- kernels [group...] [--size small]`: our kernels beside those of others.
 * `npm run bench -- rechunk [memory] [copy] [--gib 2] [--dir DIR] [--size small]`: slabs to pencils, in memory and on disk.
 * `npm run bench -- zarr [reductions] [twice] [--gib 2] [--dir DIR] [--size small]`: stores larger than the budget.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { shutdown } from "chunkwise";
import { chunks } from "./chunks.js";
import { type Figure, printTable } from "./report.js";
import { startup } from "./startup.js";

const BENCHMARKS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  startup,
  chunks,
};
/** Takes minutes and what others have to be installed for, so it runs only when it is asked for. */
const KERNELS = "kernels";
const PLANNER = "planner";
const IO = ["rechunk", "zarr"] as const;
type Io = (typeof IO)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "full" },
    gib: { type: "string", default: "2" },
    dir: { type: "string" },
  },
});

async function main(): Promise<void> {
  const [first] = positionals;
  const { size } = values;
  if (size !== "full" && size !== "small") refuse(`no size ${size} (there are full, small)`);
  else if (first === PLANNER) await runPlanner(positionals.slice(1), size);
  else if (first === KERNELS) await runKernels(positionals.slice(1), size);
  else if (isIo(first)) await runIo(first, positionals.slice(1), size);
  else await runFigures(positionals.length > 0 ? positionals : Object.keys(BENCHMARKS));
}

function refuse(message: string): void {
  console.error(message);
  process.exitCode = 2;
}

function printMachine(): void {
  console.log(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`,
  );
}

async function runPlanner(others: readonly string[], size: "full" | "small"): Promise<void> {
  if (others.length > 0) return refuse(`planner takes no names, got ${others.join(", ")}`);
  const { planner } = await import("./planner/index.js");
  printMachine();
  await planner(size);
}

async function runKernels(groups: readonly string[], size: "full" | "small"): Promise<void> {
  const { kernelGroups, kernels } = await import("./kernels/index.js");
  const known = kernelGroups();
  const unknown = groups.filter((group) => !known.includes(group));
  if (unknown.length > 0) {
    refuse(`no kernels ${unknown.join(", ")} (there are ${known.join(", ")})`);
    return;
  }
  printMachine();
  await kernels(groups, size);
}

const isIo = (name: string | undefined): name is Io => IO.some((known) => known === name);

async function runIo(name: Io, parts: readonly string[], size: "full" | "small"): Promise<void> {
  const { IO_PARTS, io } = await import("./io/index.js");
  const known = Object.keys(IO_PARTS[name]);
  const unknown = parts.filter((part) => !known.includes(part));
  if (unknown.length > 0) {
    return refuse(`no ${name} ${unknown.join(", ")} (there are ${known.join(", ")})`);
  }
  const gib = Number(values.gib);
  if (!(gib > 0)) return refuse(`--gib ${values.gib} is no number of GiB`);
  printMachine();
  await io(name, parts, { size, gib, dir: values.dir });
}

async function runFigures(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown.length > 0) {
    const known = [...Object.keys(BENCHMARKS), PLANNER, KERNELS, ...IO].join(", ");
    refuse(`no benchmark ${unknown.join(", ")} (there are ${known})`);
    return;
  }
  printMachine();
  for (const name of names) printTable(name, await (BENCHMARKS[name] as () => Promise<Figure[]>)());
  await shutdown();
}

await main();
