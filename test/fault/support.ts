/** What the fault tests share: folders that vanish, child processes, sources, and the account at rest. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

/** Every run of these tests goes to the workers. */
export const THREADS = { inlineBytes: 0, workers: 2, memory: "64MiB" } as const;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "chunkwise-fault-"));
  folders.push(folder);
  return folder;
}

export interface Ended {
  readonly code: number | string;
  readonly output: string;
}

/** Runs a program of `programs/`; one that does not end by itself is killed and says so in `code`. */
export function program(
  name: string,
  argument: unknown,
  flags: readonly string[] = [],
): Promise<Ended> {
  const file = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [...flags, file, JSON.stringify(argument)]);
  let output = "";
  child.stdout.on("data", (text) => (output += String(text)));
  child.stderr.on("data", (text) => (output += String(text)));
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(late);
      resolve({ code: code ?? String(signal), output });
    });
  });
}

type Fill = (region: readonly { readonly start: number; readonly stop: number }[]) => unknown;

/** 0, 1, 2, ... as a user's source; `before` runs ahead of every read and may throw, or answer with a promise. */
export function ramp(length: number, chunk: number, before: Fill = () => undefined): cw.LazyArray {
  return cw.fromSource({
    shape: [length],
    dtype: "float64",
    chunks: [chunk],
    name: "ramp",
    readInto(region, { data, offset, stride }) {
      const [x] = region as [{ start: number; stop: number }];
      const fill = (): void => {
        for (let i = x.start; i < x.stop; i++) {
          data[offset + (i - x.start) * (stride[0] as number)] = i;
        }
      };
      const ready = before(region);
      return ready instanceof Promise ? ready.then(fill) : fill();
    },
  });
}

/** The sum of 0, 1, ... n - 1. */
export const triangle = (n: number): number => (n * (n - 1)) / 2;

export const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** All memory was given back, and the engine still computes. */
export async function expectHealthy(): Promise<void> {
  expect(runtime.account().used).toBe(0);
  const sum = await ramp(10_000, 100).add(1).sum().compute(THREADS);
  expect(sum.item()).toBe(triangle(10_000) + 10_000);
  expect(runtime.account().used).toBe(0);
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { cause?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}

/** Files below a folder, relative to it. */
export const filesIn = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));

/** Numbers in [0, 1) that are the same every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
