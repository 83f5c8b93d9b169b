/**
 * Arrays that live longer than a run, in the arena where kernels work: what was handed in (`asarray`) or persisted is
 * then read where it lies, without a copy to every task.
 *
 * There is one arena per process. Blocks of runs grow from its lowest address upwards, handed out by the coordinator;
 * regions grow from the highest address downwards, handed out by the calling thread, where arrays are made. The two
 * meet in two shared words: the lowest address of a region (`FLOOR`), which blocks must stay below, and the highest
 * address that blocks have reached (`TOP`). Each side writes its own word and then looks at the other's, so of two
 * that reach for the same bytes at least one sees it and stands back.
 *
 * An array that finds no room there lies beside it, in shared memory of its own.
 *
 * Regions are counted: by their owner, and by the runs that read them. An owner that is collected without having
 * been disposed of gives up its count too. An arena is dropped when no thread and no region needs it: only then do
 * its pages go back to the system.
 */
import type { SharedRegion } from "../../ir/binding.js";
import type { Bindings } from "../../ir/stage.js";
import { AddressAllocator, alignedBytes, type Border } from "./allocator.js";
import { createArena, FIRST_BLOCK, MAX_ARENA, PAGE } from "./arena.js";

/** Arenas smaller than this are of no use to anybody. */
const LEAST_ARENA: number = FIRST_BLOCK + 256 * 1024 * 1024;
/** Smaller arrays are copied to tasks faster than anything could be gained by. */
export const LEAST_REGION: number = 256 * 1024;
const LARGE = 2 ** 26;
/** What regions leave to blocks at the least. */
const LEAST_BLOCKS: number = 1792 * 1024 * 1024;

/**
 * Whether shared memory of so many bytes is worth a collection: it goes back to the system when every thread has
 * collected what it had of it, and no thread collects for its sake, since it is not counted as theirs.
 */
export const isLarge = (bytes: number): boolean => bytes >= LARGE;

const FLOOR = 0;
const TOP = 1;

/** The border between blocks and regions as the coordinator sees it. */
export class BlockBorder implements Border {
  readonly #words: Int32Array;

