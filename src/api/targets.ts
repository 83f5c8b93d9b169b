/** From an array and the options of one stored array to what a run writes, and what is done before and after it. */
import { ChunkError, DTypeError, IndexError, OptionError, ShapeError } from "../errors.js";
import type { SinkBinding, SourceBinding } from "../ir/binding.js";
import { sourceNode } from "../ir/build.js";
import { type Cuts, cutsCount, cutsMax, pieceSize } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { type Box, boxShape } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import {
  at,
  type ChunkSpec,
  expandDims,
  normalAxis,
  resolveChunks,
  shapeText,
  valueText,
} from "../ops/index.js";
import type { StoredArrayOptions } from "./config.js";
import { type ExistingArray, type FinishedChunks, type StoreLike, zarr } from "./engine.js";
import { fingerprintOf } from "./fingerprint.js";

/** One array to write. Its place in the store is taken until `release`. */
export interface Target {
  /** As messages name it. */
  readonly name: string;
  readonly node: Node;
  readonly sink: SinkBinding;
  /** Whether a source reads the array that is written. */
  isReadBy(source: SourceBinding): boolean;
  /** The chunks that need not be written again; undefined if all are to be written. */
  readonly finished?: FinishedChunks | undefined;
  /** What is done when the plan stands: until then nothing is written. */
  begin(): Promise<void>;
  /** What is done when all chunks are written. */
  finish(): Promise<void>;
  release(): void;
}

/** Options that describe a new array, and have no meaning for one that is there. */
const OF_NEW = [
  "chunks",
  "shards",
  "codecs",
  "attributes",
  "dimensionNames",
  "fillValue",
  "zarrFormat",
  "separator",
] as const;

/** Checks the target of one array. Nothing is written. */
export async function targetOf(
  who: string,
  node: Node,
  url: StoreLike,
  path: string | undefined,
  options: StoredArrayOptions,
): Promise<Target> {
  const { mode = "create", axis, region } = options;
  if (axis !== undefined && mode !== "append") {
    throw new OptionError(`${who}: axis is for mode "append", the mode is "${mode}"`);
  }
  if ((region === undefined) === (mode === "region")) {
    throw new OptionError(
      mode === "region"
        ? `${who}: mode "region" needs the option region`
        : `${who}: region is for mode "region", the mode is "${mode}"`,
      { hint: 'as in { mode: "region", region: [slice(0, 10), null] }' },
    );
  }
  if (options.resume === true && (mode === "append" || mode === "region")) {
    throw new OptionError(`${who}: resume is for new arrays, the mode is "${mode}"`, {
      hint: "run it again from the start: what is written twice is the same",
    });
  }
  if (mode === "create" || mode === "overwrite") return created(who, node, url, path, options);
  for (const name of OF_NEW) {
    if (options[name] === undefined) continue;
    throw new OptionError(`${who}: ${name} is for new arrays, the mode is "${mode}"`, {
      hint: "an existing array keeps its own",
    });
  }
  const array = await (await zarr()).existingZarrArray(url, path);
  try {
    return mode === "append"
      ? appended(who, node, array, axis ?? 0)
      : placed(
          who,
          node,
          array,
          typeof region === "string" ? [region] : (region as readonly unknown[]),
        );
  } catch (error) {
    array.release();
    throw error;
  }
}

async function created(
  who: string,
  node: Node,
  url: StoreLike,
  path: string | undefined,
  options: StoredArrayOptions,
): Promise<Target> {
  const { dimensionNames, mode, axis: _axis, region: _region, chunks, resume, ...others } = options;
  const shape = knownShape(node);
  if (dimensionNames !== undefined && dimensionNames.length !== shape.length) {
    throw new OptionError(
      `${who}: ${valueText(dimensionNames)} names ${dimensionNames.length} dimensions, the array has ${shape.length}`,
    );
  }
  const pending = await (await zarr()).pendingZarrArray(url, {
    ...others,
    who,
    mode: mode as "create" | "overwrite" | undefined,
    shape,
    dtype: dtypeOf(node),
    chunks: storedChunks(node, chunks, who),
    dimensionNames,
    path,
    resume: resume === true ? await fingerprintOf(node) : undefined,
  });
  return {
    name: pending.name,
    node,
    sink: pending.sink,
    finished: pending.finished,
    isReadBy: (source) => pending.replaces(source),
    begin: () => pending.create(),
    finish: () => pending.complete(),
    release: () => pending.release(),
  };
}

