/**
 * The file of a run's arrays on disk. It has a name for no longer than it takes to open it: an unnamed file lives as
 * long as somebody has it open, so it goes with the process however that ends. Where a name cannot be taken away
 * while the file is open (Windows) it is taken away at the end, and what an earlier process has left is removed when
 * the next file is made.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryLimitError, OptionError } from "../../errors.js";
import type { Plan } from "../../ir/stage.js";
import type { Held } from "../memory/regions.js";
import type { FileData } from "./file-channel.js";

const PREFIX = "chunkwise-spill-";
/** File systems that lie in memory themselves: of Linux, by their magic numbers. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** The system's folder for temporary files, or one that is on a disk where that is not. */
export function defaultSpillDirectory(): string {
  const usual = tmpdir();
  const isInMemory = (path: string): boolean => {
    try {
      return IN_MEMORY.has(statfsSync(path).type);
    } catch {
      return true;
    }
  };
  return [usual, "/var/tmp"].find((p) => existsSync(p) && !isInMemory(p)) ?? usual;
}

/** The file that a plan's arrays on disk need, closed when the last who held it lets it go. */
export function openSpill(
  plan: Plan,
  directory: string = defaultSpillDirectory(),
): SpillFile | undefined {
  return plan.spill.bytes === 0
    ? undefined
    : new SpillFile(directory, plan.spill.bytes, plan.spill.sums);
}

export class SpillFile implements Held {
  readonly fd: number;
  /** What threads need to know of it. */
  readonly data: FileData;
  #holders = 0;
  /** Set where the file still has its name. */
  #path: string | undefined;

  /**
   * Makes a file for `bytes` in `directory`, with `sums` checksums.
   *
   * Throws MemoryLimitError if the disk has no room for them, OptionError if no file can be made there.
   */
  constructor(directory: string, bytes: number, sums: number) {
    try {
      // One folder, never those above it: a wrong path is more likely than a missing disk.
      if (!existsSync(directory)) mkdirSync(directory);
      removeStale(directory);
    } catch (cause) {
      throw unusable(directory, cause);
    }
    const { bavail, bsize } = statfsSync(directory);
    if (bavail * bsize < bytes) {
      throw new MemoryLimitError(
        `the computation would put ${bytes} bytes on disk, but ${directory} has room for ${bavail * bsize}`,
        { hint: "name a directory on a larger disk with spillDirectory, or give more memory" },
      );
    }
    const name = `${PREFIX}${process.pid}-${Math.random().toString(36).slice(2)}`;
    const path = join(directory, name);
    try {
      this.fd = openSync(path, "wx+", 0o600);
    } catch (cause) {
      throw unusable(directory, cause);
    }
    try {
      unlinkSync(path);
    } catch {
      this.#path = path;
    }
    this.data = { fd: this.fd, sums: new SharedArrayBuffer(4 * sums), directory };
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders > 0) return;
    closeSync(this.fd);
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }
}

function unusable(directory: string, cause: unknown): OptionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OptionError(`spillDirectory: no file can be made in ${directory}: ${why}`, {
    hint: "name a directory that this process may write to",
    cause,
  });
}

/** Files of processes that are no more. */
function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0;
    if (!(pid > 0) || isAlive(pid)) continue;
    rmSync(join(directory, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