  constructor(words: SharedArrayBuffer) {
    this.#words = new Int32Array(words);
    Atomics.store(this.#words, TOP, 0);
  }

  /** Blocks must end at or below this address. */
  get ceiling(): number {
    return Atomics.load(this.#words, FLOOR) * PAGE;
  }

  /** Claims all bytes below `top`; false if a region has been made there meanwhile. */
  claim(top: number): boolean {
    const before = Atomics.load(this.#words, TOP);
    Atomics.store(this.#words, TOP, Math.max(before, Math.ceil(top / PAGE)));
    if (top <= this.ceiling) return true;
    Atomics.store(this.#words, TOP, before);
    return false;
  }
}

/** Whoever gave out a region takes it back; `orphaned` if nobody will have said so. */
export interface Giver {
  free(address: number, orphaned: boolean): void;
}

/** Bytes at the top of an arena, or beside it. */
export class Region implements SharedRegion {
  readonly buffer: SharedArrayBuffer;
  readonly address: number;
  readonly bytes: number;
  readonly #count: RegionCount;
  #owned = true;

  constructor(giver: Giver, buffer: SharedArrayBuffer, address: number, bytes: number) {
    this.buffer = buffer;
    this.address = address;
    this.bytes = bytes;
    this.#count = new RegionCount(giver, address);
    orphans.register(this, this.#count, this);
  }

  /** Keeps the bytes until `release`: somebody reads or writes them. */
  hold(): void {
    this.#count.add();
  }

  release(): void {
    this.#count.drop();
  }

  /** The owner needs them no more. */
  dispose(): void {
    if (!this.#owned) return;
    this.#owned = false;
    orphans.unregister(this);
    this.#count.drop();
  }
}

/** Apart from the region, so that it can outlive it. */
class RegionCount {
  readonly #giver: Giver;
  readonly #address: number;
  #users = 1;

  constructor(giver: Giver, address: number) {
    this.#giver = giver;
    this.#address = address;
  }

  add(): void {
    this.#users++;
  }

  drop(orphaned = false): void {
    if (--this.#users === 0) this.#giver.free(this.#address, orphaned);
  }
}

const orphans = new FinalizationRegistry<RegionCount>((count) => count.drop(true));

/** The arena of the process's threads. */
export class SharedArena {
  readonly memory: WebAssembly.Memory = createArena(MAX_ARENA, LEAST_ARENA);
  /** Two words that coordinator and calling thread share; see {@link BlockBorder}. */
  readonly border: SharedArrayBuffer = new SharedArrayBuffer(8);
  /** Engines that run on it. */
  engines = 0;
  readonly #words = new Int32Array(this.border);
  readonly #end: number = this.memory.buffer.byteLength;
  /** Of distances from the arena's end: regions are dense there. */
  readonly #distances: AddressAllocator;
  /** Bytes of every region by its address. */
  readonly #regions = new Map<number, number>();

  constructor() {
    this.#distances = new AddressAllocator(0, Math.max(0, this.#end - FIRST_BLOCK - LEAST_BLOCKS));
    this.#setFloor();
  }

  /** Bytes that blocks cannot have. */
  get regionBytes(): number {
    return this.#end - this.#floor;
  }

  get empty(): boolean {
    return this.#regions.size === 0;
  }

  /** A region of `bytes`, or undefined where there is no room for it. */
  take(bytes: number): Region | undefined {
    const distance = this.#distances.allocate(bytes);
    if (distance < 0) return undefined;
    const address = this.#end - distance - alignedBytes(bytes);
    this.#regions.set(address, bytes);
    this.#setFloor();
    if (Atomics.load(this.#words, TOP) * PAGE <= this.#floor) {
      const buffer = this.memory.buffer as unknown as SharedArrayBuffer;
      return new Region(this, buffer, address, bytes);
    }
    this.#forget(address);
    return undefined;
  }

  free(address: number): void {
    this.#forget(address);
    dropIfIdle(this);
  }

  get #floor(): number {
    return Atomics.load(this.#words, FLOOR) * PAGE;
  }

  #forget(address: number): void {
    const bytes = this.#regions.get(address) as number;
    this.#regions.delete(address);
    this.#distances.free(this.#end - address - alignedBytes(bytes));
    this.#setFloor();
  }

  #setFloor(): void {
    let lowest = this.#end;
    for (const address of this.#regions.keys()) lowest = Math.min(lowest, address);
    Atomics.store(this.#words, FLOOR, Math.floor(lowest / PAGE));
  }
}

/** What must stay while somebody uses it. */
export interface Held {
  hold(): void;
  release(): void;
}

/** What a run reads and writes outside of its own blocks: held until no task of it is left. */
export const heldRegions = (
  { sources }: Bindings,
  regions: readonly (SharedRegion | undefined)[] = [],
): readonly Held[] => [...sources.map((s) => s.region), ...regions].filter((r) => r !== undefined);

let current: SharedArena | undefined;

/** The arena of this process, made when first asked for. */
export function sharedArena(): SharedArena {
  current ??= new SharedArena();
  return current;
}

/** What a plan may put into the arena: what it holds beside the regions, less 1/16 for what placing blocks wastes. */
export function arenaRoom(): number {
  const bytes = current?.memory.buffer.byteLength ?? MAX_ARENA;
  const blocks = bytes - FIRST_BLOCK - (current?.regionBytes ?? 0);
  return Math.max(0, Math.floor((blocks / 16) * 15));
}

/** A place for an array, or undefined if it is small or the arena has no room. */
export const takeRegion = (bytes: number): Region | undefined =>
  bytes < LEAST_REGION ? undefined : sharedArena().take(bytes);

/** Called when an engine has ended. A broken one may have threads that still write: nobody else gets its arena. */
export function leaveArena(arena: SharedArena, broken: boolean): void {
  arena.engines--;
  if (broken && arena === current) current = undefined;
  dropIfIdle(arena);
}

function dropIfIdle(arena: SharedArena): void {
  if (arena === current && arena.empty && arena.engines === 0) current = undefined;
}
