/**
 * Which chunks of an array are there; of a sharded array, which shards. A chunk's key is there when the chunk is whole:
 * stores see to that.
 */
import { ZarrError } from "../../errors.js";
import { ravel, unravel } from "../../ir/index-map.js";
import { keyOf, type Store } from "../stores/store.js";
import type { Place } from "./locate.js";
import { type ArrayMetadata, chunkKey } from "./metadata.js";

/** Questions to a store that cannot list, under way at a time. */
const IN_FLIGHT = 64;

/** The chunks of an array, row-major: 1 for those that are there. */
export interface FinishedChunks {
  readonly grid: readonly number[];
  readonly there: Uint8Array;
  /** How many are there. */
  readonly count: number;
}

export const chunkGrid = ({ shape, layout }: ArrayMetadata): number[] =>
  shape.map((n, i) => Math.ceil(n / (layout.shape[i] as number)));

export const isFinished = ({ there, count }: FinishedChunks): boolean => count === there.length;

/** Refuses stores in which a write cannot be resumed. */
export function checkResumable({ store, name }: Place): void {
  const lists = typeof store.list === "function" || store instanceof Map;
  if (!lists && typeof store.has !== "function") {
    throw new ZarrError(
      `${name}: a write to this store cannot be resumed, it has neither a list nor a has method`,
    );
  }
  if (typeof store.delete !== "function") {
    throw new ZarrError(
      `${name}: a write to this store cannot be resumed, it has no delete method`,
    );
  }
}

/** Lists the chunks of an array, or asks for them one by one where the store cannot list. */
export async function finishedChunks(
  { store, path }: Place,
  metadata: ArrayMetadata,
): Promise<FinishedChunks> {
  const grid = chunkGrid(metadata);
  const there = new Uint8Array(grid.reduce((n, count) => n * count, 1));
  const keys = listed(store, path);
  if (keys === undefined) await ask(store, path, metadata, grid, there);
  else for (const key of await keys) mark(key, path, metadata, grid, there);
  return { grid, there, count: there.reduce((n, one) => n + one, 0) };
}

function listed(
  store: Store,
  path: string,
): Iterable<string> | PromiseLike<Iterable<string>> | undefined {
  if (store instanceof Map) return (store as Map<string, unknown>).keys();
  return store.list?.(path === "" ? "/" : keyOf("", path));
}

/** Marks the chunk of a key, if it is one of a chunk of this very grid. */
function mark(
  given: string,
  path: string,
  { keys }: ArrayMetadata,
  grid: readonly number[],
  there: Uint8Array,
): void {
  const key = given.startsWith("/") ? given : `/${given}`;
  const start = path === "" ? "/" : `/${path}/`;
  if (!key.startsWith(start)) return;
  const inner = key.slice(start.length);
  const position = (inner.match(/\d+/g) ?? []).map(Number).slice(0, grid.length);
  if (position.length !== grid.length || position.some((p, i) => p >= (grid[i] as number))) return;
  if (chunkKey(keys, position) === inner) there[ravel(position, grid)] = 1;
}

async function ask(
  store: Store,
  path: string,
  { keys }: ArrayMetadata,
  grid: readonly number[],
  there: Uint8Array,
): Promise<void> {
  for (let at = 0; at < there.length; at += IN_FLIGHT) {
    const numbers = Array.from(there.subarray(at, at + IN_FLIGHT), (_, i) => at + i);
    await Promise.all(
      numbers.map(async (n) => {
        const key = keyOf(path, chunkKey(keys, unravel(n, grid)));
        if ((await store.has?.(key)) === true) there[n] = 1;
      }),
    );
  }
}

/** Removes chunks that are there although their array is not: left by a replacement that was interrupted. */
export async function removeChunks(place: Place, metadata: ArrayMetadata): Promise<void> {
  const { store, path } = place;
  const { grid, there } = await finishedChunks(place, metadata);
  for (let n = 0; n < there.length; n++) {
    if (there[n] === 1)
      await store.delete?.(keyOf(path, chunkKey(metadata.keys, unravel(n, grid))));
  }
}
