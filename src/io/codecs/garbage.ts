/**
 * Codecs that answer with a buffer of their own leave it to the collector, which counts bytes outside its heap only
 * roughly and would let tens of MiB of them pile up in every thread. So it is called after every few MiB: a minor
 * collection takes about a millisecond, since little else is young in the middle of decoding.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of dropped buffers that may lie about in a thread. */
const PATIENCE = 8 << 20;

type Collect = (options: { readonly type: "minor" }) => void;
let collect: Collect | undefined;
let lying = 0;

function collector(): Collect {
  setFlagsFromString("--expose-gc");
  const found = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return found;
}

/** Tells that a buffer of so many bytes was dropped. */
export function dropped(bytes: number): void {
  lying += bytes;
  if (lying < PATIENCE) return;
  lying = 0;
  collect ??= collector();
  collect({ type: "minor" });
}
