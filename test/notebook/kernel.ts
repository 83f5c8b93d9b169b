/**
 * A project as a user of notebooks has it: tslab and the packed chunkwise in a folder of their own (tslab cannot be a
 * dependency of this package: it brings a `tsc` of its own), and a Python with nbclient to drive the kernel.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const MODULES = "import nbclient, nbformat, jupyter_client";

export interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}
export interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
  readonly metadata: { readonly updates?: readonly Readonly<Record<string, string>>[] };
}
export interface Project {
  readonly directory: string;
  /** Runs a notebook; its cells with their outputs. */
  execute(notebook: string): Promise<readonly Cell[]>;
  /** Runs cells of code. */
  executeCells(...sources: readonly string[]): Promise<readonly Cell[]>;
  /** tslab's TypeScript on a file, with tslab's options: what it says. */
  check(file: string, ...options: readonly string[]): Promise<string[]>;
}

/** A Python that can drive kernels: CHUNKWISE_PYTHON, the first in the path, the system's, or one made for it. */
export async function findPython(scratch: string): Promise<string | undefined> {
  const given = process.env["CHUNKWISE_PYTHON"];
  for (const python of [given, "python3", "/usr/bin/python3"]) {
    if (python !== undefined && (await succeeds(python, "-c", MODULES))) return python;
  }
  const made = join(scratch, "venv", "bin", "python3");
  const ready =
    (await succeeds("python3", "-m", "venv", join(scratch, "venv"))) &&
    (await succeeds(made, "-m", "pip", "install", "-q", "--retries", "0", "nbclient", "nbformat"));
  return ready && (await succeeds(made, "-c", MODULES)) ? made : undefined;
}
const succeeds = (command: string, ...args: readonly string[]): Promise<boolean> =>
  run(command, args, { timeout: 180_000 }).then(
    () => true,
    () => false,
  );

export async function makeProject(directory: string, python: string): Promise<Project> {
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", directory], { cwd: root });
  const packed = (await readdir(directory)).filter((name) => name.endsWith(".tgz"));
  await writeFile(join(directory, "package.json"), '{ "private": true }');
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...flags, "tslab@1", ...packed.map((name) => `./${name}`)], {
    cwd: directory,
  });
  // What `tslab install` writes, without touching this machine's kernels.
  const kernel = join(directory, "jupyter", "kernels", "tslab");
  await mkdir(kernel, { recursive: true });
  const command = join(directory, "node_modules", ".bin", "tslab");
  const argv = [command, "kernel", "--config-path", "{connection_file}"];
  const spec = { argv, display_name: "TypeScript", language: "typescript" };
  await writeFile(join(kernel, "kernel.json"), JSON.stringify(spec));

  const execute = async (notebook: string): Promise<readonly Cell[]> => {
    const out = join(directory, "out.ipynb");
    await run(python, [join(import.meta.dirname, "execute.py"), notebook, out], {
      cwd: directory,
      timeout: 240_000,
      env: { ...process.env, JUPYTER_PATH: join(directory, "jupyter") },
    });
    return (JSON.parse(await readFile(out, "utf8")) as { cells: Cell[] }).cells;
  };
  return {
    directory,
    execute,
    async executeCells(...sources) {
      const cells = sources.map((source, i) => ({
        cell_type: "code",
        id: `cell-${i}`,
        metadata: {},
        execution_count: null,
        outputs: [],
        source,
      }));
      const kernelspec = { name: "tslab", display_name: "TypeScript", language: "typescript" };
      const file = join(directory, "cells.ipynb");
      await writeFile(
        file,
        JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }),
      );
      return execute(file);
    },
    async check(file, ...options) {
      const tsc = join(directory, "node_modules/@tslab/typescript-for-tslab/bin/tsc");
      const likeTslab = "--noEmit --module commonjs --moduleResolution node --esModuleInterop";
      const target = "--target es2021 --lib es2021 --types node --pretty false";
      const args = [tsc, ...likeTslab.split(" "), ...target.split(" "), ...options, file];
      const { stdout } = await run(process.execPath, args, { cwd: directory }).catch(
        (error: { stdout: string }) => error,
      );
      return stdout.split("\n").filter((line) => line.trim() !== "");
    },
  };
}

const joined = (text: string | readonly string[] | undefined): string =>
  typeof text === "string" ? text : (text ?? []).join("");

/** What a cell printed: on standard output, on standard error. */
export const printed = (cell: Cell, name = "stdout"): string =>
  (cell.outputs ?? [])
    .filter((o) => o.output_type === "stream" && o.name === name)
    .map((o) => joined(o.text))
    .join("");
/** The HTML that a cell shows, one for each output. */
export const shown = (cell: Cell): string[] =>
  (cell.outputs ?? [])
    .filter((o) => o.output_type === "display_data")
    .map((o) => joined(o.data?.["text/html"]));
export const sourceOf = (cell: Cell): string => joined(cell.source);
