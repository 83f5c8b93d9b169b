/**
 * Codecs that answer with a buffer of their own leave it to the collector, which counts bytes outside its heap only
 * roughly and would let tens of MiB of them pile up in every thread. So it is called after every few MiB: a minor
 * collection takes about a millisecond, since little else is young in the middle of decoding.
 */
import { collector } from "../collector.js";

/** Bytes of dropped buffers that may lie about in a thread. */
const PATIENCE = 8 << 20;

let lying = 0;

/** Tells that a buffer of so many bytes was dropped. */
export function dropped(bytes: number): void {
  lying += bytes;
  if (lying < PATIENCE) return;
  const collect = collector();
  // Without it this time, with the next buffer perhaps.
  if (collect === undefined) return;
  lying = 0;
  collect({ type: "minor" });
}
