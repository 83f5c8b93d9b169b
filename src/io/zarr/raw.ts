/**
 * Raw chunks (no bytes-to-bytes codec) are read in part. The wanted box is cut along the outermost stored axes
 * into spans; reading each span alone, or one span around them all, is a matter of how much lies between.
 */
import { ZarrError } from "../../errors.js";
import { itemSize } from "../../ir/dtype.js";
import { andFinally, isPromise, type Maybe, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { deliverAbsent } from "./absences.js";
import type { Blob } from "./blob.js";
import { rawBytes } from "./chain.js";
import type { ReaderContext } from "./context.js";
import { storedSize } from "./dtypes.js";
import { deliver, isDense, isVerbatim, type Part, storedStrides } from "./elements.js";
import type { Layout } from "./metadata.js";

/** How many of the outermost stored axes are walked, and the elements from first to last of what is inside. */
interface Cut {
  readonly depth: number;
  readonly span: number;
}

/** The cheapest cut, with `callBytes` as the price of a read. */
export function chooseCut(
  counts: readonly number[],
  strides: readonly number[],
  size: number,
  callBytes: number,
): Cut {
  let best: Cut = { depth: 0, span: 1 };
  let bestCost = Number.POSITIVE_INFINITY;
  let calls = 1;
  for (let depth = 0; depth <= counts.length; depth++) {
    let span = 1;
    for (let i = depth; i < counts.length; i++) span += (counts[i]! - 1) * strides[i]!;
    const cost = calls * (callBytes + span * size);
    if (cost < bestCost) {
      best = { depth, span };
      bestCost = cost;
    }
    calls *= counts[depth] ?? 1;
  }
  return best;
}

export function readRaw(
  blob: Blob,
  layout: Layout,
  context: ReaderContext,
  part: Part,
): Maybe<void> {
  const { metadata, callBytes } = context;
  const total = rawBytes(layout, metadata.stored);
  if (blob.size !== undefined && blob.size !== total) {
    throw new ZarrError(`damaged chunk: it has ${blob.size} bytes instead of ${total}`);
  }
  const all = part.shape.every((n, i) => n === layout.shape[i]!);
  if (blob.size === undefined && (all || !blob.ranged)) {
    return readWhole(blob, total, layout, context, part);
  }
  const size = storedSize(metadata.stored);
  const stride = storedStrides(layout);
  const counts = layout.order.map((axis) => part.shape[axis]!);
  const inOrder = layout.order.map((axis) => stride[axis]!);
  const cut = chooseCut(counts, inOrder, size, callBytes);
  const spans = spansOf(layout.order.slice(0, cut.depth), part, stride);
  const one = (span: Span): Maybe<boolean> => readSpan(blob, layout, context, span, cut.span);
  const rest = (found: boolean): Maybe<void> => {
    // A store that answers later says only now that there is no value.
    if (!found) return deliverAbsent(metadata, layout, part);
    for (let next = spans.next(); next.done !== true; next = spans.next()) {
      const result = one(next.value);
      if (isPromise(result)) return result.then(rest);
      if (!result) return deliverAbsent(metadata, layout, part);
    }
  };
  return rest(true);
}

/** From a store that hands over whole values: then their length can be checked too. */
function readWhole(
  blob: Blob,
  total: number,
  layout: Layout,
  { metadata }: ReaderContext,
  part: Part,
): Maybe<void> {
  const scratch = new Scratch();
  return andFinally(
    () =>
      then(blob.whole(total, scratch), (bytes) => {
        if (bytes === undefined) return deliverAbsent(metadata, layout, part);
        if (bytes.length !== total) {
          throw new ZarrError(`damaged chunk: it has ${bytes.length} bytes instead of ${total}`);
        }
        const stride = storedStrides(layout);
        const first = part.lo.reduce((n, v, i) => n + v * stride[i]!, 0);
        deliver(bytes, layout.endian, metadata.stored, first, stride, part, scratch);
      }),
    () => scratch.release(),
  );
}

interface Span {
  readonly part: Part;
  /** Element of the chunk at which the span starts. */
  readonly start: number;
}

function* spansOf(
  walked: readonly number[],
  part: Part,
  stride: readonly number[],
): Generator<Span> {
  const at = part.lo.map(() => 0);
  const shape = part.shape.map((n, axis) => (walked.includes(axis) ? 1 : n));
  for (;;) {
    let start = 0;
    let offset = part.offset;
    for (let i = 0; i < at.length; i++) {
      start += (part.lo[i]! + at[i]!) * stride[i]!;
      offset += at[i]! * part.target.stride[i]!;
    }
    yield { start, part: { lo: part.lo, shape, target: part.target, offset } };
    let i = walked.length - 1;
    for (; i >= 0; i--) {
      const axis = walked[i]!;
      if (++at[axis]! < part.shape[axis]!) break;
      at[axis] = 0;
    }
    if (i < 0) return;
  }
}

function readSpan(
  blob: Blob,
  layout: Layout,
  { metadata }: ReaderContext,
  { part, start }: Span,
  span: number,
): Maybe<boolean> {
  const size = storedSize(metadata.stored);
  const stride = storedStrides(layout);
  const { data } = part.target;
  const direct =
    isVerbatim(layout, metadata.stored) &&
    isDense(part.shape, stride, layout.order) &&
    isDense(part.shape, part.target.stride, layout.order);
  if (direct) {
    const at = data.byteOffset + part.offset * itemSize(metadata.dtype);
    return blob.read(new Uint8Array(data.buffer, at, span * size), start * size);
  }
  const scratch = new Scratch();
  const bytes = scratch.take(span * size);
  return andFinally(
    () =>
      then(blob.read(bytes, start * size), (found) => {
        if (found) deliver(bytes, layout.endian, metadata.stored, 0, stride, part, scratch);
        return found;
      }),
    () => scratch.release(),
  );
}
