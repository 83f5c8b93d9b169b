/** Medians, and the tables that benchmarks print. */

export interface Figure {
  readonly name: string;
  readonly figure: string;
  /** What we want to reach; undefined where the figure only explains the others. */
  readonly target?: string;
  readonly met?: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

/** A figure that should stay below a bound, both in `unit`. */
export const below = (name: string, value: number, bound: number, unit: string): Figure => ({
  name,
  figure: `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`,
  target: `< ${bound} ${unit}`,
  met: value < bound,
});

const verdict = (met: boolean | undefined): string =>
  met === undefined ? "" : met ? "met" : "missed";

export function printTable(title: string, figures: readonly Figure[]): void {
  printRows(title, [
    ["", "figure", "target", ""],
    ...figures.map((f) => [f.name, f.figure, f.target ?? "", verdict(f.met)]),
  ]);
}

/** Columns of figures are aligned on the right, those of words (the first, and the last two) on the left. */
export function printRows(title: string, rows: readonly (readonly string[])[]): void {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  console.log(`\n${title}`);
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 0 || i >= columns - 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    console.log(`  ${cells.join("   ").trimEnd()}`);
  }
}

/** Milliseconds of each of `rounds` calls. */
export async function timeRounds(rounds: number, work: () => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times;
}

/** Our time beside a peer's; ratios are of speeds, above 1 where ours is the faster. */
export interface Comparison {
  readonly name: string;
  readonly peer: string;
  readonly ours: string;
  /** GB/s of ours. */
  readonly rate: string;
  readonly kernel: string;
  /** Empty where the peer is not there. */
  readonly theirs: string;
  readonly ratio: number | undefined;
  /** Of the bare kernel. */
  readonly kernelRatio: number | undefined;
  readonly target: number;
}

export function printComparisons(title: string, rows: readonly Comparison[]): void {
  const ratio = (value: number | undefined): string => value?.toFixed(2) ?? "";
  printRows(title, [
    ["", "against", "ours", "GB/s", "kernel", "theirs", "ratio", "kernel's", "target", ""],
    ...rows.map((r) => [
      r.name,
      r.peer,
      r.ours,
      r.rate,
      r.kernel,
      r.theirs,
      ratio(r.ratio),
      ratio(r.kernelRatio),
      `>= ${r.target}`,
      r.ratio === undefined ? `skipped: no ${r.peer}` : verdict(r.ratio >= r.target),
    ]),
  ]);
}
