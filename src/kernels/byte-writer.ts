/** A growing byte array with the number encodings of the WebAssembly binary format. */

const convert = new DataView(new ArrayBuffer(8));
const converted = new Uint8Array(convert.buffer);

export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes. */
  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned number of at most 32 bits, in LEB128. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** A signed number of 32 bits, in LEB128. */
  signed(value: number): void {
    let rest = value;
    while (rest < -0x40 || rest > 0x3f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** A signed number of 64 bits, in LEB128. */
  signedBig(value: bigint): void {
    let rest = value;
    // Most constants are small, and bigints are slow.
    while (rest < -0x8000_0000n || rest > 0x7fff_ffffn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.signed(Number(rest));
  }

  float32(value: number): void {
    convert.setFloat32(0, value, true);
    this.#converted(4);
  }

  float64(value: number): void {
    convert.setFloat64(0, value, true);
    this.#converted(8);
  }

  #converted(count: number): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.bytes[this.length++] = converted[i] as number;
  }

  /** Exactly 16 bytes: what `source` lacks is 0. */
  sixteen(source: ArrayLike<number>): void {
    this.#reserve(16);
    for (let i = 0; i < 16; i++) this.bytes[this.length++] = source[i] ?? 0;
  }

  /** Makes room for a number of at most 28 bits that is not known yet; answers with its place. */
  hole(): number {
    const at = this.length;
    for (let i = 0; i < 4; i++) this.byte(0);
    return at;
  }

  /** Fills a hole with the number of bytes that have followed it. */
  fill(hole: number): void {
    const size = this.length - hole - 4;
    for (let i = 0; i < 4; i++)
      this.bytes[hole + i] = ((size >>> (7 * i)) & 0x7f) | (i < 3 ? 0x80 : 0);
  }

  /** What another writer holds. */
  append(other: ByteWriter): void {
    this.#reserve(other.length);
    this.bytes.set(other.bytes.subarray(0, other.length), this.length);
    this.length += other.length;
  }

  /** A name, in ASCII, with its length in front. */
  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** A copy of what has been written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}
