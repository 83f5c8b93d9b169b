/** Zarr to read: arrays opened lazily, alone or by the group. */
import type { CardNotes } from "../display/index.js";
import { DTypeError } from "../errors.js";
import { sourceNode } from "../ir/build.js";
import { type DType, integerRange, isFloat, isInteger, itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, call, cast, constant, type Scalar } from "../ir/scalar.js";
import { checkDType, mapNode } from "../ops/index.js";
import { LazyArray } from "./array.js";
import {
  type NodeDescription,
  type OpenedGroup,
  type Packing,
  type StoreLike,
  zarr,
} from "./engine.js";
import { anything, isBoolean, isSignal, isText, readOptions } from "./options.js";

export interface OpenZarrOptions {
  /** Path of the array in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** The dtype that is expected: a DTypeError if it is another one. */
  readonly dtype?: DType | undefined;
  /** Decode CF packing (`scale_factor`, `add_offset`, `_FillValue`); default true. */
  readonly decode?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenGroupOptions {
  /** Path of the group in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** Decode CF packing of the arrays; default true. */
  readonly decode?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A lazy array that was opened from Zarr: with its metadata. */
export class ZarrArray<D extends DType = DType> extends LazyArray<D> {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** One per axis, null where it has none; undefined if none were stored. */
  readonly dimensionNames: readonly (string | null)[] | undefined;
  /** As stored; null if the array has none. */
  readonly fillValue: unknown;
  /** Names of the codecs, in order. */
  readonly codecs: readonly string[];

  constructor(
    node: Node,
    metadata: {
      readonly attributes: Readonly<Record<string, unknown>>;
      readonly dimensionNames: readonly (string | null)[] | undefined;
      readonly fillValue: unknown;
      readonly codecs: readonly string[];
    },
  ) {
    super(node);
    this.attributes = metadata.attributes;
    this.dimensionNames = metadata.dimensionNames;
    this.fillValue = metadata.fillValue;
    this.codecs = metadata.codecs;
  }

  /** Lengths of the axes, all of them known. */
  override get shape(): readonly number[] {
    return knownShape(this.node);
  }
  override get size(): number {
    return elementCount(this.shape);
  }
  override get nbytes(): number {
    return this.size * itemSize(this.dtype);
  }

  protected override cardNotes(): CardNotes {
    const { dimensionNames, codecs, attributes } = this;
    const axes = dimensionNames?.map((name) => name ?? "-").join(", ");
    const named = ["long_name", "standard_name", "units"]
      .map((key) => attributes[key])
      .filter((text) => typeof text === "string");
    const rows: (readonly [string, string])[] = [];
    if (axes !== undefined && axes !== "") rows.push(["axes", axes]);
    if (named.length > 0) rows.push(["what", named.join(", ")]);
    if (codecs.length > 0) rows.push(["codecs", codecs.join(", ")]);
    return { kind: "ZarrArray", rows };
  }
}

/**
 * Opens a Zarr array (v3 or v2) from a path, a `file:`, `http:`, `https:` or `s3:` URL, or a store. Only metadata is read.
 *
 * CF packed data is decoded lazily: `float64(raw) * scale_factor + add_offset`, NaN where the raw value is
 * `_FillValue`; `decode: false` gives the raw values.
 *
 * Rejects with ZarrError when there is no such array or it cannot be read, DTypeError when its dtype is not the one
 * asked for.
 *
 * @example const u = await openZarr("era5.zarr", { path: "u", dtype: "float32" });
 */
export async function openZarr<E extends DType = DType>(
  url: StoreLike,
  options?: OpenZarrOptions & { readonly dtype?: E | undefined },
): Promise<ZarrArray<E>> {
  const { path, dtype, decode, signal } = readOptions<OpenZarrOptions>("openZarr", options, {
    path: isText,
    dtype: anything,
    decode: isBoolean,
    signal: isSignal,
  });
  if (dtype !== undefined) checkDType("openZarr", dtype);
  const opened = await (await zarr()).openZarrArray(url, { path, decode, signal });
  const raw = sourceNode(opened.binding);
  const node = opened.packing === undefined ? raw : unpacked(raw, opened.packing);
  if (dtype !== undefined && dtypeOf(node) !== dtype) {
    throw new DTypeError(
      `openZarr: ${opened.binding.name} is ${dtypeOf(node)}, ${dtype} was asked for`,
      {
        hint:
          node === raw
            ? `open it without dtype and cast: astype("${dtype}")`
            : `it is packed as ${dtypeOf(raw)}: cast with astype("${dtype}"), or decode: false`,
      },
    );
  }
  return new ZarrArray<E>(node, opened);
}

/** A group of a Zarr store: what is in it by name, and ready to use. */
export interface ZarrGroup {
  /** Path in the store; "" for the root. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, ZarrArray>>;
  readonly groups: Readonly<Record<string, ZarrGroup>>;
  /** Arrays that cannot be read (of strings, say), with the reason. */
  readonly unreadable: Readonly<Record<string, string>>;
}

/**
 * Opens a Zarr group (v3 or v2) with all groups and arrays in it. Only metadata is read: consolidated metadata where the
 * store has them, else the folders are listed, which local stores and stores with a `list` method can.
 *
 * Rejects with ZarrError when there is no such group or it cannot be listed, SourceError when the store fails.
 *
 * @example
 * const era5 = await openGroup("era5.zarr");
 * const { u, v } = era5.arrays;
 * const level = era5.groups["pressure"]?.attributes["units"];
 */
export async function openGroup(url: StoreLike, options?: OpenGroupOptions): Promise<ZarrGroup> {
  const checked = readOptions<OpenGroupOptions>("openGroup", options, {
    path: isText,
    decode: isBoolean,
    signal: isSignal,
  });
  return groupFrom(await (await zarr()).openZarrGroup(url, checked));
}

/** Depth of the recursion is the depth of the groups. */
function groupFrom(opened: OpenedGroup): ZarrGroup {
  const entries = <T, U>(map: ReadonlyMap<string, T>, make: (value: T) => U): Record<string, U> =>
    Object.fromEntries([...map].map(([name, value]) => [name, make(value)]));
  return {
    path: opened.path,
    attributes: opened.attributes,
    arrays: entries(opened.arrays, (array) => {
      const raw = sourceNode(array.binding);
      return new ZarrArray(array.packing === undefined ? raw : unpacked(raw, array.packing), array);
    }),
    groups: entries(opened.groups, groupFrom),
    unreadable: entries(opened.unreadable, (reason) => reason),
  };
}

/**
 * The groups and arrays of a store, from metadata alone: what `chunkwise info` shows. Arrays that cannot be read are
 * listed with the reason.
 *
 * @example const tree = await describeStore("era5.zarr"); // { kind: "group", children: [...] }
 */
export async function describeStore(
  url: StoreLike,
  options?: { readonly path?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<NodeDescription> {
  const checked = readOptions<NonNullable<typeof options>>("describeStore", options, {
    path: isText,
    signal: isSignal,
  });
  return (await zarr()).describeStore(url, checked);
}

/**
 * What does the work of codecs that have several implementations: `node:zlib`, the package `zstd-napi` if it is installed,
 * or `@foxglove/wasm-zstd`. What is written is the same format everywhere.
 *
 * @example await describeCodecs(); // { zstd: "node:zlib" }
 */
export async function describeCodecs(): Promise<{ readonly zstd: string }> {
  return { zstd: (await zarr()).zstdTier().name };
}

/** Physical values of packed data (CF conventions, section 8). */
export function unpacked(raw: Node, packing: Packing): Node {
  const stored = dtypeOf(raw);
  const own = packing.reinterpret ?? stored;
  // Reading signed bits as unsigned ones is what casts between integers of one width do.
  const bits = cast(arg(0, stored), own);
  const scaled = packing.scaleFactor !== undefined || packing.addOffset !== undefined;
  const fills = packing.fillValues.flatMap((v) => fillConstant(v, stored, own));
  if (!scaled && fills.length === 0) return mapNode("openZarr", [raw], bits);
  const dtype = scaled || !isFloat(own) ? "float64" : own;
  let value = cast(bits, dtype);
  if (packing.scaleFactor !== undefined) {
    value = call("multiply", dtype, value, constant(packing.scaleFactor, dtype));
  }
  if (packing.addOffset !== undefined) {
    value = call("add", dtype, value, constant(packing.addOffset, dtype));
  }
  const missing = fills
    .map((fill) => call("equal", own, bits, fill))
    .reduce<Scalar | undefined>(
      (all, one) => (all === undefined ? one : call("bitwiseOr", "bool", all, one)),
      undefined,
    );
  if (missing !== undefined) {
    value = call("where", dtype, missing, constant(Number.NaN, dtype), value);
  }
  return mapNode("openZarr", [raw], value);
}

/** A fill value in the raw dtype; none if no element can have it. */
function fillConstant(value: number | bigint, stored: DType, own: DType): readonly Scalar[] {
  if (!isInteger(own) || !isInteger(stored)) return [constant(value, own)];
  if (typeof value === "number" && !Number.isInteger(value)) return [];
  const big = BigInt(value);
  const fits = [stored, own].some((d) => {
    const [low, high] = integerRange(d);
    return big >= low && big <= high;
  });
  // A fill value of the stored dtype wraps around as the elements do.
  return fits ? [constant(big, own)] : [];
}
