/**
 * Addresses inside one arena: which bytes belong to which block. Pure bookkeeping, no memory is touched.
 *
 * First fit from the lowest address, so that few pages are ever touched (a touched page of an arena stays resident).
 * Free ranges lie in address order in chunks of at most `CHUNK`, each with the size of its largest range: a request
 * looks at one number per chunk and then into one chunk; neighbours join again when they are freed.
 *
 * Sizes are rounded up to classes of an eighth of a power of two, so that the hole of a block fits its slightly
 * larger sibling. From `STAGGER_FROM` bytes on a class is followed by nine cache lines: bases of equal blocks then
 * walk through all 64 line positions of a 4 KiB page, where power-of-two spacing would put them all on one cache set
 * (1.7x slower). Blocks that no cache holds are read from memory side by side: they are followed by 207 lines, so that
 * the places in step lie in different rows of the memory chips too (1.6x for three operands and a result; no gain was
 * seen beyond 13 KiB).
 */
import { InternalError } from "../../errors.js";

/** A cache line; also what every address is a multiple of. */
export const ALIGNMENT = 64;
/** Classes are exact multiples of a line up to here. */
const STAGGER_FROM = 4096;
/** Nine lines: odd, so that 64 neighbours have 64 different places in a page. */
const STAGGER = 9 * ALIGNMENT;
/** The same from `LARGE_FROM` bytes on. */
const LARGE_FROM = 2 ** 20;
const LARGE_STAGGER = 207 * ALIGNMENT;
/** At most this part of a large block is lost to its class (and `STAGGER` or `LARGE_STAGGER` bytes). */
export const CLASS_WASTE: number = 1 / 8;
/** Longest list of ranges in a chunk. */
const CHUNK = 128;

/** Bytes rounded up to whole cache lines; an empty block takes one, so that addresses are never shared. */
export const alignedBytes = (bytes: number): number =>
  Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);

/** Bytes of the size class of `bytes`. */
export function classBytes(bytes: number): number {
  const lines = alignedBytes(bytes);
  if (lines < STAGGER_FROM) return lines;
  const unit = 2 ** (Math.floor(Math.log2(lines)) - 3);
  return Math.ceil(lines / unit) * unit + (lines < LARGE_FROM ? STAGGER : LARGE_STAGGER);
}

/** Free ranges in address order. */
interface Chunk {
  readonly starts: number[];
  readonly sizes: number[];
  largest: number;
}

interface Block {
  /** Bytes asked for. */
  readonly bytes: number;
  /** Bytes taken. */
  readonly size: number;
}

/** A block that moves down when the arena is compacted. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Somebody else's word on how high addresses may be. */
export interface Border {
  /** Nothing may end above this address. */
  readonly ceiling: number;
  /** Takes all bytes below `top`; false if they cannot be had any more. */
  claim(top: number): boolean;
}

export class AddressAllocator {
  readonly base: number;
  readonly end: number;
  readonly #border: Border | undefined;
  #chunks: Chunk[] = [];
  readonly #live = new Map<number, Block>();
  #top: number;

  /** Manages the addresses `[base, end)`, both multiples of {@link ALIGNMENT}. */
  constructor(base: number, end: number, border?: Border) {
    this.base = base;
    this.end = end;
    this.#border = border;
    this.#top = base;
    this.#insert(base, end - base);
  }

  /** Highest address ever handed out: pages above were never touched. */
  get top(): number {
    return this.#top;
  }

  /** Number of blocks handed out and not freed. */
  get live(): number {
    return this.#live.size;
  }