/** An existing array with `node` behind it along an axis. */
function appended(who: string, node: Node, array: ExistingArray, given: number): Target {
  checkDType(who, node, array);
  if (array.shape.length === 0) {
    throw new ShapeError(`${who}: ${array.name} is 0-dimensional, nothing can be appended to it`);
  }
  const axis = normalAxis(who, given, array.shape.length);
  const added = knownShape(node);
  if (
    added.length !== array.shape.length ||
    added.some((n, i) => i !== axis && n !== array.shape[i])
  ) {
    throw new ShapeError(
      `${who}: an array of shape ${shapeText(added)} cannot be appended to ${array.name}, whose shape is ${shapeText(array.shape)}, along axis ${axis}`,
      { hint: "all lengths but that of the axis must be equal" },
    );
  }
  const before = array.shape[axis] as number;
  const shape = array.shape.map((n, i) => (i === axis ? n + (added[axis] as number) : n));
  const lo = shape.map((_, i) => (i === axis ? before : 0));
  return {
    ...written(node, array, { lo, hi: shape }, shape),
    finish: () => array.resize(shape),
  };
}

/** `node` in the place of a part of an existing array. */
function placed(who: string, node: Node, array: ExistingArray, region: readonly unknown[]): Target {
  checkDType(who, node, array);
  const { box, dropped } = boxOf(who, array, region);
  const kept = boxShape(box).filter((_, i) => !dropped.includes(i));
  const shape = knownShape(node);
  if (shape.length !== kept.length || shape.some((n, i) => n !== kept[i])) {
    throw new ShapeError(
      `${who}: the region has shape ${shapeText(kept)}, the array to write has ${shapeText(shape)}`,
    );
  }
  const whole = dropped.reduce((x, axis) => expandDims(x, axis), node);
  return written(whole, array, box, array.shape);
}

function checkDType(who: string, node: Node, { name, dtype }: ExistingArray): void {
  if (dtypeOf(node) === dtype) return;
  throw new DTypeError(`${who}: ${name} is ${dtype}, the array to write is ${dtypeOf(node)}`, {
    hint: `cast it with astype("${dtype}")`,
  });
}

/** The part of an array that selectors select, and the axes that integers among them drop. */
function boxOf(
  who: string,
  { source, shape }: ExistingArray,
  region: readonly unknown[],
): { readonly box: Box; readonly dropped: readonly number[] } {
  const all = sourceNode(source);
  let selected: Node;
  try {
    selected = at(all, region);
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    throw new IndexError(error.message.replace(/^at: /, `${who}: region: `), { cause: error });
  }
  if (selected === all) return { box: { lo: shape.map(() => 0), hi: shape }, dropped: [] };
  const out = knownShape(selected);
  const map = selected.op === "view" && selected.inputs[0] === all ? selected.params.map : [];
  const axes = map.filter((m) => m.axis >= 0);
  const plain = axes.every(({ axis, step }) => step === 1 || (out[axis] as number) <= 1);
  if (map.length !== shape.length || axes.length !== out.length || !plain) {
    throw new IndexError(`${who}: region must be a box of the array`, {
      hint: "give integers and slices with step 1",
    });
  }
  const lo = map.map((m) => m.start);
  const hi = map.map((m) => m.start + (m.axis < 0 ? 1 : (out[m.axis] as number)));
  return { box: { lo, hi }, dropped: map.flatMap((m, i) => (m.axis < 0 ? [i] : [])) };
}

/** `node` in a box of an existing array, which then has the shape `shape`. */
const written = (node: Node, array: ExistingArray, box: Box, shape: readonly number[]): Target => ({
  name: array.name,
  node,
  sink: array.sink(shape, box.lo, box.hi),
  isReadBy: (source) => array.isReadBy(source),
  begin: async () => undefined,
  finish: async () => undefined,
  release: () => array.release(),
});

/** Regular chunk lengths: what was asked for, or the longest block along each axis. */
export function storedChunks(node: Node, spec: ChunkSpec | undefined, who = "toZarr"): number[] {
  const grid = advertisedGrid(node);
  if (spec === undefined) return grid.map((c) => Math.max(1, cutsMax(c)));
  const cuts = resolveChunks(who, spec, knownShape(node), itemSize(dtypeOf(node)), grid);
  return cuts.map((c, axis) => {
    if (!isRegular(c)) {
      throw new ChunkError(`${who}: the chunks of axis ${axis} are not all of one length`, {
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
