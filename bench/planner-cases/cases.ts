/** A file of planner cases: what one says, and what is wrong with a file that is none. */
import { readFile } from "node:fs/promises";

export interface CaseSource {
  readonly name: string;
  readonly shape: readonly number[];
  /** Per axis a length, or all lengths; the advertised grid. */
  readonly chunks: readonly (number | readonly number[])[];
  /** NumPy's letter and bytes: `f8`, `i2`, `b1`. */
  readonly dtype: string;
  /** The storage grid, where it differs. */
  readonly storage_chunks?: readonly (number | readonly number[])[];
}

/** An expression over sources, and the figures that its plan may have at the most. */
export interface Case {
  readonly id: string;
  readonly expr: string;
  readonly sources: readonly CaseSource[];
  /** Figure -> value; `equals` is another expression. */
  readonly expected: Readonly<Record<string, unknown>>;
  readonly why: string;
  /** As `memory` of a run; 64 MiB where none is named. */
  readonly memory?: number | string;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export async function readCases(file: string): Promise<readonly Case[]> {
  const list: unknown = JSON.parse(await readFile(file, "utf8"));
  if (!Array.isArray(list)) throw new Error(`${file} is not a list of cases`);
  return list.map((entry: unknown, i) => {
    const good =
      isRecord(entry) &&
      typeof entry["id"] === "string" &&
      typeof entry["expr"] === "string" &&
      Array.isArray(entry["sources"]) &&
      isRecord(entry["expected"]);
    if (!good) throw new Error(`${file}: case ${i} needs id, expr, sources and expected`);
    return entry as unknown as Case;
  });
}
