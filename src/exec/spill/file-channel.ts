/** Moves pieces between the arena and the run's file. Parts that pass in one go have a checksum, looked at when they come back. */
import { readSync, writeSync } from "node:fs";
import { MemoryLimitError, SourceError } from "../../errors.js";
import type { Kernels } from "../../kernels/index.js";
import type { Channel } from "./access.js";

/** What all threads of a run share of its file. */
export interface FileData {
  readonly fd: number;
  /** A checksum per part; 0 where there is none. */
  readonly sums: SharedArrayBuffer;
  readonly directory: string;
}

export class FileChannel implements Channel {
  readonly step = 1;
  readonly #fd: number;
  readonly #sums: Uint32Array;
  readonly #directory: string;
  readonly #bytes: Uint8Array;
  readonly #kernels: Pick<Kernels, "checksum">;

  constructor(
    { fd, sums, directory }: FileData,
    memory: WebAssembly.Memory,
    kernels: Pick<Kernels, "checksum">,
  ) {
    this.#fd = fd;
    this.#sums = new Uint32Array(sums);
    this.#directory = directory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#kernels = kernels;
  }

  put(offset: number, address: number, bytes: number, sum: number): void {
    if (sum >= 0) this.#sums[sum] = this.#checksum(address, bytes);
    for (let done = 0; done < bytes; ) {
      const n = this.#write(address + done, bytes - done, offset + done);
      if (n === 0) throw this.#damaged("ends too early");
      done += n;
    }
  }

  get(offset: number, address: number, bytes: number, sum: number): void {
    for (let done = 0; done < bytes; ) {
      const n = readSync(this.#fd, this.#bytes, address + done, bytes - done, offset + done);
      if (n === 0) throw this.#damaged("ends too early");
      done += n;
    }
    if (sum < 0) return;
    const expected = this.#sums[sum] as number;
    if (expected !== 0 && expected !== this.#checksum(address, bytes)) {
      throw this.#damaged("has changed");
    }
  }

  #write(address: number, bytes: number, offset: number): number {
    try {
      return writeSync(this.#fd, this.#bytes, address, bytes, offset);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG")
        throw this.#damaged("cannot be written", cause);
      throw new MemoryLimitError(`the disk is full: no more can be spilled to ${this.#directory}`, {
        hint: "name a directory on a larger disk with spillDirectory, or give more memory",
        cause,
      });
    }
  }

  /** Never 0, which stands for "none". */
  #checksum(address: number, bytes: number): number {
    return this.#kernels.checksum(address, bytes) || 1;
  }

  #damaged(what: string, cause: unknown = undefined): SourceError {
    return new SourceError(`what was spilled to ${this.#directory} ${what}`, {
      hint: "look after the disk, or name another directory with spillDirectory",
      cause,
    });
  }
}
