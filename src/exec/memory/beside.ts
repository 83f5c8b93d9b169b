/**
 * Memory beside the arena, for arrays that are to stay and find no room in it: a shared buffer for each. What is given
 * back is kept until something else runs, or for a while, since the next array is often like the last one and touching
 * fresh pages takes longer than copying to them.
 */
import { MemoryLimitError } from "../../errors.js";
import { Region } from "./regions.js";
import { collectNow } from "./trim.js";

/** Buffers that were given back. */
const spare = new Set<SharedArrayBuffer>();
/** How long they are kept: as long as an idle engine keeps its arena. */
const SPARE_MS = 30_000;
let dropping: NodeJS.Timeout | undefined;
/** A spare one is taken for an array of at least this share of it. */
const SPARE_SHARE = 0.75;

/**
 * A place beside the arena.
 *
 * @throws MemoryLimitError if the system does not give one.
 */
export function takeBeside(bytes: number): Region {
  const known = [...spare].find(
    (b) => b.byteLength >= bytes && bytes >= SPARE_SHARE * b.byteLength,
  );
  if (known !== undefined) spare.delete(known);
  const buffer = known ?? createShared(bytes);
  const free = (_address: number, orphaned: boolean): void => {
    if (orphaned) return;
    spare.add(buffer);
    clearTimeout(dropping);
    dropping = setTimeout(dropSpares, SPARE_MS).unref();
  };
  return new Region({ free }, buffer, 0, bytes);
}

function createShared(bytes: number): SharedArrayBuffer {
  // Of shared memory that was dropped nobody is told: before more of it is taken, it goes back to the system.
  dropSpares();
  collectNow();
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new MemoryLimitError(`the system does not give ${bytes} bytes for a result that stays`, {
      hint: "write it with toZarr(), or dispose of what is not needed any more",
      cause,
    });
  }
}

/** Gives spare buffers back to the system. */
export function dropSpares(): void {
  clearTimeout(dropping);
  if (spare.size === 0) return;
  spare.clear();
  setImmediate(collectNow);
}
