/** Defaults that depend on the machine: how much memory and how many workers a computation gets. */
import { readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { MAX_BLOCKS, MAX_THREADS } from "./memory/arena.js";

/** Never less by default: below it even small arrays are cut into slivers. */
const LEAST_MEMORY: number = 256 * 1024 * 1024;
/** Never more: what blocks can occupy in one arena, less 1/16 for what placing them wastes. */
export const MOST_MEMORY: number = Math.floor((MAX_BLOCKS / 16) * 15);

/** Reads a file; undefined if it is not there. */
export type ReadText = (path: string) => string | undefined;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** Bytes that the container still leaves: cgroup v2, then v1, then what the machine has free. */
export function freeMemory(read: ReadText = readText, free: () => number = freemem): number {
  const rooms = [free()];
  for (const folder of cgroupFolders(read)) {
    const v2 = roomOf(
      read,
      `/sys/fs/cgroup${folder}/memory.max`,
      `/sys/fs/cgroup${folder}/memory.current`,
    );
    if (v2 !== undefined) rooms.push(v2);
    const base = `/sys/fs/cgroup/memory${folder}`;
    const v1 = roomOf(read, `${base}/memory.limit_in_bytes`, `${base}/memory.usage_in_bytes`);
    if (v1 !== undefined) rooms.push(v1);
  }
  return Math.min(...rooms);
}

/** The group of this process and all groups around it; inside a container its own group is the root. */
function cgroupFolders(read: ReadText): Set<string> {
  const folders = new Set<string>([""]);
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null || !(match[1] === "" || (match[1] as string).split(",").includes("memory")))
      continue;
    const parts = (match[2] as string).split("/").filter((p) => p !== "");
    for (let n = 1; n <= parts.length; n++) folders.add(`/${parts.slice(0, n).join("/")}`);
  }
  return folders;
}

function roomOf(read: ReadText, limitPath: string, usedPath: string): number | undefined {
  const limit = Number.parseInt(read(limitPath) ?? "", 10);
  const used = Number.parseInt(read(usedPath) ?? "", 10);
  // "max", and the huge number that v1 writes when there is no limit, say nothing.
  if (!Number.isFinite(limit) || limit >= 2 ** 60) return undefined;
  return Math.max(0, limit - (Number.isFinite(used) ? used : 0));
}

/** Default of `memory`: half of what the container leaves, at least 256 MiB, at most what one arena holds. */
export function defaultMemory(read: ReadText = readText, free: () => number = freemem): number {
  return Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, Math.floor(freeMemory(read, free) / 2)));
}

/** Default of `workers`: the processors that this process may use. */
export const defaultWorkers = (): number => Math.min(MAX_THREADS, availableParallelism());
