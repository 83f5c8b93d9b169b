/**
 * The arena: one shared WebAssembly memory, reserved at full size so that views of it stay valid for ever. Pages
 * that nobody touched cost nothing but address space.
 *
 * The lowest addresses are scratch areas for kernels, one per thread; blocks lie above them.
 */
import { MemoryLimitError } from "../../errors.js";

/** Bytes of a WebAssembly page. */
export const PAGE = 65536;
/** Bytes of kernel scratch per thread. */
export const THREAD_SCRATCH: number = PAGE;
/** Threads that may have a scratch area: workers 0..126, and the calling thread of an inline arena as 0. */
export const MAX_THREADS = 127;
/** First address of blocks; a multiple of the page size. */
export const FIRST_BLOCK: number = THREAD_SCRATCH * (MAX_THREADS + 1);
/** Largest arena: one page short of 4 GiB, so that the end of the last block is still a uint32. */
export const MAX_ARENA: number = 65535 * PAGE;

/** Address of the scratch area of thread `n`. Address 0 is nobody's, so that it can mean "none". */
export const threadScratch = (n: number): number => THREAD_SCRATCH * (n + 1);

/**
 * Reserves an arena of `bytes` (rounded up to pages, at most {@link MAX_ARENA}). Where address space is limited
 * (`ulimit -v`, some containers) the largest that can be had is taken, down to `least` bytes.
 */
export function createArena(bytes: number = MAX_ARENA, least: number = bytes): WebAssembly.Memory {
  let pages = Math.min(65535, Math.ceil(bytes / PAGE));
  for (;;) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    } catch (cause) {
      if (pages * PAGE <= least) {
        throw new MemoryLimitError(`an arena of ${pages * PAGE} bytes cannot be reserved`, {
          hint: "allow the process more address space (ulimit -v) or give a smaller `memory`",
          cause,
        });
      }
      pages = Math.max(Math.ceil(least / PAGE), pages >> 1);
    }
  }
}
