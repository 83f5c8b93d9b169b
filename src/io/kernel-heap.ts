/**
 * Kernels for code that works on plain buffers, which kernels cannot see: a small memory of the thread's own, through
 * which elements pass piece by piece. Two copies inside the second-level cache cost far less than a loop over bytes.
 */
import { Kernels } from "../kernels/index.js";

const PAGE = 65536;
/** Bytes of one piece, before and after. */
export const PIECE: number = PAGE;
/** Bytes that a thread keeps once it has used them: kernel scratch and two pieces. */
export const HEAP_BYTES: number = 3 * PAGE;

export interface Heap {
  readonly kernels: Kernels;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

let heap: Heap | undefined;

export function heapOfThread(): Heap {
  if (heap === undefined) {
    const pages = HEAP_BYTES / PAGE;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    heap = {
      kernels: new Kernels(memory, { address: 0, bytes: PAGE }),
      from: new Uint8Array(memory.buffer, PAGE, PIECE),
      to: new Uint8Array(memory.buffer, 2 * PAGE, PIECE),
    };
  }
  return heap;
}
