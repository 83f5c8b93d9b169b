/**
 * Regions: where the operands of a task are put that do not lie in blocks, and which of them is read when.
 *
 * `placeRequests` reads everything side by side and gives every operand as a place that kernels can loop over. Tasks
 * that may do without some of them lay the regions out first and read one after another (`live.ts`).
 */
import { InternalError } from "../../errors.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxIsEmpty,
  boxShape,
  imageOfBox,
} from "../../ir/index-map.js";
import type { Operand } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import { itemOf, type Place, type ScratchStack, type TaskContext } from "./context.js";
import { all, type Flow, isPromise } from "./flow.js";
import { copyFromBlocks, denseAt, placeArray, shifted, throughMap } from "./operands.js";
import { canReadDirectly, readBox, readDirectly, readLazily, readSource } from "./reads.js";

/** An operand and the box of the space, or of its own index space, that is wanted of it. */
export interface Request {
  readonly operand: Operand;
  readonly box: Box;
}

/** Where a box of a source or of an array on disk is put, for all requests that look at it. */
export interface Region {
  readonly image: Box;
  readonly place: Place;
  readonly operand: Operand;
  /** Requests with different steps look at different elements of it. */
  whole: boolean;
  /** "uniform": all of it is one value, and only the first element is there. */
  state: "unread" | "read" | "uniform";
}

export interface LaidOut {
  /** Over the box of every request. */
  readonly places: readonly Place[];
  /** Of every request; undefined for what need not be read. */
  readonly regions: readonly (Region | undefined)[];
}

/**
 * A place over its box for every request. Regions of sources, and of arrays where they span blocks, go to scratch.
 * Requests that read the same box of one source share its region.
 */
export function layOut(
  ctx: TaskContext,
  requests: readonly Request[],
  scratch: ScratchStack,
): LaidOut {
  const regions: Region[] = [];
  const laid = requests.map(({ operand, box }): { place: Place; region?: Region } => {
    if (boxIsEmpty(box)) return { place: { address: 0, strides: box.lo.map(() => 0) } };
    if (operand.from === "array") return { place: placeArray(ctx, operand, box, scratch) };
    const image = imageOfBox(operand.map, box);
    const there = operand.from === "source" ? ctx.sourcePlace?.(operand.id) : undefined;
    if (there !== undefined) {
      const bytes = boxElements(image) * itemOf(operand.dtype);
      ctx.progress(bytes);
      // Nothing is moved, but this is where its bytes are used.
      ctx.probe?.span(SPAN.read, ctx.probe.now(), bytes, operand.id);
      return { place: throughMap(operand.map, shifted(there, image.lo), image, box) };
    }
    let region = regions.find(
      (r) =>
        r.operand.id === operand.id && r.operand.from === operand.from && sameBox(r.image, image),
    );
    if (region === undefined) {
      const size = itemOf(operand.dtype);
      const place = denseAt(scratch.take(boxElements(image) * size), boxShape(image), size);
      region = { image, place, operand, whole: false, state: "unread" };
      regions.push(region);
    } else if (!sameSteps(region.operand, operand)) region.whole = true;
    return { place: throughMap(operand.map, region.place, image, box), region };
  });
  return { places: laid.map((l) => l.place), regions: laid.map((l) => l.region) };
}

const sameSteps = (a: Operand, b: Operand): boolean =>
  a.map.every((m, i) => Math.abs(m.step) === Math.abs((b.map[i] as AffineMap[number]).step));

const sameBox = (a: Box, b: Box): boolean =>
  a.lo.every((v, i) => v === b.lo[i]) && a.hi.every((v, i) => v === b.hi[i]);

/** Reads what was not read yet of some regions, side by side; true if any of them answered later. */
export function* readRegions(
  ctx: TaskContext,
  regions: readonly (Region | undefined)[],
  lazily: boolean,
): Flow<boolean> {
  let later = false;
  const todo = new Set(regions.filter((r) => r?.state === "unread"));
  yield* all(
    [...(todo as Set<Region>)].map((region) => (): void | PromiseLike<void> => {
      const { operand, image, place } = region;
      const answer = lazily
        ? region.whole
          ? readBox(ctx, operand, image, place, true)
          : readLazily(ctx, operand, image, place)
        : region.whole
          ? readBox(ctx, operand, image, place, false)
          : readSource(ctx, operand, image, place);
      const end = (uniform: unknown): void => {
        region.state = uniform === true ? "uniform" : "read";
      };
      if (!isPromise(answer)) return end(answer);
      later = true;
      return answer.then(end);
    }),
  );
  return later;
}

/** A place over its box for every request; see {@link layOut}. Reads run side by side. */
export function* placeRequests(
  ctx: TaskContext,
  requests: readonly Request[],
  scratch: ScratchStack,
): Flow<readonly Place[]> {
  const { places, regions } = layOut(ctx, requests, scratch);
  yield* readRegions(ctx, regions, false);
  return places;
}

/** A place over `box` for every operand; see {@link placeRequests}. */
export const placeOperands = (
  ctx: TaskContext,
  operands: readonly Operand[],
  box: Box,
  scratch: ScratchStack,
): Flow<readonly Place[]> =>
  placeRequests(
    ctx,
    operands.map((operand) => ({ operand, box })),
    scratch,
  );

/** Moves what `box` reads of an operand to `target`, a place over the box. */
export function* copyOperand(
  ctx: TaskContext,
  operand: Operand,
  box: Box,
  target: Place,
  scratch: ScratchStack,
): Flow {
  if (boxIsEmpty(box)) return;
  if (operand.from === "array") copyFromBlocks(ctx, operand, box, target);
  else if (canReadDirectly(operand, box)) {
    yield* all([() => readDirectly(ctx, operand, box, target)]);
  } else {
    const mark = scratch.mark();
    const [place] = yield* placeOperands(ctx, [operand], box, scratch);
    if (place === undefined) throw new InternalError("an operand without a place");
    ctx.kernels.copy(itemOf(operand.dtype), boxShape(box), place, target);
    scratch.reset(mark);
  }
}
