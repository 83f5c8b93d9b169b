/** Comparison of results bit by bit. */
import { arrayClass, type DType, isComplex, isFloat } from "../../dist/ir/dtype.js";

/** Bytes of two results, all NaNs being equal. */
export function sameBits(dtype: DType, a: ArrayBufferLike, b: ArrayBufferLike): boolean {
  if (a.byteLength !== b.byteLength) return false;
  if (!isFloat(dtype) && !isComplex(dtype))
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
  const x = new (arrayClass(dtype))(a) as Float64Array;
  const y = new (arrayClass(dtype))(b) as Float64Array;
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}
