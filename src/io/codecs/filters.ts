/** Zarr v2 filters (numcodecs): shuffle, delta and fixedscaleoffset, as bytes to bytes. */
import { ZarrError } from "../../errors.js";
import {
  arrayClass,
  isBig,
  isFloat,
  itemSize,
  type RealDType,
  type TypedArray,
} from "../../ir/dtype.js";
import { HEAP_BYTES } from "../kernel-heap.js";
import { realFromV2 } from "../zarr/dtypes.js";
import { type CodecConfig, type CodecEntry, damaged, integerOption } from "./codec.js";
import { shuffleBytes, unshuffleBytes } from "./shuffles.js";

export const shuffle: CodecEntry = {
  make: (config) => {
    const size = integerOption("shuffle", config, "elementsize", 4, 1, 65_536);
    return {
      fixedSize: (decoded) => decoded,
      heapBytes: (decoded) => decoded + HEAP_BYTES,
      decode: (src, dst) => {
        if (src.length !== dst.length) throw wrongSize("shuffle", src, dst.length);
        unshuffleBytes(src, dst, size);
      },
      sizeOf: (src) => src.length,
      encode: (src) => {
        const out = new Uint8Array(src.length);
        shuffleBytes(src, out, size);
        return out;
      },
    };
  },
};

const wrongSize = (codec: string, src: Uint8Array, expected: number): Error =>
  damaged(codec, `${src.length} bytes instead of ${expected}`);

interface Types {
  readonly to: RealDType;
  readonly from: RealDType;
}

function typesOf(codec: string, config: CodecConfig): Types {
  const to = realFromV2(config["dtype"], `codec ${codec}: dtype`);
  const from =
    config["astype"] == null ? to : realFromV2(config["astype"], `codec ${codec}: astype`);
  return { to, from };
}

/** An aligned typed copy or view of little-endian bytes. */
function elements(bytes: Uint8Array, dtype: RealDType): TypedArray {
  const size = itemSize(dtype);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new (arrayClass(dtype))(aligned.buffer, aligned.byteOffset, bytes.length / size);
}

function sizes(codec: string, { to, from }: Types, src: Uint8Array, dst: Uint8Array): number {
  const count = dst.length / itemSize(to);
  const expected = count * itemSize(from);
  if (src.length !== expected) throw wrongSize(codec, src, expected);
  return count;
}

const resized =
  (types: Types) =>
  (decoded: number): number =>
    (decoded / itemSize(types.to)) * itemSize(types.from);

/** Stored are the first element and the differences; sums are taken in `dtype`, as NumPy's cumsum does. */
export const delta: CodecEntry = {
  make: (config) => {
    const types = typesOf("delta", config);
    if (isBig(types.to) !== isBig(types.from)) {
      throw new ZarrError(`codec delta from ${types.from} to ${types.to} is not supported`);
    }
    return {
      fixedSize: resized(types),
      heapBytes: (decoded) => 2 * decoded + resized(types)(decoded),
      decode: (src, dst) => {
        const count = sizes("delta", types, src, dst);
        const out = new (arrayClass(types.to))(count);
        if (isBig(types.to)) sumBig(elements(src, types.from), out as BigInt64Array);
        else sumInto(elements(src, types.from) as Float64Array, out as Float64Array);
        dst.set(new Uint8Array(out.buffer));
      },
    };
  },
};

function sumInto(from: Float64Array, to: Float64Array): void {
  let last = 0;
  for (let i = 0; i < from.length; i++) {
    to[i] = last + from[i]!;
    // Read back: the sum has been rounded or wrapped to the dtype of the array.
    last = to[i]!;
  }
}

function sumBig(from: TypedArray, to: BigInt64Array): void {
  let last = 0n;
  for (let i = 0; i < from.length; i++) {
    to[i] = last + (from as BigInt64Array)[i]!;
    last = to[i]!;
  }
}

/** Stored is `round((x - offset) * scale)`; decoded is `x / scale + offset`. */
export const fixedscaleoffset: CodecEntry = {
  make: (config) => {
    const types = typesOf("fixedscaleoffset", config);
    const { scale, offset } = config;
    if (typeof scale !== "number" || typeof offset !== "number") {
      throw new ZarrError("codec fixedscaleoffset: scale and offset must be numbers");
    }
    if (!isFloat(types.to) || isBig(types.from)) {
      throw new ZarrError(
        `codec fixedscaleoffset from ${types.from} to ${types.to} is not supported`,
      );
    }
    return {
      fixedSize: resized(types),
      heapBytes: (decoded) => decoded + resized(types)(decoded),
      decode: (src, dst) => {
        const count = sizes("fixedscaleoffset", types, src, dst);
        const from = elements(src, types.from) as Float64Array;
        const out = new (arrayClass(types.to))(count) as Float64Array;
        // NumPy computes in float32 where float32 is stored and in float64 otherwise.
        const f = types.from === "float32" ? Math.fround : Number;
        for (let i = 0; i < count; i++) out[i] = f(f(from[i]! / f(scale)) + f(offset));
        dst.set(new Uint8Array(out.buffer));
      },
    };
  },
};
