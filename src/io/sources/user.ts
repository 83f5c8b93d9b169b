/** `ChunkSource`: the small interface through which anything else becomes a source. */
import { AbortError, ChunkwiseError, DTypeError, SourceError } from "../../errors.js";
import type { ReadTarget, RegionReader, SourceBinding } from "../../ir/binding.js";
import { type Cuts, cutsMax, pieceSize, pieceStart, piecesIn } from "../../ir/cuts.js";
import { DTYPES, type DType, isDType, itemSize } from "../../ir/dtype.js";
import { type Box, boxIsEmpty } from "../../ir/index-map.js";
import { freshId } from "../../ir/node.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { isPromise, type Maybe, mapError, runAll, then } from "../maybe.js";
import { checkShapeArgument, cutsArgument } from "./arguments.js";

export interface Interval {
  readonly start: number;
  readonly stop: number;
}

/** An array that someone else can read. */
export interface ChunkSource {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Per axis: a chunk length, or a list of lengths. */
  readonly chunks: readonly (number | readonly number[])[];
  readonly name?: string | undefined;
  /**
   * Fills `target` with the elements of `region` (one interval per axis, inside one chunk): element `p` of the
   * region belongs at `target.data[target.offset + sum(p[i] * target.stride[i])]`; complex elements take two
   * slots each. May return a promise; then at most sixteen calls are under way at a time.
   */
  readInto(
    region: readonly Interval[],
    target: ReadTarget,
    signal: AbortSignal,
  ): void | Promise<void>;
}

/** Calls of an asynchronous source that are under way at a time. */
const IN_FLIGHT = 16;

/**
 * Binds a user's source. It is read on the calling thread only, and asked for the parts of its own chunks.
 *
 * Errors: {@link SourceError} when it is no such object, ShapeError, {@link DTypeError} or ChunkError for what it
 * says of itself. What `readInto` throws becomes a {@link SourceError} that names the source and the region.
 *
 * @example
 * const ramp = userSource({
 *   shape: [100], dtype: "float64", chunks: [10], name: "ramp",
 *   readInto: ([x], { data, offset, stride }) => {
 *     for (let i = x.start; i < x.stop; i++) data[offset + (i - x.start) * stride[0]] = i;
 *   },
 * });
 */
export function userSource(source: ChunkSource): SourceBinding {
  if (typeof source !== "object" || source === null || typeof source.readInto !== "function") {
    throw new SourceError("a source is an object with shape, dtype, chunks and readInto");
  }
  const { shape, dtype, name = "source" } = source;
  if (typeof name !== "string") throw new SourceError("the name of a source must be a string");
  const who = `source ${name}`;
  checkShapeArgument(who, shape);
  if (!isDType(dtype)) {
    throw new DTypeError(`${who}: dtype ${JSON.stringify(dtype)} is unknown`, {
      hint: `dtypes are ${DTYPES.join(", ")}`,
    });
  }
  const chunks = cutsArgument(who, shape, source.chunks);
  const binding = Object.freeze({
    kind: "source",
    id: freshId(),
    name,
    shape: Object.freeze([...shape]),
    dtype,
    chunks,
    residence: "store",
    thread: "caller",
    // A source takes about one chunk beside the target, which is what decoding it needs.
    scratchBytes: chunks.reduce((n, cuts) => n * cutsMax(cuts), itemSize(dtype)),
    description: undefined,
    reader: userReader(source, name, chunks),
  } satisfies SourceBinding);
  texts.set(binding, Function.prototype.toString.call(source.readInto));
  return binding;
}

const texts = new WeakMap<SourceBinding, string>();
/** The text of the function that reads a user's source: all that can be known of what it reads. */
export const sourceText = (binding: SourceBinding): string | undefined => texts.get(binding);

function userReader(source: ChunkSource, name: string, chunks: readonly Cuts[]): RegionReader {
  return {
    readInto: (region, target, signal, probe) => {
      if (boxIsEmpty(region)) return;
      return runAll(calls(source, name, chunks, region, target, signal, probe), IN_FLIGHT);
    },
  };
}

function* calls(
  source: ChunkSource,
  name: string,
  chunks: readonly Cuts[],
  region: Box,
  target: ReadTarget,
  signal: AbortSignal,
  probe: Probe | undefined,
): Generator<() => Maybe<void>> {
  const { lo, hi } = region;
  const ranges = chunks.map((cuts, i) => piecesIn(cuts, lo[i] as number, hi[i] as number));
  const at = ranges.map(([first]) => first);
  for (;;) {
    const box = at.map((piece, i) => {
      const start = pieceStart(chunks[i] as Cuts, piece);
      const stop = start + pieceSize(chunks[i] as Cuts, piece);
      return { start: Math.max(start, lo[i] as number), stop: Math.min(stop, hi[i] as number) };
    });
    yield () => {
      const from = probe?.now();
      const part = partOf(target, box, lo);
      return then(ask(source, name, box, part, signal), () => {
        const size = itemSize(source.dtype);
        const bytes = part.shape.reduce((n, s) => n * s, size as number);
        if (from !== undefined) probe?.span(SPAN.fetch, from, bytes);
      });
    };
    let i = at.length - 1;
    for (; i >= 0; i--) {
      const [first, last] = ranges[i] as readonly [number, number];
      if ((at[i] as number) < last) {
        (at[i] as number)++;
        break;
      }
      at[i] = first;
    }
    if (i < 0) return;
  }
}

function partOf(target: ReadTarget, box: readonly Interval[], lo: readonly number[]): ReadTarget {
  const offset = box.reduce(
    (sum, { start }, i) => sum + (start - (lo[i] as number)) * (target.stride[i] as number),
    target.offset,
  );
  const shape = box.map(({ start, stop }) => stop - start);
  return { data: target.data, shape, stride: target.stride, offset };
}

function ask(
  source: ChunkSource,
  name: string,
  box: readonly Interval[],
  target: ReadTarget,
  signal: AbortSignal,
): Maybe<void> {
  if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
  return mapError(
    () => {
      const answer = source.readInto(box, target, signal);
      return isPromise(answer) ? answer : undefined;
    },
    (error) => {
      if (signal.aborted) return new AbortError(undefined, { cause: error });
      const where = box.map(({ start, stop }) => `${start}:${stop}`).join(", ");
      const what =
        error instanceof ChunkwiseError || error instanceof Error ? error.message : String(error);
      return new SourceError(`source ${name} failed to read [${where}]: ${what}`, { cause: error });
    },
  );
}