  /** Lowest address where `bytes` fit below `ceiling`, or -1. */
  allocate(bytes: number, ceiling: number = this.end): number {
    const highest = Math.min(ceiling, this.#border?.ceiling ?? ceiling);
    let address = this.#take(classBytes(bytes), highest);
    let size = classBytes(bytes);
    if (address < 0) {
      // The class does not fit, the bytes themselves may: in a nearly full arena waste is what must give way.
      size = alignedBytes(bytes);
      address = this.#take(size, highest);
    }
    if (address < 0) return -1;
    const top = address + size;
    if (top > this.#top) {
      if (this.#border?.claim(top) === false) {
        this.#insert(address, size);
        return -1;
      }
      this.#top = top;
    }
    this.#live.set(address, { bytes, size });
    return address;
  }

  free(address: number): void {
    const block = this.#live.get(address);
    if (block === undefined)
      throw new InternalError(`address ${address} is freed, but was not taken`);
    this.#live.delete(address);
    this.#insert(address, block.size);
  }

  /** Slides all blocks down to the lowest addresses. The moves must be made in the order given. */
  compact(): readonly Move[] {
    const moves: Move[] = [];
    let to = this.base;
    const blocks = [...this.#live].sort((a, b) => a[0] - b[0]);
    this.#live.clear();
    for (const [from, { bytes }] of blocks) {
      const size = alignedBytes(bytes);
      if (from !== to) moves.push({ from, to, bytes });
      this.#live.set(to, { bytes, size });
      to += size;
    }
    this.#chunks = [];
    this.#insert(to, this.end - to);
    return moves;
  }

  #take(size: number, ceiling: number): number {
    for (let c = 0; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      if (chunk.largest < size) continue;
      const i = chunk.sizes.findIndex((s) => s >= size);
      const start = chunk.starts[i] as number;
      if (start + size > ceiling) return -1;
      const rest = (chunk.sizes[i] as number) - size;
      if (rest > 0) {
        chunk.starts[i] = start + size;
        chunk.sizes[i] = rest;
      } else this.#removeAt(c, i);
      if (rest + size === chunk.largest) chunk.largest = largestOf(chunk);
      return start;
    }
    return -1;
  }

  /** Adds a free range and joins it with its neighbours. */
  #insert(start: number, size: number): void {
    if (size <= 0) return;
    if (this.#chunks.length === 0) {
      this.#chunks.push({ starts: [start], sizes: [size], largest: size });
      return;
    }
    const c = this.#chunkOf(start);
    const chunk = this.#chunks[c] as Chunk;
    let i = lowerBound(chunk.starts, start);
    if (i > 0 && (chunk.starts[i - 1] as number) + (chunk.sizes[i - 1] as number) === start) {
      i--;
      chunk.sizes[i] = (chunk.sizes[i] as number) + size;
    } else {
      chunk.starts.splice(i, 0, start);
      chunk.sizes.splice(i, 0, size);
    }
    this.#joinNext(c, i);
    chunk.largest = Math.max(chunk.largest, chunk.sizes[i] as number);
    if (chunk.starts.length > CHUNK) this.#split(c);
  }

  /** Joins range `i` of chunk `c` with the range after it, which may be the first of the next chunk. */
  #joinNext(c: number, i: number): void {
    const chunk = this.#chunks[c] as Chunk;
    const end = (chunk.starts[i] as number) + (chunk.sizes[i] as number);
    const inside = i + 1 < chunk.starts.length;
    const nextChunk = inside ? chunk : this.#chunks[c + 1];
    if (nextChunk === undefined) return;
    const j = inside ? i + 1 : 0;
    if (nextChunk.starts[j] !== end) return;
    const size = nextChunk.sizes[j] as number;
    chunk.sizes[i] = (chunk.sizes[i] as number) + size;
    this.#removeAt(inside ? c : c + 1, j);
    if (!inside && size === nextChunk.largest) nextChunk.largest = largestOf(nextChunk);
  }

  #removeAt(c: number, i: number): void {
    const chunk = this.#chunks[c] as Chunk;
    chunk.starts.splice(i, 1);
    chunk.sizes.splice(i, 1);
    if (chunk.starts.length === 0) this.#chunks.splice(c, 1);
  }

  #split(c: number): void {
    const chunk = this.#chunks[c] as Chunk;
    const half = chunk.starts.length >> 1;
    const upper: Chunk = {
      starts: chunk.starts.splice(half),
      sizes: chunk.sizes.splice(half),
      largest: 0,
    };
    upper.largest = largestOf(upper);
    chunk.largest = largestOf(chunk);
    this.#chunks.splice(c + 1, 0, upper);
  }

  /** The last chunk that begins at or before `start`, else the first. */
  #chunkOf(start: number): number {
    let lo = 0;
    let hi = this.#chunks.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (((this.#chunks[mid] as Chunk).starts[0] as number) <= start) lo = mid;
      else hi = mid - 1;
    }
    return lo;
  }
}

const largestOf = (chunk: Chunk): number => {
  let largest = 0;
  for (const size of chunk.sizes) if (size > largest) largest = size;
  return largest;
};

function lowerBound(values: readonly number[], value: number): number {
  let lo = 0;
  let hi = values.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((values[mid] as number) < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
