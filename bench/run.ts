/** `npm run bench -- startup|chunks`: figures of this machine beside what we want to reach. All of them by default. */
import { cpus } from "node:os";
import { shutdown } from "chunkwise";
import { chunks } from "./chunks.js";
import { type Figure, printTable } from "./report.js";
import { startup } from "./startup.js";

const BENCHMARKS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  startup,
  chunks,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS);
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(", ")} (there are ${Object.keys(BENCHMARKS).join(", ")})`,
  );
  process.exitCode = 2;
} else {
  console.log(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`,
  );
  for (const name of names) printTable(name, await (BENCHMARKS[name] as () => Promise<Figure[]>)());
  await shutdown();
}
