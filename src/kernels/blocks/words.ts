/** Elements as words of at most 32 bits: every bit of them is kept, and no bigints are made. */
import { itemSize } from "../../ir/dtype.js";
import type { BuiltInBlock } from "./block.js";

/** The bits of a block: `per` words an element, so that no value passes through a float register. */
export interface Words {
  readonly data: Uint8Array | Uint16Array | Uint32Array;
  readonly per: number;
  /** Of the block's first element, in words. */
  readonly offset: number;
  /** Of the block's axes, in words. */
  readonly stride: readonly number[];
}

export function wordsOf(block: BuiltInBlock): Words {
  const size = itemSize(block.dtype);
  const { buffer, byteOffset, byteLength } = block.data;
  const width = Math.min(size, 4);
  const per = size / width;
  const Words = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
  return {
    data: new Words(buffer as ArrayBuffer, byteOffset, byteLength / width),
    per,
    offset: block.offset * per,
    stride: block.stride.map((s) => s * per),
  };
}
