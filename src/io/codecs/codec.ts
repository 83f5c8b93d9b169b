/** What a codec is: bytes to bytes, decoded into memory that the caller provides. */
import { ZarrError } from "../../errors.js";
import type { Maybe } from "../maybe.js";

export interface Codec {
  /** Exact encoded size where it follows from the decoded size alone, undefined for compressors. */
  readonly fixedSize?: ((decoded: number) => number) | undefined;
  /** Bytes that decoding to or encoding from `decoded` bytes takes beside source and destination. */
  readonly heapBytes: (decoded: number) => number;
  /** The same for decoding alone, where that takes less. */
  readonly decoderBytes?: ((decoded: number) => number) | undefined;
  /**
   * Fills `dst`, whose length is the exact decoded size. Throws {@link damaged} when `src` holds more, less or
   * nonsense.
   */
  decode(src: Uint8Array, dst: Uint8Array): Maybe<void>;
  /** Decoded size as the encoding itself tells it, where it does: for compressors below another one. */
  sizeOf?: ((src: Uint8Array) => number | undefined) | undefined;
  /** Undefined for codecs that are only read. The answer may lie in room that was taken with `take`. */
  encode?: ((src: Uint8Array, take?: TakeRoom) => Maybe<Uint8Array>) | undefined;
}

/** Answers room for so many bytes of any content, which may have been used before. */
export type TakeRoom = (bytes: number) => Uint8Array;
export const newRoom: TakeRoom = (bytes) => new Uint8Array(bytes);

/** Configuration as metadata gives it, checked by the codec's `make`. */
export type CodecConfig = Readonly<Record<string, unknown>>;

export interface CodecEntry {
  /** Throws {@link ZarrError} for a configuration that is not understood. */
  make(config: CodecConfig): Codec;
  /** What must hold beyond that of a configuration that is written: {@link ZarrError} otherwise. */
  readonly check?: ((config: CodecConfig) => void) | undefined;
  /** Work to be awaited before the codec is used in a thread; the result of `make` is usable only then. */
  readonly prepare?: ((config: CodecConfig, use: "decode" | "encode") => Promise<void>) | undefined;
}

/** The bytes of a chunk are not what its codec could have written. The reader adds array and key. */
export const damaged = (codec: string, what: string, cause?: unknown): ZarrError =>
  new ZarrError(`damaged ${codec} data: ${what}`, cause === undefined ? {} : { cause });

/** Room for what a compressor may add to data that does not compress. */
export const compressedBound = (decoded: number): number => decoded + Math.ceil(decoded / 8) + 4096;

export function integerOption(
  codec: string,
  config: CodecConfig,
  name: string,
  fallback: number,
  low: number,
  high: number,
): number {
  const value = config[name] ?? fallback;
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    throw new ZarrError(
      `codec ${codec}: ${name} must be an integer from ${low} to ${high}, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}
