/** Zarr at both ends: arrays opened lazily, results written chunk by chunk. */
import type { CardNotes } from "../display/index.js";
import { ChunkError, DTypeError, OptionError, ZarrError } from "../errors.js";
import { sourceNode } from "../ir/build.js";
import { type Cuts, cutsCount, cutsMax, pieceSize } from "../ir/cuts.js";
import { type DType, integerRange, isFloat, isInteger, itemSize } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node, topologicalOrder } from "../ir/node.js";
import { arg, call, cast, constant, type Scalar } from "../ir/scalar.js";
import { type ChunkSpec, checkDType, mapNode, resolveChunks, valueText } from "../ops/index.js";
import { LazyArray, nodeOf } from "./array.js";
import { RUN_CHECKS, type ToZarrOptions, withDefaults } from "./config.js";
import {
  type NodeDescription,
  type Packing,
  type PendingArray,
  type RunStats,
  type StoreLike,
  zarr,
} from "./engine.js";
import {
  anything,
  isBoolean,
  isNames,
  isRecord,
  isSignal,
  isText,
  oneOf,
  readOptions,
} from "./options.js";
import { run, settle } from "./run.js";

export interface OpenZarrOptions {
  /** Path of the array in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** The dtype that is expected: a DTypeError if it is another one. */
  readonly dtype?: DType | undefined;
  /** Decode CF packing (`scale_factor`, `add_offset`, `_FillValue`); default true. */
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
 * Opens a Zarr array (v3 or v2) from a path, a `file:` URL or a store. Only metadata is read.
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
  const node =
    opened.packing === undefined || decode === false ? raw : unpacked(raw, opened.packing);
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

/**
 * Computes an array into a Zarr v3 array, chunk by chunk: it may be far larger than memory. Every chunk appears whole
 * or not at all. Resolves to what the run did.
 *
 * @example await toZarr(speed.rechunk([-1, 32, 32]), "speed.zarr", { path: "speed", codecs: "zstd" });
 */
export async function toZarr(
  x: LazyArray,
  url: StoreLike,
  options?: ToZarrOptions,
): Promise<RunStats> {
  const asked = nodeOf("toZarr", x);
  const checked = withDefaults(
    readOptions<ToZarrOptions>("toZarr", options, {
      ...RUN_CHECKS,
      path: isText,
      codecs: anything,
      chunks: anything,
      mode: oneOf("create", "overwrite"),
      attributes: isRecord,
      dimensionNames: isNames,
      fillValue: anything,
    }),
  );
  const [node = asked] = await settle([asked], checked);
  const names = checked.dimensionNames;
  if (names !== undefined && names.length !== knownShape(node).length) {
    throw new OptionError(
      `toZarr: ${valueText(names)} names ${names.length} dimensions, the array has ${knownShape(node).length}`,
    );
  }
  const chunks = storedChunks(node, checked.chunks);
  const pending = await (await zarr()).pendingZarrArray(url, {
    shape: knownShape(node),
    dtype: dtypeOf(node),
    chunks,
    path: checked.path,
    codecs: checked.codecs,
    mode: checked.mode,
    attributes: checked.attributes,
    dimensionNames: names,
    fillValue: checked.fillValue,
  });
  if (checked.mode === "overwrite") refuseOwnInput(node, pending);
  const release = pending.claim();
  try {
    // Created when the plan stands: a plan that does not fit leaves the store as it was.
    const { stats } = await run([{ node, sink: pending.sink }], checked, pending.create);
    return stats;
  } finally {
    release();
  }
}

function refuseOwnInput(node: Node, pending: PendingArray): void {
  for (const { op, params } of topologicalOrder([node])) {
    if (op === "source" && pending.replaces(params.binding)) {
      throw new ZarrError(
        `toZarr: ${params.binding.name} is read by the expression that would replace it`,
        {
          hint: "write to another path, or persist() the array first",
        },
      );
    }
  }
}

/** Regular chunk lengths: what was asked for, or the longest block along each axis. */
export function storedChunks(node: Node, spec: ChunkSpec | undefined): number[] {
  const grid = advertisedGrid(node);
  if (spec === undefined) return grid.map((c) => Math.max(1, cutsMax(c)));
  const cuts = resolveChunks("toZarr", spec, knownShape(node), itemSize(dtypeOf(node)), grid);
  return cuts.map((c, axis) => {
    if (!isRegular(c)) {
      throw new ChunkError(`toZarr: the chunks of axis ${axis} are not all of one length`, {
        hint: "stored chunks are equally long, but for the last one: give one length",
      });
    }
    return Math.max(1, pieceSize(c, 0));
  });
}

function isRegular(cuts: Cuts): boolean {
  const [first, last, more] = cuts;
  if (more !== undefined) return false;
  if (last === undefined) return true;
  return last.repeat === 1 && last.size < (first?.size ?? 0) && cutsCount(cuts) > 1;
}
