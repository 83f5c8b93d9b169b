/**
 * A store over a folder of local files. Everything is synchronous: workers have nothing else to do while they
 * wait, and a promise per chunk costs more than a read from the page cache.
 *
 * A value appears whole or not at all: it is written to a temporary file in the same folder, which is then
 * renamed. The name of a temporary file holds the process id, so that what a dead process left behind can be
 * told from what a living one is writing.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { threadId } from "node:worker_threads";
import { SourceError, ZarrError } from "../../errors.js";
import {
  type DirectoryStore,
  type NewFile,
  normalizePath,
  type OpenFile,
  type RangeQuery,
} from "./store.js";

const TEMPORARY = /^\.chunkwise-(\d+)-\d+-\d+\.tmp$/;
let written = 0;

/**
 * The store whose keys are the files below `root` (which need not exist yet).
 *
 * Errors: {@link ZarrError} for keys that could leave the root, {@link SourceError} when the file system fails.
 *
 * @example const store = directoryStore("data/era5.zarr");
 */
export function directoryStore(root: string): DirectoryStore {
  if (typeof root !== "string" || root === "" || root.includes("\0")) {
    throw new ZarrError("a directory store needs the path of a folder");
  }
  const base = path.resolve(root);
  const fileOf = (key: string): string => {
    const inner = normalizePath(key, "key");
    return inner === "" ? base : path.join(base, ...inner.split("/"));
  };
  const keyOfFile = (file: string): string =>
    `/${path.relative(base, file).split(path.sep).join("/")}`;
  return {
    description: { type: "directory", root: base },
    get: (key) => readWhole(fileOf(key)),
    getRange: (key, range) => readRange(fileOf(key), range),
    set: (key, value) => writeWhole(fileOf(key), value),
    has: (key) => fs.statSync(fileOf(key), { throwIfNoEntry: false })?.isFile() === true,
    delete: (key) => guard("remove", fileOf(key), () => fs.rmSync(fileOf(key), { force: true })),
    list: (prefix) => walk(fileOf(prefix), keyOfFile),
    folders: (prefix) =>
      entriesOf(fileOf(prefix))
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map((entry) => entry.name),
    open: (key) => openFile(fileOf(key)),
    create: (key) => createFile(fileOf(key)),
    removeStale: (prefix, { deep = true } = {}) => removeStale(fileOf(prefix), deep),
  };
}

/**
 * Makes a folder and those above it, one by one. `mkdirSync` with `recursive` never returns where the file system
 * answers "no such file" for a folder whose parent exists, as /proc does.
 */
function makeFolders(folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !fs.existsSync(at) && missing.at(-1) !== at; at = path.dirname(at)) {
    missing.push(at);
  }
  for (const each of missing.reverse()) {
    try {
      fs.mkdirSync(each);
    } catch (error) {
      // Another writer may have made it in the meantime.
      if (!fs.existsSync(each)) throw error;
    }
  }
}

const isMissing = (error: unknown): boolean => {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
};

function guard<T>(verb: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ZarrError || error instanceof SourceError) throw error;
    throw new SourceError(`could not ${verb} ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function openFile(file: string): OpenFile | undefined {
  let handle: number;
  try {
    handle = fs.openSync(file, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new SourceError(`could not open ${file}: ${(error as Error).message}`, { cause: error });
  }
  const stat = fs.fstatSync(handle);
  if (!stat.isFile()) {
    fs.closeSync(handle);
    return undefined;
  }
  return {
    size: stat.size,
    read: (into, position) => readFully(handle, file, into, position),
    close: () => fs.closeSync(handle),
  };
}

/** A read may return less than asked for (signals, network file systems, more than 2 GiB). */
function readFully(handle: number, file: string, into: Uint8Array, position: number): void {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(into.length - done, 1 << 30);
    const got = guard("read", file, () => fs.readSync(handle, into, done, length, position + done));
    if (got === 0) {
      throw new SourceError(`${file} ended after ${position + done} bytes while it was being read`);
    }
    done += got;
  }
}

function readWhole(file: string): Uint8Array | undefined {
  const open = openFile(file);
  if (open === undefined) return undefined;
  try {
    const bytes = new Uint8Array(open.size);
    open.read(bytes, 0);
    return bytes;
  } finally {
    open.close();
  }
}

function readRange(file: string, range: RangeQuery): Uint8Array | undefined {
  const open = openFile(file);
  if (open === undefined) return undefined;
  try {
    const offset = "offset" in range ? range.offset : Math.max(0, open.size - range.suffixLength);
    const length = "offset" in range ? range.length : range.suffixLength;
    const bytes = new Uint8Array(Math.max(0, Math.min(length, open.size - offset)));
    open.read(bytes, offset);
    return bytes;
  } finally {
    open.close();
  }
}

/** A temporary file beside `file`, which takes its name when it is finished. */
function createFile(file: string): NewFile {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.chunkwise-${process.pid}-${threadId}-${written++}.tmp`);
  const create = (): number => fs.openSync(temporary, "wx");
  const handle = guard("write", file, () => {
    try {
      return create();
    } catch (error) {
      if (!isMissing(error)) throw error;
      makeFolders(folder);
      return create();
    }
  });
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    fs.closeSync(handle);
  };
  return {
    write: (bytes, position) =>
      guard("write", file, () => {
        for (let done = 0; done < bytes.length; ) {
          const length = Math.min(bytes.length - done, 1 << 30);
          done += fs.writeSync(handle, bytes, done, length, position + done);
        }
      }),
    finish: () =>
      guard("write", file, () => {
        close();
        fs.renameSync(temporary, file);
      }),
    discard: () => {
      try {
        close();
      } finally {
        fs.rmSync(temporary, { force: true });
      }
    },
  };
}

function writeWhole(file: string, value: Uint8Array): void {
  const made = createFile(file);
  try {
    made.write(value, 0);
    made.finish();
  } catch (error) {
    made.discard();
    throw error;
  }
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw new SourceError(`could not list ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function* walk(folder: string, keyOfFile: (file: string) => string): Generator<string> {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of entriesOf(next)) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory()) open.push(file);
      else if (!TEMPORARY.test(entry.name)) yield keyOfFile(file);
    }
  }
}

function removeStale(folder: string, deep: boolean): void {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of entriesOf(next)) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory() && deep) open.push(file);
      const owner = TEMPORARY.exec(entry.name)?.[1];
      if (owner !== undefined && !isAlive(Number(owner))) fs.rmSync(file, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
