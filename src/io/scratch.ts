/**
 * Buffers for encoded and decoded chunks, kept between reads: a fresh buffer of some MiB costs as much in page
 * faults as decoding it. A thread keeps at most {@link KEPT_BYTES}; what is larger goes to the collector, which is told.
 */
import { dropped } from "./codecs/garbage.js";

const KEPT_BYTES = 8 << 20;
const free: ArrayBuffer[] = [];
let kept = 0;

/** `bytes` bytes of any content, aligned to 8. Give them back with {@link give}. */
export function take(bytes: number): Uint8Array {
  let best = -1;
  for (let i = 0; i < free.length; i++) {
    const size = free[i]!.byteLength;
    if (size >= bytes && size <= 4 * bytes + 4096 && (best < 0 || size < free[best]!.byteLength)) {
      best = i;
    }
  }
  if (best < 0) return new Uint8Array(roomy(bytes)).subarray(0, bytes);
  const [buffer] = free.splice(best, 1) as [ArrayBuffer];
  kept -= buffer.byteLength;
  return new Uint8Array(buffer, 0, bytes);
}

/** Somewhat more, so that lengths which differ a little, as those of encoded chunks do, share their buffers. */
function roomy(bytes: number): number {
  const grain = 2 ** Math.max(6, Math.ceil(Math.log2(Math.max(1, bytes))) - 4);
  return Math.ceil(bytes / grain) * grain;
}

export function give(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer;
  if (buffer.byteLength === 0) return;
  if (buffer.byteLength + kept > KEPT_BYTES) {
    dropped(buffer.byteLength);
    return;
  }
  kept += buffer.byteLength;
  free.push(buffer);
}

/** Runs `work` with a function that takes buffers, and gives them all back after. */
export class Scratch {
  readonly #taken: Uint8Array[] = [];

  take(bytes: number): Uint8Array {
    const buffer = take(bytes);
    this.#taken.push(buffer);
    return buffer;
  }

  release(): void {
    for (const buffer of this.#taken) give(buffer);
    this.#taken.length = 0;
  }
}
