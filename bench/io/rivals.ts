/** All who take part: ours in processes of their own, one for each setting, and the Python of the peers. */
import { fileURLToPath } from "node:url";
import { LineChild, openPeers } from "../kernels/children.js";
import { median } from "../report.js";
import type { Job, Reply } from "./protocol.js";

const CHILD = fileURLToPath(new URL("./child.js", import.meta.url));
const PEERS = "peers/io.py";

export class Rivals {
  readonly versions: ReadonlyMap<string, string>;
  readonly #python: LineChild | undefined;
  readonly #ours = new Map<string, LineChild>();

  private constructor(python: LineChild | undefined, versions: ReadonlyMap<string, string>) {
    this.#python = python;
    this.versions = versions;
  }

  static async open(): Promise<Rivals> {
    const versions = new Map<string, string>();
    return new Rivals(await openPeers(PEERS, versions), versions);
  }

  has(peer: string): boolean {
    return this.versions.has(peer);
  }

  /** Answered by a process of ours that has this name and does nothing else: its memory is that of this work. */
  async ours(name: string, job: Job): Promise<Reply> {
    let child = this.#ours.get(name);
    if (child === undefined) {
      child = new LineChild(`our side (${name})`, process.execPath, [CHILD]);
      this.#ours.set(name, child);
    }
    return JSON.parse(await child.ask(JSON.stringify(job))) as Reply;
  }

  async theirs(peer: string, job: Job, threads = 2): Promise<Reply> {
    if (this.#python === undefined) throw new Error(`there is no ${peer}`);
    return JSON.parse(await this.#python.ask(JSON.stringify({ peer, threads, ...job }))) as Reply;
  }

  /** Ends the process of this name: the next request makes a new one, whose memory has seen nothing. */
  async end(name: string): Promise<void> {
    const child = this.#ours.get(name);
    this.#ours.delete(name);
    await child?.close();
  }

  /** Ends our processes, and with them what they hold. */
  async rest(): Promise<void> {
    const children = [...this.#ours.values()];
    this.#ours.clear();
    await Promise.all(children.map((child) => child.close()));
  }

  async close(): Promise<void> {
    await Promise.all([this.rest(), this.#python?.close()]);
  }
}

export interface Contestant {
  readonly name: string;
  readonly run: () => Promise<Reply>;
}

/** What each contestant answered, round by round; the round that warms it up is not among them. */
export type Replies = ReadonlyMap<string, readonly Reply[]>;

export async function contest(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Replies> {
  const replies = new Map(contestants.map(({ name }) => [name, [] as Reply[]]));
  for (let round = -1; round < rounds; round += 1) {
    for (const { name, run } of contestants) {
      const reply = await run();
      if (round >= 0) replies.get(name)?.push(reply);
    }
  }
  return replies;
}

export const seconds = (replies: Replies, name: string): number | undefined => {
  const found = replies.get(name);
  return found === undefined ? undefined : median(found.map((r) => r.seconds));
};

/** Processor seconds. */
export const processor = (replies: Replies, name: string): number | undefined => {
  const found = replies.get(name);
  return found === undefined ? undefined : median(found.map((r) => r.cpu ?? Number.NaN));
};

/** The median of the ratios of each round: how many times `ours` is as fast as `other`. */
export function speed(replies: Replies, ours: string, other: string): number | undefined {
  const [mine, others] = [replies.get(ours), replies.get(other)];
  if (mine === undefined || others === undefined) return undefined;
  return median(mine.map((r, i) => (others[i] as Reply).seconds / r.seconds));
}

/** The last, which has seen all: the highest memory of a process only grows. */
export const last = (replies: Replies, name: string): Reply =>
  replies.get(name)?.at(-1) ?? { seconds: Number.NaN };
