/** LZ4 blocks by the kernels, from one place of their memory to another. */
import type { Launcher } from "./launch-map.js";
import { compileLz4Decode, lz4Patterns, PATTERN_BYTES } from "./lz4-decode-kernel.js";
import { compileLz4Encode, TABLE_BYTES } from "./lz4-encode-kernel.js";

/** Bytes that are read behind a source and written behind a target: they have to be there. */
export const LZ4_MARGIN = 16;
/** Bytes that the kernels work in. */
export const LZ4_WORK_BYTES: number = TABLE_BYTES + PATTERN_BYTES;

export interface Lz4Place {
  readonly source: number;
  readonly length: number;
  readonly target: number;
  readonly room: number;
  /** {@link LZ4_WORK_BYTES} bytes. */
  readonly work: number;
}

export function launchLz4Encode(
  { cache }: Launcher,
  memory: WebAssembly.Memory,
  { source, length, target, room, work }: Lz4Place,
  acceleration: number,
): number {
  const run = cache.get("lz4 encode", compileLz4Encode);
  run(source, source + length, target, target + room, work, acceleration);
  return new DataView(memory.buffer).getInt32(work, true);
}

export function launchLz4Decode(
  { cache }: Launcher,
  memory: WebAssembly.Memory,
  { source, length, target, room, work }: Lz4Place,
): number {
  const run = cache.get("lz4 decode", compileLz4Decode);
  const patterns = work + TABLE_BYTES;
  new Uint8Array(memory.buffer, patterns, PATTERN_BYTES).set(PATTERNS);
  run(source, source + length, target, target + room, patterns, work);
  return new DataView(memory.buffer).getInt32(work, true);
}

const PATTERNS = lz4Patterns();
