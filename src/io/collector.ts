/**
 * The garbage collector, for the few moments when waiting for it costs memory that is promised to others.
 *
 * It is reached through a flag of the whole process that is set for an instant. Another thread may take it back in
 * that instant; then it is tried again. Where that never succeeds there is no collector this time, which costs memory
 * but is no error.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export type Collect = (options?: { readonly type: "minor" }) => void;

let collect: Collect | undefined;
/** Threads that end a run together look for it together. */
const MOST_TRIES = 16;

/** Undefined if it could not be reached now. */
export function collector(): Collect | undefined {
  for (let i = 0; collect === undefined && i < MOST_TRIES; i++) {
    setFlagsFromString("--expose-gc");
    const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
    setFlagsFromString("--no-expose-gc");
    if (typeof found === "function") collect = found as Collect;
  }
  return collect;
}
