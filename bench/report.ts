/** Medians, and the table that every benchmark prints. */

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

export function printTable(title: string, figures: readonly Figure[]): void {
  const rows = [
    ["", "figure", "target", ""],
    ...figures.map((f) => [
      f.name,
      f.figure,
      f.target ?? "",
      f.met === undefined ? "" : f.met ? "met" : "missed",
    ]),
  ];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const [name = "", figure = "", target = "", met = ""] of rows) {
    const cells = [
      name.padEnd(widths[0] ?? 0),
      figure.padStart(widths[1] ?? 0),
      target.padEnd(widths[2] ?? 0),
      met,
    ];
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
