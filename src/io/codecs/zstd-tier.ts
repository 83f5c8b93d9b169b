/** What does the work of Zstandard in this process: several can, and all of them write standard frames. */
import type { TakeRoom } from "./codec.js";

export interface ZstdTier {
  /** For people who want to know why it is as fast as it is. */
  readonly name: string;
  /** Decodes one or more frames and answers how many bytes they hold; throws where these do not fit `dst`. */
  decode(src: Uint8Array, dst: Uint8Array): number;
  /** One frame that states its content size. */
  encode(src: Uint8Array, level: number, checksum: boolean, take: TakeRoom): Uint8Array;
  /** Bytes that encoding takes beside source and destination. */
  encoderBytes(decoded: number, level: number): number;
  /** Bytes that decoding takes beside them. */
  decoderBytes(decoded: number): number;
}

/** ZSTD_compressBound: the longest frame that so many bytes can become. */
export const frameBound = (decoded: number): number => decoded + (decoded >>> 8) + 1024;

/** Largest tables of the levels: two to this power bytes (ZSTD_defaultParameters, hash and chain table together). */
const LOG_TABLES = [
  18, 18, 19, 20, 21, 22, 22, 23, 23, 24, 25, 25, 26, 26, 26, 26, 26, 26, 26, 27, 28, 29, 30,
] as const;

/** Bytes of a decoder's state, and what is in a heap from the start. */
export const STATE_BYTES: number = 7 << 18;

/** Bytes of an encoder's state for `decoded` bytes: its tables are no larger than the content is worth. */
export function encoderState(decoded: number, level: number): number {
  const log = LOG_TABLES[Math.min(Math.max(level, 0), LOG_TABLES.length - 1)] as number;
  const content = 2 ** Math.ceil(Math.log2(Math.max(decoded, 1024)));
  return Math.min(2 ** log, 16 * content) + STATE_BYTES;
}
