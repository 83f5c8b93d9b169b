/** `npm run bench -- kernels`: our kernels beside those of others, everybody measured in turn in one run. */
import { shutdown } from "chunkwise";
import { type Comparison, milliseconds, printComparisons } from "../report.js";
import { Peers } from "./children.js";
import {
  contest,
  engineName,
  KERNEL,
  middle,
  peerName,
  Stage,
  speed,
  type Times,
} from "./contest.js";
import { type Size, type Work, works } from "./works.js";

const ROUNDS: Readonly<Record<Size, number>> = { full: 7, small: 3 };

export const kernelGroups = (): string[] => [...new Set(works("small").map((w) => w.group))];

/** Prints a table for every group that was chosen, as soon as it is measured. */
export async function kernels(groups: readonly string[], size: Size): Promise<void> {
  const peers = await Peers.open();
  const stage = new Stage();
  try {
    const there = [...peers.versions].map(([name, version]) => `${name} ${version}`);
    console.log(`beside ${there.join(", ") || "nobody else"}`);
    const chosen = works(size).filter((w) => groups.length === 0 || groups.includes(w.group));
    for (const group of new Set(chosen.map((w) => w.group))) {
      const rows: Comparison[] = [];
      for (const work of chosen.filter((w) => w.group === group)) {
        const times = await contest(work, stage, peers, ROUNDS[size]);
        await peers.rest();
        rows.push(...rowsOf(work, times));
      }
      printComparisons(group, rows);
    }
  } finally {
    stage.clear();
    await peers.close();
    await shutdown();
  }
}

const time = (seconds: number | undefined): string =>
  seconds === undefined ? "" : milliseconds(seconds * 1000);

function rowsOf(work: Work, times: Times): Comparison[] {
  const row = (ours: string, peer: string, shown: string, target: number): Comparison => {
    const own = middle(times, ours);
    return {
      name: work.name,
      peer: shown,
      ours: time(own),
      rate: own === undefined ? "" : (work.bytes / own / 1e9).toFixed(1),
      kernel: time(middle(times, KERNEL)),
      theirs: time(middle(times, peer)),
      ratio: speed(times, ours, peer),
      kernelRatio: speed(times, KERNEL, peer),
      target,
    };
  };
  const rows = work.rivals.map(({ peer, threads, target }) => {
    const name = peerName(peer, threads);
    // The kernel column has one thread; beside two it would say nothing.
    const both = row(engineName(threads), name, name, target);
    return threads === 1 ? both : { ...both, kernel: "", kernelRatio: undefined };
  });
  if (work.scaling === undefined) return rows;
  return [...rows, row(engineName(2), engineName(1), "one worker", work.scaling)];
}
