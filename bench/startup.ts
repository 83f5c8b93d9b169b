/**
 * What it costs to have chunkwise in a program: importing it and getting a first small result, beside a bare Node.
 * Child processes of the kinds take turns, so that a change of the machine's load reaches all of them.
 */
import { execFileSync } from "node:child_process";
import { below, type Figure, median, milliseconds } from "./report.js";

const ROUNDS = 15;

const PROGRAMS = {
  node: "",
  import: 'await import("chunkwise");',
  first:
    'const cw = await import("chunkwise"); await cw.asarray([1, 2, 3]).add(1).sum().compute();',
} as const;

type Kind = keyof typeof PROGRAMS;

/** Milliseconds of a whole process that runs `program`. */
function timeProcess(program: string): number {
  const start = performance.now();
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  return performance.now() - start;
}

export function startup(): Figure[] {
  const times: Record<Kind, number[]> = { node: [], import: [], first: [] };
  const kinds = Object.keys(PROGRAMS) as Kind[];
  for (const kind of kinds) timeProcess(PROGRAMS[kind]); // file caches
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of kinds) times[kind].push(timeProcess(PROGRAMS[kind]));
  }
  const bare = median(times.node);
  const imported = median(times.import) - bare;
  const first = median(times.first) - bare;
  return [
    { name: "bare node", figure: milliseconds(bare) },
    below("import, beyond bare node", imported, 50, "ms"),
    below("first result after the import", first - imported, 100, "ms"),
  ];
}
