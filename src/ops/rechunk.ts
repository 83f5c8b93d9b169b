/**
 * Chunk specifications and `rechunk`. Every form is resolved to cuts when the expression is built, with constants
 * only, so that a grid never depends on budget, workers or machine.
 */
import { ChunkError } from "../errors.js";
import * as ir from "../ir/build.js";
import { type Cuts, cutsFromSizes, uniformCuts, wholeCuts } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { AUTO_CHUNK_BYTES, advertisedGrid, chunksForBytes, sameGrid } from "../ir/grid.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { bytesOf } from "./bytes.js";
import { countText, shapeText, valueText } from "./words.js";

/**
 * What one axis may say: a piece length (the last one is shorter), -1 for the whole axis, `"auto"` or a byte size for
 * a length that makes blocks of about that size, a list of lengths, or null to keep what is there.
 */
export type AxisChunks = number | bigint | string | readonly number[] | null | undefined;
/** One {@link AxisChunks} for all axes, a list with one per axis, or an object by axis number. */
export type ChunkSpec =
  | number
  | bigint
  | string
  | readonly AxisChunks[]
  | { readonly [axis: number]: AxisChunks };

const FORMS =
  'a length, -1 for the whole axis, "auto", a size like "64MiB", a list of lengths, or null to keep it';

/**
 * Cuts per axis for a specification. `current` is the grid that null and axes not named keep; without one they
 * are "auto".
 */
export function resolveChunks(
  fn: string,
  spec: unknown,
  shape: readonly number[],
  bytesPerElement: number,
  current?: readonly Cuts[],
): readonly Cuts[] {
  const parts = perAxis(fn, spec, shape);
  let target: number | undefined;
  const fixed = parts.map((part, axis) => {
    const extent = shape[axis] as number;
    if (part === null || part === undefined) {
      if (current !== undefined) return current[axis] as Cuts;
      target ??= AUTO_CHUNK_BYTES;
      return undefined;
    }
    if (typeof part === "string") {
      const bytes = byteTarget(fn, part);
      if (target !== undefined && target !== bytes) {
        throw new ChunkError(`${fn}: the axes ask for blocks of different sizes`, {
          hint: `use one size, ${target} and ${bytes} bytes were given`,
        });
      }
      target = bytes;
      return undefined;
    }
    return axisCuts(fn, part, axis, extent);
  });
  return chunksForBytes(shape, bytesPerElement, target ?? AUTO_CHUNK_BYTES, fixed);
}

/** What a specification says for each axis. */
export function perAxis(fn: string, spec: unknown, shape: readonly number[]): readonly unknown[] {
  const ndim = shape.length;
  if (typeof spec === "number" || typeof spec === "bigint" || typeof spec === "string") {
    return shape.map(() => spec);
  }
  if (Array.isArray(spec)) {
    if (spec.length !== ndim) {
      throw new ChunkError(
        `${fn}: ${countText(spec.length, "chunk length")} for an array with ${countText(ndim, "axis", "axes")}`,
        { hint: `give one entry per axis of shape ${shapeText(shape)}` },
      );
    }
    return spec;
  }
  if (typeof spec === "object" && spec !== null && !ArrayBuffer.isView(spec)) {
    const parts = new Array<unknown>(ndim).fill(null);
    for (const [key, value] of Object.entries(spec)) {
      const axis = Number(key);
      if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim) {
        throw new ChunkError(`${fn}: there is no axis ${valueText(key)}`, {
          hint: `the shape is ${shapeText(shape)}`,
        });
      }
      parts[axis < 0 ? axis + ndim : axis] = value;
    }
    return parts;
  }
  throw new ChunkError(`${fn}: ${valueText(spec)} is not a chunk specification`, {
    hint: `give ${FORMS}, or a list or object of these by axis`,
  });
}

/** Bytes of a block that `text` asks for. */
export function byteTarget(fn: string, text: string): number {
  const bytes = text === "auto" ? AUTO_CHUNK_BYTES : bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw new ChunkError(`${fn}: ${valueText(text)} is not a chunk size`, {
    hint: 'use "auto" or a size like "64MiB" or "100kB"',
  });
}

function axisCuts(fn: string, part: unknown, axis: number, extent: number): Cuts {
  const length = typeof part === "bigint" ? Number(part) : part;
  if (typeof length === "number") {
    if (length === -1) return wholeCuts(extent);
    if (!Number.isSafeInteger(length) || length < 1) {
      throw new ChunkError(`${fn}: chunk length ${length} on axis ${axis}`, {
        hint: "lengths are integers from 1, or -1 for the whole axis",
      });
    }
    return uniformCuts(extent, length);
  }
  if (!Array.isArray(part)) {
    throw new ChunkError(`${fn}: ${valueText(part)} on axis ${axis} is not a chunk specification`, {
      hint: `give ${FORMS}`,
    });
  }
  const sizes = part.map((s: unknown) => {
    const n = typeof s === "bigint" ? Number(s) : s;
    if (typeof n !== "number" || !Number.isSafeInteger(n) || n < 0) {
      throw new ChunkError(`${fn}: chunk length ${valueText(s)} on axis ${axis}`, {
        hint: "lengths in a list are integers from 0",
      });
    }
    return n;
  });
  const total = sizes.reduce((n, s) => n + s, 0);
  if (total !== extent) {
    throw new ChunkError(`${fn}: the chunk lengths of axis ${axis} add up to ${total}`, {
      hint: `the axis has length ${extent}`,
    });
  }
  return cutsFromSizes(sizes);
}

/** The same values, presented in these blocks; the node itself if it is cut so already. */
export function rechunk(x: Node, spec: unknown): Node {
  const grid = advertisedGrid(x);
  return layoutNode(x, resolveChunks("rechunk", spec, knownShape(x), itemSize(dtypeOf(x)), grid));
}

export function layoutNode(x: Node, chunks: readonly Cuts[]): Node {
  if (sameGrid(advertisedGrid(x), chunks)) return x;
  return ir.layoutNode(x, chunks);
}
