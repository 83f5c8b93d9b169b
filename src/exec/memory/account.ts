/**
 * The account: every chunk byte that the engine holds is charged here before it exists, whether it lies in the
 * arena (blocks, scratch) or outside (decode buffers, codec heaps, results waiting to be handed over).
 *
 * Charged are the bytes that were asked for. What the allocator rounds up is address space between blocks, bounded
 * by `CLASS_WASTE` in `allocator.ts`.
 */
import { InternalError } from "../../errors.js";

export class Account {
  /** Bytes that may be charged at once; grows when a neighbour gives up its lease. */
  limit: number;
  #used = 0;
  #peak = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  get peak(): number {
    return this.#peak;
  }

  fits(bytes: number): boolean {
    return this.#used + bytes <= this.limit;
  }

  charge(bytes: number): void {
    if (this.#used + bytes > this.limit) {
      throw new InternalError(
        `${bytes} bytes charged to an account of ${this.#used} of ${this.limit}`,
      );
    }
    this.#used += bytes;
    if (this.#used > this.#peak) this.#peak = this.#used;
  }

  release(bytes: number): void {
    if (bytes > this.#used) {
      throw new InternalError(`${bytes} bytes released from an account of ${this.#used}`);
    }
    this.#used -= bytes;
  }
}
