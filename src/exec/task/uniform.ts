/**
 * Blocks of one value: what is computed of equal elements is computed once. The bits are those of the whole loop, since
 * every element of a map, and every leaf of equal elements of a reduction, is computed in the same order on its own.
 */
import type { DType } from "../../ir/dtype.js";
import { type Box, boxShape } from "../../ir/index-map.js";
import { stateComponents } from "../../ir/scratch.js";
import type { Operand, ReduceStage } from "../../ir/stage.js";
import { itemOf, type Place, type Scratch, type TaskContext } from "./context.js";
import type { LeafCall } from "./leaf-calls.js";

/** The bits of the element at `address`, as fills take them: the last byte first. */
export function bitsAt(memory: WebAssembly.Memory, size: number, address: number): string {
  const bytes = new Uint8Array(memory.buffer, address, size);
  let text = "";
  for (let i = size - 1; i >= 0; i--) text += (bytes[i] as number).toString(16).padStart(2, "0");
  return text;
}

/** Whether a place shows one element throughout a box of `extents`. */
export const isRepeated = ({ strides }: Place, extents: readonly number[]): boolean =>
  extents.every((n, axis) => n <= 1 || strides[axis] === 0);

/** The element at the beginning of a place, everywhere. */
export const repeated = ({ address, strides }: Place): Place => ({
  address,
  strides: strides.map(() => 0),
});

/** Writes the first element of a place to all of it. */
export function spreadFirst(
  { kernels, memory }: TaskContext,
  dtype: DType,
  extents: readonly number[],
  place: Place,
): void {
  const size = itemOf(dtype);
  kernels.fill(size, extents, place, bitsAt(memory, size, place.address));
}

/** The states of leaves whose elements are all equal: of one element that is kept, written for all of them. */
export class UniformLeaves {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #calls: readonly LeafCall[];
  readonly #work: Scratch;
  /** States of leaves by their shape, for the value that the leaves have now. */
  readonly #known = new Map<string, readonly string[]>();
  readonly #dtypes: readonly DType[];
  #value = "";

  constructor(ctx: TaskContext, stage: ReduceStage, calls: readonly LeafCall[], work: Scratch) {
    this.#ctx = ctx;
    this.#stage = stage;
    this.#calls = calls;
    this.#work = work;
    this.#dtypes = stateComponents(stage).map((c) => c.dtype);
  }

  /** Equal only for leaves of the same value. */
  get value(): string {
    return this.#value;
  }

  /** Says where the operands are that the next leaves are made of, and what is known of conditions there. */
  begin(operands: readonly Place[], facts: string): void {
    const { memory } = this.#ctx;
    const bits = operands.map(({ address }, i) =>
      bitsAt(memory, itemOf((this.#stage.operands[i] as Operand).dtype), address),
    );
    const value = `${facts}|${bits.join()}`;
    if (value === this.#value) return;
    this.#value = value;
    this.#known.clear();
  }

  /**
   * Fills states with those of the leaf `box`, of which the extents of kept axes do not matter, nor where it lies beside
   * other boxes of the same facts. `target` has, per accumulator, the places of its components over `extents`, of which the first element is used too.
   */
  fill(
    box: Box,
    operands: readonly Place[],
    extents: readonly number[],
    target: readonly (readonly Place[])[],
  ): void {
    const { space, reduced } = this.#stage;
    const shape = boxShape(box);
    const one = space.map((_, axis) => (reduced.includes(axis) ? (shape[axis] as number) : 1));
    const key = one.join();
    const places = target.flat();
    const dtypes = this.#dtypes;
    let bits = this.#known.get(key);
    if (bits === undefined) {
      this.#leaf(one, box.lo, operands, target);
      bits = dtypes.map((dtype, i) =>
        bitsAt(this.#ctx.memory, itemOf(dtype), (places[i] as Place).address),
      );
      this.#known.set(key, bits);
    }
    dtypes.forEach((dtype, i) => {
      const [place, own] = [places[i] as Place, bits?.[i] as string];
      this.#ctx.kernels.fill(itemOf(dtype), extents, place, own);
    });
  }

  #leaf(
    shape: readonly number[],
    origin: readonly number[],
    operands: readonly Place[],
    target: readonly (readonly Place[])[],
  ): void {
    const { program, reduced } = this.#stage;
    const none = shape.map(() => 0);
    for (const { accumulators, argStrides, spec } of this.#calls) {
      const states = accumulators.map((a) =>
        (target[a] as readonly Place[]).map(({ address }) => ({ address, strides: none })),
      );
      this.#ctx.kernels.leaf(
        spec,
        shape,
        origin,
        reduced,
        operands,
        states,
        argStrides,
        program.constants,
        this.#work,
      );
    }
  }
}
