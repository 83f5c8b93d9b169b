/**
 * Gather tasks: rows named by a list of positions.
 *
 * The positions of a block are sorted; rows at even distances in both the input and the output then move in one
 * copy, repeated and reversed ones too. Arrays are copied from where they lie. Of a source only the stretches that
 * hold wanted rows are read: rows in the same storage chunk (or at most `NEAR` apart in one beside it) in one piece, so
 * that a wide but sparse selection does not read its hull, and no chunk without a wanted row.
 */
import type { Cuts } from "../../ir/cuts.js";
import { pieceAt } from "../../ir/cuts.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxIsEmpty,
  boxShape,
  imageOfBox,
} from "../../ir/index-map.js";
import type { IndexList } from "../../ir/node.js";
import { alignScratch, arrayOf, gatherSpan } from "../../ir/scratch.js";
import { type GatherStage, type Operand, taskBox } from "../../ir/stage.js";
import {
  checkCancelled,
  itemOf,
  type Place,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import { all, type Flow } from "./flow.js";
import { copyFromBlocks, denseAt, throughMap } from "./operands.js";
import { readSource } from "./reads.js";

/** Rows that are not wanted are read along if no more than this many lie between two that are. */
const NEAR = 8;

/** The wanted positions of a block in ascending order, and the output row that each goes to. */
interface Wanted {
  readonly positions: Float64Array;
  readonly rows: Uint32Array;
}

function wantedOf(list: IndexList, from: number, to: number): Wanted {
  const values = list.values.subarray(from, to);
  const rows = Uint32Array.from(values, (_, i) => i);
  let sorted = true;
  for (let i = 1; i < values.length && sorted; i++) {
    sorted = (values[i - 1] as number) <= (values[i] as number);
  }
  if (sorted) return { positions: values, rows };
  rows.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  return { positions: Float64Array.from(rows, (r) => values[r] as number), rows };
}

/** Calls `move(first, count, distance, row, step)` for runs of `[from, to)` that are even in input and output. */
function evenRuns(
  { positions, rows }: Wanted,
  from: number,
  to: number,
  move: (first: number, count: number, distance: number, row: number, step: number) => void,
): void {
  for (let i = from; i < to; ) {
    const first = positions[i] as number;
    const row = rows[i] as number;
    let count = 1;
    let distance = 0;
    let step = 0;
    if (i + 1 < to) {
      distance = (positions[i + 1] as number) - first;
      step = (rows[i + 1] as number) - row;
      count = 2;
      while (
        i + count < to &&
        positions[i + count] === first + count * distance &&
        rows[i + count] === row + count * step
      ) {
        count++;
      }
      // Two rows far apart are no pattern: the second may begin a better run.
      if (count === 2 && distance > 1 && i + 2 < to) count = 1;
    }
    move(first, count, count === 1 ? 0 : distance, row, count === 1 ? 0 : step);
    i += count;
  }
}

export function* gatherTask(
  ctx: TaskContext,
  stage: GatherStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const box = taskBox(stage, task);
  if (boxIsEmpty(box)) return;
  const list = ctx.indices[stage.indices] as IndexList;
  const wanted = wantedOf(
    list,
    stage.start + (box.lo[stage.axis] as number),
    stage.start + (box.hi[stage.axis] as number),
  );
  const size = itemOf(arrayOf(ctx.plan, stage.outputs[0] as number).dtype);
  const whole = denseAt(outputs[0] as number, boxShape(box), size);
  if (stage.operand.from !== "array") {
    yield* gatherFromSource(ctx, stage, box, wanted, whole, scratch);
    return;
  }
  checkCancelled(ctx);
  evenRuns(wanted, 0, wanted.rows.length, (first, count, distance, row, step) => {
    const run: Operand = {
      ...stage.operand,
      map: runMap(stage.operand.map, stage.axis, first, distance),
    };
    copyFromBlocks(
      ctx,
      run,
      withAxis(box, stage.axis, 0, count),
      rowsAt(whole, stage.axis, row, step),
    );
  });
}

/** The map from (.., number in a run, ..) instead of (.., position, ..). */
const runMap = (map: AffineMap, axis: number, first: number, distance: number): AffineMap =>
  map.map((m) =>
    m.axis === axis ? { axis, start: m.start + m.step * first, step: m.step * distance } : m,
  );

const withAxis = (box: Box, axis: number, lo: number, hi: number): Box => ({
  lo: box.lo.map((v, i) => (i === axis ? lo : v)),
  hi: box.hi.map((v, i) => (i === axis ? hi : v)),
});

/** Rows `row`, `row + step`, .. of a place. */
const rowsAt = ({ address, strides }: Place, axis: number, row: number, step: number): Place => ({
  address: address + row * (strides[axis] as number),
  strides: strides.map((s, i) => (i === axis ? s * step : s)),
});

/** A stretch of the input: the wanted rows `[from, to)` (numbers in sorted order) lie in positions `[lo, hi)`. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly lo: number;
  readonly hi: number;
}

function stretches({ positions }: Wanted, span: number, chunkOf: (p: number) => number): Stretch[] {
  const out: Stretch[] = [];
  let from = 0;
  for (let i = 1; i <= positions.length; i++) {
    const lo = positions[from] as number;
    const last = positions[i - 1] as number;
    const next = positions[i];
    const chunks = next === undefined ? 0 : chunkOf(next) - chunkOf(last);
    const joins =
      next !== undefined &&
      next < lo + span &&
      (chunks === 0 || (chunks === 1 && next - last <= NEAR + 1));
    if (joins) continue;
    out.push({ from, to: i, lo, hi: last + 1 });
    from = i;
  }
  return out;
}

/** Number of the storage chunk of a position along the gathered axis; some positions each where chunks are not known. */
function chunkFinder(ctx: TaskContext, stage: GatherStage): (position: number) => number {
  const axis = stage.operand.map.findIndex((m) => m.axis === stage.axis);
  const { from, id } = stage.operand;
  const chunks = from === "outside" ? arrayOf(ctx.plan, id).outside?.inner : ctx.sourceChunks?.(id);
  const cuts: Cuts | undefined = chunks?.[axis];
  const m = stage.operand.map[axis];
  if (cuts === undefined || m === undefined) return (p) => Math.floor(p / NEAR);
  const sign = m.step < 0 ? -1 : 1;
  return (p) => sign * pieceAt(cuts, m.start + m.step * p);
}

function* gatherFromSource(
  ctx: TaskContext,
  stage: GatherStage,
  box: Box,
  wanted: Wanted,
  whole: Place,
  scratch: ScratchStack,
): Flow {
  const { operand, axis } = stage;
  const size = itemOf(operand.dtype);
  const todo = stretches(wanted, gatherSpan(stage), chunkFinder(ctx, stage));
  const mark = scratch.mark();
  for (let next = 0; next < todo.length; ) {
    checkCancelled(ctx);
    // As many stretches as fit are read side by side.
    const loaded: { stretch: Stretch; box: Box; image: Box; region: Place }[] = [];
    for (; next < todo.length; next++) {
      const stretch = todo[next] as Stretch;
      const part = withAxis(box, axis, stretch.lo, stretch.hi);
      const image = imageOfBox(operand.map, part);
      const bytes = boxElements(image) * size;
      if (loaded.length > 0 && alignScratch(bytes) > scratch.room()) break;
      const region = denseAt(scratch.take(bytes), boxShape(image), size);
      loaded.push({ stretch, box: part, image, region });
    }
    yield* all(
      loaded.map(
        ({ image, region }) =>
          () =>
            readSource(ctx, operand, image, region),
      ),
    );
    for (const { stretch, box: part, image, region } of loaded) {
      const place = throughMap(operand.map, region, image, part);
      evenRuns(wanted, stretch.from, stretch.to, (first, count, distance, row, step) => {
        const extents = boxShape(withAxis(box, axis, 0, count));
        const from = rowsAt(place, axis, first - stretch.lo, distance);
        ctx.kernels.copy(size, extents, from, rowsAt(whole, axis, row, step));
      });
    }
    scratch.reset(mark);
  }
}
