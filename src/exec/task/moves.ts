/** Concat and reshape tasks: elements move, values stay. */
import { piecesIn } from "../../ir/cuts.js";
import { type Box, boxElements, boxIsEmpty, boxShape, imageOfBox } from "../../ir/index-map.js";
import { arrayOf } from "../../ir/scratch.js";
import {
  type ConcatStage,
  concatPartBox,
  type Operand,
  type ReshapeStage,
  reshapeFlatRange,
  reshapeInputBox,
  taskBox,
} from "../../ir/stage.js";
import {
  checkCancelled,
  itemOf,
  type Place,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import { all, type Flow } from "./flow.js";
import { denseAt, shifted } from "./operands.js";
import { canReadDirectly, readDirectly } from "./reads.js";
import { copyOperand, placeOperands } from "./regions.js";

interface Piece {
  readonly operand: Operand;
  readonly box: Box;
  readonly target: Place;
}

export function* concatTask(
  ctx: TaskContext,
  stage: ConcatStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const box = taskBox(stage, task);
  if (boxIsEmpty(box)) return;
  const dtype = arrayOf(ctx.plan, stage.outputs[0] as number).dtype;
  const whole = denseAt(outputs[0] as number, boxShape(box), itemOf(dtype));
  const pieces: Piece[] = [];
  for (const part of stage.parts) {
    const inner = concatPartBox(part, stage.axis, box);
    if (inner === undefined) continue;
    const offset = inner.lo.map((v, axis) =>
      axis === stage.axis ? v + part.start - (box.lo[axis] as number) : 0,
    );
    pieces.push({ operand: part.operand, box: inner, target: shifted(whole, offset) });
  }
  // Reads that need no region run side by side; the others take turns with the one that was paid for.
  const direct = pieces.filter((p) => canReadDirectly(p.operand, p.box));
  yield* all(direct.map((p) => () => readDirectly(ctx, p.operand, p.box, p.target)));
  for (const piece of pieces) {
    if (direct.includes(piece)) continue;
    checkCancelled(ctx);
    yield* copyOperand(ctx, piece.operand, piece.box, piece.target, scratch);
  }
}

/**
 * In the flat index of each group the block is affine: as soon as the input's axes of a group follow one another
 * without gaps, one strided copy does it.
 */
export function* reshapeTask(
  ctx: TaskContext,
  stage: ReshapeStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const box = taskBox(stage, task);
  if (boxIsEmpty(box)) return;
  const size = itemOf(stage.operand.dtype);
  const input = reshapeInputBox(stage, box);
  const extents = boxShape(box);
  const output = outputs[0] as number;
  if (boxElements(input) === boxElements(box)) {
    // The block is the whole region in the same order.
    const target = denseAt(output, boxShape(input), size);
    yield* copyOperand(ctx, stage.operand, input, target, scratch);
    return;
  }
  const there = oneBlock(ctx, stage, input)
    ? yield* placeOperands(ctx, [stage.operand], input, scratch)
    : [];
  let [place] = there;
  if (place === undefined || !isFlat(stage, input, place)) {
    place = denseAt(scratch.take(boxElements(input) * size), boxShape(input), size);
    yield* copyOperand(ctx, stage.operand, input, place, scratch);
  }
  checkCancelled(ctx);
  ctx.kernels.copy(
    size,
    extents,
    flatPlace(stage, box, input, place),
    denseAt(output, extents, size),
  );
}

/** An array region that lies in one block, so that looking at it takes no scratch. */
function oneBlock(ctx: TaskContext, stage: ReshapeStage, input: Box): boolean {
  if (stage.operand.from !== "array") return false;
  const image = imageOfBox(stage.operand.map, input);
  return arrayOf(ctx.plan, stage.operand.id).cuts.every((cuts, i) => {
    const [first, last] = piecesIn(cuts, image.lo[i] as number, image.hi[i] as number);
    return first === last;
  });
}

/** Whether the axes of every group follow one another without gaps at a place over the input box. */
function isFlat(stage: ReshapeStage, input: Box, place: Place): boolean {
  const shape = boxShape(input);
  return stage.groups.every((group) => {
    const axes = group.input.filter((a) => (shape[a] as number) > 1);
    return axes.every((a, i) => {
      const next = axes[i + 1];
      if (next === undefined) return true;
      return place.strides[a] === (place.strides[next] as number) * (shape[next] as number);
    });
  });
}

/** The place of the block's elements, given the place of the input box with flat groups. */
function flatPlace(stage: ReshapeStage, box: Box, input: Box, place: Place): Place {
  const shape = boxShape(input);
  const strides = new Array<number>(box.lo.length).fill(0);
  let address = place.address;
  for (const group of stage.groups) {
    const inner = group.input.findLast((a) => (shape[a] as number) > 1);
    const unit = inner === undefined ? 0 : (place.strides[inner] as number);
    let first = 0;
    for (const a of group.input) {
      first = first * (stage.inputShape[a] as number) + (input.lo[a] as number);
    }
    address += (reshapeFlatRange(stage, group, box)[0] - first) * unit;
    let step = unit;
    for (const a of [...group.output].reverse()) {
      strides[a] = step;
      step *= stage.space[a] as number;
    }
  }
  return { address, strides };
}
