/**
 * Array metadata of v2 and v3 in one form: plain data, checked, structured-cloneable, so that any thread can
 * open a reader from it. All shapes are in the array's own axis order; how the stored axes are permuted is
 * in `order`.
 */
import { ZarrError } from "../../errors.js";
import { type DType, isDType } from "../../ir/dtype.js";
import type { CodecConfig } from "../codecs/codec.js";
import { deliveredDType, type Endian, fillBytes, type StoredDType, storedSize } from "./dtypes.js";
import type { Json } from "./json.js";

export interface CodecSpec {
  readonly name: string;
  readonly config: CodecConfig;
}

/** How the elements of one box are stored as bytes. */
export interface Layout {
  /** Shape of the box. */
  readonly shape: readonly number[];
  /** Stored axis `i` is axis `order[i]` of the array. */
  readonly order: readonly number[];
  readonly endian: Endian;
  /** Bytes-to-bytes codecs in the order in which they encode. */
  readonly codecs: readonly CodecSpec[];
  readonly shard: ShardLayout | undefined;
}

export interface ShardLayout {
  /** Inner chunks; `inner.shape` divides the shape of the shard. */
  readonly inner: Layout;
  readonly indexAtEnd: boolean;
  readonly indexEndian: Endian;
  readonly indexChecksum: boolean;
}

export interface ArrayMetadata {
  readonly version: 2 | 3;
  readonly shape: readonly number[];
  readonly stored: StoredDType;
  readonly dtype: DType;
  /** Little-endian bytes of one delivered element. */
  readonly fill: readonly number[];
  readonly keys: { readonly encoding: "default" | "v2"; readonly separator: "/" | "." };
  readonly layout: Layout;
}

/** What a user may want to know beside what a reader needs. */
export interface ArrayDocument {
  readonly metadata: ArrayMetadata;
  readonly fillValue: Json;
  /** Readable, in encoding order, such as `bytes(little)`. */
  readonly codecs: readonly string[];
  readonly attributes: Readonly<Record<string, Json>>;
  readonly dimensionNames: readonly (string | null)[] | undefined;
}

/**
 * Largest chunk in bytes, a JavaScript buffer's safe size; what lies beyond cannot be decoded and is most
 * likely a damaged document.
 */
const MAX_CHUNK_BYTES = 2 ** 32;
const MAX_RANK = 64;

/** A list of lengths from a document. */
export function lengths(
  value: Json | undefined,
  what: string,
  minimum: 0 | 1,
  rank?: number,
): number[] {
  if (!Array.isArray(value) || value.length > MAX_RANK) {
    throw new ZarrError(
      `${what} must be a list of at most ${MAX_RANK} integers, got ${show(value)}`,
    );
  }
  for (const n of value as readonly Json[]) {
    if (typeof n !== "number" || !Number.isSafeInteger(n) || n < minimum) {
      throw new ZarrError(`${what} must hold integers >= ${minimum}, got ${show(value)}`);
    }
  }
  if (rank !== undefined && value.length !== rank) {
    throw new ZarrError(`${what} has ${value.length} axes, the shape has ${rank}`);
  }
  return [...(value as readonly number[])];
}

export const show = (value: unknown): string =>
  JSON.stringify(value, (_k, v: unknown) => (typeof v === "bigint" ? `${v}` : v)) ?? "nothing";

/** Refuses chunks whose decoded size is out of reach, before anyone allocates one. */
export function checkChunkSize(shape: readonly number[], stored: StoredDType): void {
  let bytes = Math.max(storedSize(stored), storedSize(deliveredDType(stored)));
  for (const n of shape) bytes *= n;
  if (bytes > MAX_CHUNK_BYTES) {
    throw new ZarrError(
      `chunks of ${show(shape)} ${stored} elements (${bytes} bytes) are larger than the supported ${MAX_CHUNK_BYTES} bytes`,
    );
  }
}

export function checkShape(shape: readonly number[]): void {
  let count = 1;
  for (const n of shape) count *= Math.max(1, n);
  if (!Number.isSafeInteger(count)) {
    throw new ZarrError(`an array of shape ${show(shape)} has too many elements`);
  }
}

export function makeMetadata(
  version: 2 | 3,
  shape: readonly number[],
  stored: StoredDType,
  fillValue: Json | undefined,
  keys: ArrayMetadata["keys"],
  layout: Layout,
): ArrayMetadata {
  return {
    version,
    shape,
    stored,
    dtype: deliveredDType(stored),
    fill: fillBytes(fillValue, stored, version),
    keys,
    layout,
  };
}

/** Key of a chunk below the array's own path. */
export function chunkKey(keys: ArrayMetadata["keys"], position: readonly number[]): string {
  if (keys.encoding === "default") return ["c", ...position].join(keys.separator);
  return position.length === 0 ? "0" : position.join(keys.separator);
}

/** True for the twelve dtypes that are delivered as they are stored. */
export const isPlain = (stored: StoredDType): stored is DType => isDType(stored);

export function separatorOf(value: Json | undefined, fallback: "/" | ".", what: string): "/" | "." {
  if (value === undefined || value === null) return fallback;
  if (value === "/" || value === ".") return value;
  throw new ZarrError(`${what} must be "/" or ".", got ${show(value)}`);
}
