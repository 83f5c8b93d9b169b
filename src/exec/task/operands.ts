/**
 * Operands: how a box of a stage's space finds its elements in a source or in the blocks of an array. What has to be read
 * first is read by `reads.ts`, to where `regions.ts` says.
 */
import { pieceStart } from "../../ir/cuts.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxIsEmpty,
  boxShape,
  imageOfBox,
  ravel,
  rowMajorStrides,
} from "../../ir/index-map.js";
import { arrayOf } from "../../ir/scratch.js";
import { blockBox, blocksTouched, gridOf, type Operand, type PlanArray } from "../../ir/stage.js";
import { itemOf, type Place, type ScratchStack, type TaskContext } from "./context.js";

/** Row-major byte strides. */
export const byteStrides = (shape: readonly number[], size: number): number[] =>
  rowMajorStrides(shape).map((s) => s * size);

/** A row-major buffer as a place. */
export const denseAt = (address: number, shape: readonly number[], size: number): Place => ({
  address,
  strides: byteStrides(shape, size),
});

/** The place at `offset` positions from the first one of `place`. */
export function shifted(place: Place, offset: readonly number[]): Place {
  let address = place.address;
  offset.forEach((n, i) => {
    if (n !== 0) address += n * (place.strides[i] as number);
  });
  return { address, strides: place.strides };
}

/**
 * `region` places the elements of box `image` of an array; the result places what positions of `box` of the space
 * read of it.
 */
export function throughMap(map: AffineMap, region: Place, image: Box, box: Box): Place {
  const strides = new Array<number>(box.lo.length).fill(0);
  let address = region.address;
  map.forEach((m, i) => {
    const stride = region.strides[i] as number;
    const first = m.axis < 0 ? m.start : m.start + m.step * (box.lo[m.axis] as number);
    address += (first - (image.lo[i] as number)) * stride;
    if (m.axis >= 0) strides[m.axis] = (strides[m.axis] as number) + m.step * stride;
  });
  return { address, strides };
}

/** The block of `array` that holds all of `image`, as the place of that image, if there is one. */
function inOneBlock(ctx: TaskContext, array: PlanArray, image: Box): Place | undefined {
  const touched = blocksTouched(array.cuts, image);
  if (touched.some(([first, last]) => first !== last)) return undefined;
  return blockPlace(
    ctx,
    array,
    touched.map(([n]) => n),
    image.lo,
  );
}

/** The place of array position `at` in the block at grid position `position`. */
function blockPlace(
  ctx: TaskContext,
  array: PlanArray,
  position: readonly number[],
  at: readonly number[],
): Place {
  const n = ravel(position, gridOf(array.cuts));
  const block = blockBox(array.cuts, n);
  const dense = denseAt(ctx.blockAddress(array.id, n), boxShape(block), itemOf(array.dtype));
  return shifted(
    dense,
    at.map((v, i) => v - (block.lo[i] as number)),
  );
}

/** The place of an array operand, in its block or in a compact copy of the elements used. */
export function placeArray(
  ctx: TaskContext,
  operand: Operand,
  box: Box,
  scratch: ScratchStack,
): Place {
  const array = arrayOf(ctx.plan, operand.id);
  const image = imageOfBox(operand.map, box);
  const there = inOneBlock(ctx, array, image);
  if (there !== undefined) return throughMap(operand.map, there, image, box);
  // Axes of the space that the map does not follow repeat the same elements: kept once, with stride 0.
  const used = new Set(operand.map.filter((m) => m.step !== 0).map((m) => m.axis));
  const shape = boxShape(box).map((n, axis) => (used.has(axis) ? n : 1));
  const size = itemOf(operand.dtype);
  const dense = denseAt(scratch.take(shape.reduce((n, s) => n * s, size)), shape, size);
  const place: Place = {
    address: dense.address,
    strides: dense.strides.map((s, axis) => (used.has(axis) ? s : 0)),
  };
  const slim: Box = { lo: box.lo, hi: box.lo.map((v, axis) => v + (shape[axis] as number)) };
  copyFromBlocks(ctx, operand, slim, place);
  return place;
}

/** Copies what `box` reads of an array to `target`, block by block, straight from where it lies. */
export function copyFromBlocks(ctx: TaskContext, operand: Operand, box: Box, target: Place): void {
  if (boxIsEmpty(box)) return;
  const array = arrayOf(ctx.plan, operand.id);
  const touched = blocksTouched(array.cuts, imageOfBox(operand.map, box));
  const position = touched.map(([first]) => first);
  const size = itemOf(operand.dtype);
  for (;;) {
    const part = positionsIn(array, operand.map, position, box);
    if (part !== undefined) {
      const image = imageOfBox(operand.map, part);
      const from = throughMap(operand.map, blockPlace(ctx, array, position, image.lo), image, part);
      const to = shifted(
        target,
        part.lo.map((v, i) => v - (box.lo[i] as number)),
      );
      ctx.kernels.copy(size, boxShape(part), from, to);
      if (ctx.meter !== undefined) ctx.meter.moved += boxElements(part) * size;
    }
    let axis = position.length - 1;
    for (; axis >= 0; axis--) {
      const [first, last] = touched[axis] as readonly [number, number];
      if ((position[axis] as number) < last) {
        position[axis] = (position[axis] as number) + 1;
        break;
      }
      position[axis] = first;
    }
    if (axis < 0) return;
  }
}

/** The positions of `box` whose elements lie in the block at a grid position; strides may jump over it. */
function positionsIn(
  array: PlanArray,
  map: AffineMap,
  position: readonly number[],
  box: Box,
): Box | undefined {
  const lo = [...box.lo];
  const hi = [...box.hi];
  for (let i = 0; i < map.length; i++) {
    const m = map[i] as AffineMap[number];
    // A constant position lies in the block: blocks touched were found from it.
    if (m.axis < 0 || m.step === 0) continue;
    const cuts = array.cuts[i] as PlanArray["cuts"][number];
    const start = pieceStart(cuts, position[i] as number);
    const end = pieceStart(cuts, (position[i] as number) + 1);
    const first = m.step > 0 ? (start - m.start) / m.step : (end - 1 - m.start) / m.step;
    const last = m.step > 0 ? (end - 1 - m.start) / m.step : (start - m.start) / m.step;
    lo[m.axis] = Math.max(lo[m.axis] as number, Math.ceil(first));
    hi[m.axis] = Math.min(hi[m.axis] as number, Math.floor(last) + 1);
    if ((lo[m.axis] as number) >= (hi[m.axis] as number)) return undefined;
  }
  return { lo, hi };
}

/** All positions of a box of numbers, row-major; the array is reused. */
export function* positions(ranges: readonly (readonly [number, number])[]): Generator<number[]> {
  if (ranges.some(([lo, hi]) => lo >= hi)) return;
  const at = ranges.map(([lo]) => lo);
  for (;;) {
    yield at;
    let k = at.length - 1;
    for (; k >= 0; k--) {
      const [lo, hi] = ranges[k] as readonly [number, number];
      at[k] = (at[k] as number) + 1;
      if ((at[k] as number) < hi) break;
      at[k] = lo;
    }
    if (k < 0) return;
  }
}
