/**
 * `npm run fuzz -- [--runs N] [--seed S] [--from N] [--minutes M] [--failures N]`: random graphs until one fails. `--only SEED/SIZE`
 * repeats one of them.
 */
import { parseArgs } from "node:util";
import { runtime } from "../../../dist/exec/runtime.js";
import { fewestSteps, smallest } from "./shrink.js";
import { check, noTally, type Tally, type Trial, trialOf } from "./trial.js";

const EVERY = 1000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    from: { type: "string", default: "0" },
    minutes: { type: "string", default: "1440" },
    failures: { type: "string", default: "1" },
    only: { type: "string" },
  },
});

async function report(trial: Trial, error: unknown): Promise<void> {
  console.log(`FAILED ${trial.seed}/${trial.size}`);
  console.log(error instanceof Error ? error.stack : String(error));
  const short = await fewestSteps(trial);
  console.log(`again: npm run fuzz -- --only ${short.seed}/${short.size}`);
  console.log(await smallest(short));
}

async function passes(trial: Trial, tally: Tally): Promise<boolean> {
  try {
    await check(trial, tally);
    return true;
  } catch (error) {
    await report(trial, error);
    return false;
  }
}

function progress(done: number, since: number, tally: Tally): void {
  const rate = done / ((performance.now() - since) / 1000);
  const share = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([name, n]) => `${name} ${((100 * n) / done).toFixed(0)} %`)
      .join(", ");
  console.log(`${done} graphs, ${rate.toFixed(1)}/s: ${share(tally.kinds)}; ${share(tally.ways)}`);
}

async function main(): Promise<number> {
  const tally = noTally();
  if (values.only !== undefined) {
    const [seed, size] = values.only.split("/").map(Number) as [number, number];
    return (await passes({ seed, size }, tally)) ? 0 : 1;
  }
  const seed = Number(values.seed);
  console.log(`seed ${seed}`);
  const since = performance.now();
  const end = since + 60_000 * Number(values.minutes);
  let failures = 0;
  const from = Number(values.from);
  let n = 0;
  for (; n < Number(values.runs) && performance.now() < end; n++) {
    if (!(await passes(trialOf(seed, from + n), tally))) failures++;
    if ((n + 1) % EVERY === 0) progress(n + 1, since, tally);
    if (failures >= Number(values.failures)) break;
  }
  progress(n, since, tally);
  console.log(`${failures} failures`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
await runtime.shutdown();
