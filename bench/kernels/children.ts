/**
 * Other implementations in processes of their own, which stay for the whole benchmark and answer one request at a time:
 * ours and theirs can take turns, so that a change of the machine's load reaches both.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../../bench/${name}`, import.meta.url));

export interface Request {
  readonly run: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly inputs: readonly string[];
  readonly threads: number;
  readonly check: boolean;
}

/** Of one call; `check` is there if it was asked for. */
export interface Answer {
  readonly seconds: number;
  readonly check?: readonly number[];
}

/** A child that answers every line with a line. */
export class LineChild {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #what: string;

  constructor(what: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#what = what;
    this.#child = spawn(command, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    // What went wrong shows as a child without an answer.
    this.#child.on("error", () => undefined);
    this.#child.stdin?.on("error", () => undefined);
    const input = this.#child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true) throw new Error(`${this.#what} ended instead of answering ${line}`);
    return answer.value;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin?.end();
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode === null && signalCode === null && pid !== undefined) await ended;
  }
}

/** All peers that this machine has, by the names that rows call them. */
export class Peers {
  /** Name and version of what is there. */
  readonly versions: ReadonlyMap<string, string>;
  readonly #python: LineChild | undefined;
  readonly #native: LineChild | undefined;
  readonly #temporary: string | undefined;

  private constructor(
    python: LineChild | undefined,
    native: LineChild | undefined,
    temporary: string | undefined,
    versions: ReadonlyMap<string, string>,
  ) {
    this.#python = python;
    this.#native = native;
    this.#temporary = temporary;
    this.versions = versions;
  }

  static async open(): Promise<Peers> {
    const versions = new Map<string, string>();
    const python = await openPeers("peers/main.py", versions);
    const temporary = mkdtempSync(join(tmpdir(), "chunkwise-bench-"));
    const native = openNative(temporary, versions);
    return new Peers(python, native, temporary, versions);
  }

  has(peer: string): boolean {
    return this.versions.has(peer);
  }

  async ask(peer: string, request: Request): Promise<Answer> {
    if (peer === "C" && this.#native !== undefined) {
      const count = request.shape.reduce((n, s) => n * s, 1);
      const line = await this.#native.ask(`${request.run} ${request.dtype} ${count} 1`);
      const [seconds = Number.NaN, check = Number.NaN] = line.split(" ").map(Number);
      return { seconds, check: [check] };
    }
    if (this.#python === undefined) throw new Error(`there is no ${peer}`);
    return JSON.parse(await this.#python.ask(JSON.stringify({ peer, ...request }))) as Answer;
  }

  /** Lets go of the arrays that the native child holds. */
  async rest(): Promise<void> {
    await this.#native?.ask("copy float32 0 1");
  }

  async close(): Promise<void> {
    await Promise.all([this.#python?.close(), this.#native?.close()]);
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** Undefined without a Python, or where it has none of the packages. */
export async function openPeers(
  program: string,
  versions: Map<string, string>,
): Promise<LineChild | undefined> {
  const command = process.env["CHUNKWISE_PYTHON"] ?? "python3";
  const child = new LineChild("the Python of the peers", command, [folder(program)], {
    OPENBLAS_NUM_THREADS: "1",
    MKL_NUM_THREADS: "1",
    OMP_NUM_THREADS: "2",
    // Threads that spin after their work would take time from whose turn comes next.
    OMP_WAIT_POLICY: "PASSIVE",
    NUMBA_NUM_THREADS: "2",
    NUMEXPR_MAX_THREADS: "2",
    PYTHONDONTWRITEBYTECODE: "1",
  });
  let found: Record<string, string>;
  try {
    found = JSON.parse(await child.ask('{"peers": true}')) as Record<string, string>;
  } catch {
    return undefined;
  }
  for (const [name, version] of Object.entries(found)) versions.set(name, version);
  if (Object.keys(found).length > 0) return child;
  await child.close();
  return undefined;
}

/** Undefined where there is no C compiler. */
function openNative(temporary: string, versions: Map<string, string>): LineChild | undefined {
  const program = join(temporary, "kernels");
  const compiler = process.env["CC"] ?? "cc";
  try {
    const source = folder("native/kernels.c");
    const args = ["-O3", "-march=native", "-o", program, source, "-lm"];
    execFileSync(compiler, args, { stdio: ["ignore", "ignore", "ignore"] });
  } catch {
    return undefined;
  }
  versions.set("C", `${compiler} -O3`);
  return new LineChild("the native child", program, []);
}
