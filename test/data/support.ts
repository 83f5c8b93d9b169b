/** The cases of the real data: reading them, and comparing results with what they expect. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as cw from "../../dist/index.js";
import { readNpy } from "../io/helpers.js";

export const DATA: string = process.env["CHUNKWISE_DATA"] ?? path.resolve("../shared/data");

export interface Case {
  readonly id: string;
  readonly stores: readonly string[];
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly rtol: number;
  readonly atol: number;
  readonly expected: number | string;
}

/** All cases, or none where the data is not there. */
export function readCases(): readonly Case[] {
  const file = path.join(DATA, "cases.json");
  if (!fs.existsSync(file)) return [];
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { cases: Case[] }).cases;
}

/** The array of this name beside the one that a case names (`a.zarr/sst` and "time": `a.zarr/time`). */
export const sibling = (store: string, name: string): Promise<cw.LazyArray> =>
  cw.openZarr(path.join(DATA, "stores", path.dirname(store), name));
export const named = (store: string): Promise<cw.LazyArray> =>
  cw.openZarr(path.join(DATA, "stores", store));

/** Dates of a CF time coordinate, from its own units (all of ours are in hours). */
export async function dates(store: string): Promise<readonly Date[]> {
  const time = (await sibling(store, "time")) as cw.ZarrArray;
  const since = /^hours since (\d{4}-\d\d-\d\d)/.exec(String(time.attributes["units"]))?.[1];
  if (since === undefined) throw new Error(`units of time: ${time.attributes["units"]}`);
  const start = Date.parse(`${since}T00:00:00Z`);
  const { data } = await time.compute();
  return Array.from(data as ArrayLike<number | bigint>, (h) => new Date(start + Number(h) * 3.6e6));
}

/** Words for the first element that is not as expected, or undefined. */
export function difference(result: cw.NDArray, c: Case): string | undefined {
  const expected =
    typeof c.expected === "string"
      ? readNpy(path.join(DATA, c.expected))
      : { shape: [], data: [c.expected] };
  const shapes = [result.shape, expected.shape, c.shape].map((s) => `[${s.join(", ")}]`);
  if (new Set(shapes).size !== 1) return `${c.id}: shapes ${shapes.join(", ")}`;
  const got = result.data as ArrayLike<number | bigint>;
  const want = expected.data as ArrayLike<number | bigint>;
  if (got.length !== want.length) return `${c.id}: ${got.length} slots, not ${want.length}`;
  const exact = c.rtol === 0 && c.atol === 0;
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as number | bigint, want[i] as number | bigint];
    if (Object.is(g, w)) continue;
    const [a, b] = [Number(g), Number(w)];
    if (exact ? a !== b : !(Math.abs(a - b) <= c.atol + c.rtol * Math.abs(b))) {
      if (!(Number.isNaN(a) && Number.isNaN(b))) return `${c.id}: element ${i} is ${g}, not ${w}`;
    }
  }
  return undefined;
}
