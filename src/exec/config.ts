/** Defaults that depend on the machine: how much memory and how many workers a computation gets. */
import { constants } from "node:buffer";
import { readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { MAX_THREADS } from "./memory/arena.js";

/** Never less by default, unless that is more than what is free: below it even small arrays are cut into slivers. */
const LEAST_MEMORY: number = 256 * 1024 * 1024;
/** Never less, whatever the system says of itself: with less nothing can run. */
const BARE_MEMORY: number = 16 * 1024 * 1024;
/** Elements of the longest typed array that JavaScript makes: 2^32 in Node.js 20. */
export const MOST_ELEMENTS: number = constants.MAX_LENGTH;

/** Reads a file; undefined if it is not there. */
export type ReadText = (path: string) => string | undefined;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** Looking takes a millisecond: small computations that follow one another do so once. */
const LOOK_EVERY_MS = 100;
let looked: { readonly at: number; readonly bytes: number } | undefined;

/** Bytes that the machine has free and the container, by cgroup v2 or v1, still leaves; a tenth of a second ago, maybe. */
export function freeMemory(read: ReadText = readText, free: () => number = freemem): number {
  if (read !== readText || free !== freemem) return look(read, free);
  const now = performance.now();
  if (looked === undefined || now - looked.at > LOOK_EVERY_MS) {
    looked = { at: now, bytes: look(read, free) };
  }
  return looked.bytes;
}

function look(read: ReadText, free: () => number): number {
  const rooms = [free()];
  for (const folder of cgroupFolders(read)) {
    const v2 = `/sys/fs/cgroup${folder}`;
    for (const limit of ["memory.max", "memory.high"]) {
      rooms.push(
        roomOf(read, `${v2}/${limit}`, `${v2}/memory.current`, v2, /^inactive_file (\d+)$/m),
      );
    }
    const v1 = `/sys/fs/cgroup/memory${folder}`;
    const used = `${v1}/memory.usage_in_bytes`;
    rooms.push(
      roomOf(read, `${v1}/memory.limit_in_bytes`, used, v1, /^total_inactive_file (\d+)$/m),
    );
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

/** Infinite where there is no limit. Pages of files that nobody has looked at lately are given back when memory is asked for. */
function roomOf(
  read: ReadText,
  limitPath: string,
  usedPath: string,
  folder: string,
  cache: RegExp,
): number {
  const limit = Number.parseInt(read(limitPath) ?? "", 10);
  // "max", and the huge number that v1 writes when there is no limit, say nothing.
  if (!Number.isFinite(limit) || limit >= 2 ** 60) return Number.POSITIVE_INFINITY;
  const used = Number.parseInt(read(usedPath) ?? "", 10);
  const idle = Number(cache.exec(read(`${folder}/memory.stat`) ?? "")?.[1] ?? 0);
  return Math.max(0, limit - (Number.isFinite(used) ? Math.max(0, used - idle) : 0));
}

/** Rounded down to an eighth of a power of two: what is free changes all the time, and a plan is kept for its budget. */
const steady = (bytes: number): number => {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes))) - 3);
  return Math.floor(bytes / unit) * unit;
};

/** Default of `memory`: half of what is free, at least 256 MiB, but never more than what is free. */
export function defaultMemory(read: ReadText = readText, free: () => number = freemem): number {
  const room = freeMemory(read, free);
  return Math.max(BARE_MEMORY, steady(Math.min(room, Math.max(LEAST_MEMORY, room / 2))));
}

/**
 * What is used of a budget that was asked for: beyond `arena` bytes no more than is free. A bound may be generous; a
 * plan that took it by its word would end in swapping, or in the death of the process.
 */
export function usableMemory(
  asked: number,
  arena: number,
  read: ReadText = readText,
  free: () => number = freemem,
): number {
  return asked <= arena ? asked : Math.min(asked, Math.max(arena, steady(freeMemory(read, free))));
}

/** Default of `workers`: the processors that this process may use. */
export const defaultWorkers = (): number => Math.min(MAX_THREADS, availableParallelism());
