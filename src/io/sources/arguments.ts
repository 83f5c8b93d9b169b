/** Checks of what users give for shapes and grids. */
import { ChunkError, ShapeError } from "../../errors.js";
import { type Cuts, cutsExtent, cutsFromSizes, uniformCuts } from "../../ir/cuts.js";

const isLength = (n: unknown, low: number): n is number =>
  typeof n === "number" && Number.isSafeInteger(n) && n >= low;

export function checkShapeArgument(
  who: string,
  shape: unknown,
): asserts shape is readonly number[] {
  if (!Array.isArray(shape) || !shape.every((n) => isLength(n, 0))) {
    throw new ShapeError(
      `${who}: shape must be a list of integers >= 0, got ${JSON.stringify(shape)}`,
    );
  }
  let count = 1;
  for (const n of shape as readonly number[]) count *= Math.max(1, n);
  if (!Number.isSafeInteger(count)) {
    throw new ShapeError(`${who}: shape ${JSON.stringify(shape)} has too many elements`);
  }
}

/** Per axis: a chunk length (the last chunk may be shorter), a list of lengths, or cuts. */
export function cutsArgument(
  who: string,
  shape: readonly number[],
  chunks: readonly (number | readonly number[] | Cuts)[],
): Cuts[] {
  if (!Array.isArray(chunks) || chunks.length !== shape.length) {
    throw new ChunkError(
      `${who}: chunks must have one entry per axis (${shape.length}), got ${JSON.stringify(chunks)}`,
    );
  }
  return shape.map((extent, axis) => {
    const given = chunks[axis] as number | readonly number[] | Cuts;
    const wrong = (what: string): ChunkError =>
      new ChunkError(`${who}: chunks of axis ${axis} ${what}, got ${JSON.stringify(given)}`, {
        hint: "give a chunk length, or lengths that add up to the axis",
      });
    if (isLength(given, 1)) return uniformCuts(extent, given);
    if (!Array.isArray(given)) throw wrong("must be an integer >= 1 or a list");
    const list = given as readonly unknown[];
    const isRuns = list.length > 0 && list.every((r) => typeof r === "object" && r !== null);
    if (!isRuns && !list.every((n) => isLength(n, 0))) throw wrong("must hold integers >= 0");
    const cuts = isRuns ? (given as Cuts) : cutsFromSizes(given as readonly number[]);
    if (cutsExtent(cuts) !== extent) {
      throw wrong(`must add up to its length ${extent}`);
    }
    return cuts;
  });
}
