/**
 * Ordinary buffers for the private copies that user functions get, used again from call to call on a thread.
 *
 * A buffer that comes back is moved into a fresh ArrayBuffer object (its bytes stay where they are), which detaches
 * the one that the function saw: a block that it kept is empty from then on, and never shows the data of another.
 */

/** Buffers kept at the most; a call has few arguments. */
const KEPT = 8;

class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  /** A buffer of at least `bytes`; its contents are anything. */
  lend(bytes: number): ArrayBuffer {
    let best = -1;
    this.#free.forEach((buffer, i) => {
      const fits = buffer.byteLength >= bytes && buffer.byteLength <= 2 * bytes;
      const chosen = this.#free[best];
      if (fits && (chosen === undefined || buffer.byteLength < chosen.byteLength)) best = i;
    });
    const found = this.#free[best];
    if (found === undefined) return new ArrayBuffer(bytes);
    this.#free.splice(best, 1);
    return found;
  }

  giveBack(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) {
      // A function may have transferred its buffer away: that one is empty now.
      if (buffer.byteLength > 0) this.#free.push(moved(buffer));
    }
    while (this.#free.length > KEPT) this.#free.shift();
  }
}

/** The same bytes in another ArrayBuffer object; the given one is detached. */
const moved = (buffer: ArrayBuffer): ArrayBuffer => structuredClone(buffer, { transfer: [buffer] });

export const buffers: BufferPool = new BufferPool();
