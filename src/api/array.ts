/**
 * LazyArray: a handle on a node of the expression. It holds the node and answers questions about it; all that it can
 * do is the free functions, which `methods.ts` puts on its prototype. The types of these methods are here.
 */

import type { CardNotes } from "../display/index.js";
import { DTypeError, ShapeError } from "../errors.js";
import { pieceSizes } from "../ir/cuts.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import type { PlanReport } from "../ir/report.js";
import type { Plan } from "../ir/stage.js";
import type { Trace } from "../ir/trace.js";
import type {
  ArgOptions,
  ChunkSpec,
  CumulativeOptions,
  JsScalar,
  LikeOptions,
  MomentOptions,
  ReduceOptions,
  SumOptions,
  TensordotAxes,
} from "../ops/index.js";
import {
  countText,
  isJsScalar,
  isSelection,
  matrixTranspose,
  shapeText,
  valueText,
} from "../ops/index.js";
import type { ReductionOptions, ScanOptions } from "./block-types.js";
import type { BlocksOptions, ComputedBlock } from "./blocks.js";
import type { ComputeOptions, RunOptions, ToZarrOptions } from "./config.js";
import { displays, type RunStats, type StoreLike } from "./engine.js";
import type { AnalyzeOptions, Explained, ExplainLevel, ExplainOptions } from "./explain.js";
import type { Settable } from "./functions/indexing.js";
import { type NDArray, timelineOf } from "./nd-array.js";
import type { PreviewOptions } from "./preview.js";
import type { Indices, Selector } from "./selectors.js";
import type { Floating, NumberOf, Promote, RealOf, ShapeLike, SumOf, WithScalar } from "./types.js";

/** What elementwise functions take: an array or a JavaScript scalar. */
export type ArrayOrScalar = LazyArray | JsScalar;

/**
 * A lazy array: an expression with a known shape and dtype. Nothing runs before `compute`, `persist` or
 * `toZarr`.
 *
 * @example
 * const x = arange(12, { dtype: "float32" }).reshape([3, 4]);
 * const y = x.multiply(2).sum({ axis: 0 });
 * (await y.compute()).toNested(); // [24, 30, 36, 42]
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: methods.ts installs every method of the interface
export class LazyArray<D extends DType = DType> {
  /** The expression; part of the advanced interface. */
  readonly node: Node;
  readonly dtype: D;

  constructor(node: Node) {
    this.node = node;
    this.dtype = dtypeOf(node) as D;
  }

  /** Lengths of the axes; null where a length is not known before something has run. */
  get shape(): readonly (number | null)[] {
    return this.node.outs[0].shape.map((n) => (typeof n === "number" ? n : null));
  }
  /** Number of axes. */
  get ndim(): number {
    return this.node.outs[0].shape.length;
  }
  /** Number of elements; null where a length is not known. */
  get size(): number | null {
    const { shape } = this;
    return shape.includes(null) ? null : elementCount(shape as readonly number[]);
  }
  /** Bytes of all elements; null where a length is not known. */
  get nbytes(): number | null {
    const { size } = this;
    return size === null ? null : size * itemSize(this.dtype);
  }
  /**
   * Lengths of the blocks along each axis, as block functions and default stores see them.
   *
   * @throws ShapeError where a length is not known.
   */
  get chunks(): readonly (readonly number[])[] {
    return advertisedGrid(knownNodeOf("chunks", this)).map((cuts) => [...pieceSizes(cuts)]);
  }
  /** The transpose of a 2-d array. */
  get T(): LazyArray<D> {
    if (this.ndim !== 2) {
      throw new ShapeError(
        `T: the array must have 2 axes, got shape ${shapeText(this.node.outs[0].shape)}`,
        {
          hint: "use mT or permuteDims",
        },
      );
    }
    return new LazyArray<D>(matrixTranspose(this.node, "T"));
  }
  /** The last two axes exchanged. */
  get mT(): LazyArray<D> {
    return new LazyArray<D>(matrixTranspose(this.node, "mT"));
  }
  /** Whether the dtype is this one; narrows the type. */
  is<E extends DType>(dtype: E): this is LazyArray<E> {
    return (this.dtype as DType) === dtype;
  }

  /** A lazy array has no value: arithmetic and comparisons with JavaScript's operators are refused. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new DTypeError("a lazy array has no value that operators could use", {
      hint: "use its methods, as in x.add(1), x.less(y) and where(condition, a, b), or await x.compute()",
    });
  }
  /** `LazyArray<float32>[3, 4]`. */
  toString(): string {
    return `${this.cardNotes().kind}<${this.dtype}>${shapeText(this.node.outs[0].shape)}`;
  }
  /** The card in notebooks and consoles: MIME types and what shows the array in each. */
  mimeBundle(): Record<string, string> {
    return displays().mimeBundle(this.node, this.cardNotes());
  }
  /** The HTML card by itself. */
  toHtml(): string {
    return displays().htmlCard(this.node, this.cardNotes());
  }
  /** What this kind of array adds to the card. */
  protected cardNotes(): CardNotes {
    return { kind: "LazyArray", rows: [] };
  }
}

/** A computed array that later expressions read from memory. */
export class PersistedArray<D extends DType = DType> extends LazyArray<D> {
  readonly #release: () => void;
  #held = true;

  constructor(node: Node, release: () => void) {
    super(node);
    this.#release = release;
  }

  /** The timeline of the run that made it, if `trace` was asked for. */
  get trace(): Trace | undefined {
    return timelineOf(this);
  }
  /** Lengths of the axes, all of them known. */
  override get shape(): readonly number[] {
    return knownShape(this.node);
  }
  override get size(): number {
    return elementCount(this.shape);
  }
  override get nbytes(): number {
    return this.size * itemSize(this.dtype);
  }

  /** Gives the memory back. Expressions over the array can no longer be computed. */
  dispose(): void {
    this.#release();
    this.#held = false;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
  protected override cardNotes(): CardNotes {
    const state = this.#held ? "held in memory until dispose()" : "disposed";
    return { kind: "PersistedArray", rows: [["state", state]] };
  }
}

/** The node of an argument that must be an array. */
export function nodeOf(fn: string, value: unknown, what = "the first argument"): Node {
  if (value instanceof LazyArray) return value.node;
  throw new DTypeError(`${fn}: ${what} must be a LazyArray, got ${valueText(value)}`, {
    hint: "wrap data with asarray(data)",
  });
}

/** As {@link nodeOf}, for functions that have to know all lengths. */
export function knownNodeOf(fn: string, value: unknown, what?: string): Node {
  const node = nodeOf(fn, value, what);
  if (isSelection(node)) {
    throw new ShapeError(`${fn}: the length of a boolean selection is not known`, {
      hint: "use await x.measure() first: it answers with the same array and its length",
    });
  }
  return node;
}

/** The node of an argument that may be a scalar too. */
export function operandOf(fn: string, value: unknown): Node | JsScalar {
  return isJsScalar(value) ? value : nodeOf(fn, value, "an operand");
}

/** The nodes of a list of arrays, whose lengths must be known. */
export function nodesOf(fn: string, values: unknown): Node[] {
  if (!Array.isArray(values)) {
    throw new DTypeError(`${fn}: expected a list of arrays, got ${valueText(values)}`);
  }
  return values.map((v, i) =>
    knownNodeOf(fn, v, `array ${i} of ${countText(values.length, "array")}`),
  );
}

export const wrap = <D extends DType>(node: Node): LazyArray<D> => new LazyArray<D>(node);

// ------------------------------------------------------------------------------------- types of the methods

type Same<D extends DType> = () => LazyArray<D>;
type Truth = () => LazyArray<"bool">;
type Floats<D extends DType> = () => LazyArray<Floating<D>>;

interface Promoting<D extends DType> {
  <E extends DType>(other: LazyArray<E>): LazyArray<Promote<D, E>>;
  (other: JsScalar): LazyArray<WithScalar<D>>;
  (other: ArrayOrScalar): LazyArray;
}
interface FloatPromoting<D extends DType> {
  <E extends DType>(other: LazyArray<E>): LazyArray<Floating<Promote<D, E>>>;
  (other: JsScalar): LazyArray<Floating<D>>;
  (other: ArrayOrScalar): LazyArray;
}
/** As {@link Promoting}, where two bools are computed as int8. */
interface Numeric<D extends DType> {
  <E extends DType>(other: LazyArray<E>): LazyArray<NumberOf<Promote<D, E>>>;
  (other: JsScalar): LazyArray<NumberOf<WithScalar<D>>>;
  (other: ArrayOrScalar): LazyArray;
}
type Comparing = (other: ArrayOrScalar) => LazyArray<"bool">;
interface Summing<D extends DType> {
  <E extends DType>(options: SumOptions & { readonly dtype: E }): LazyArray<E>;
  (options?: ReduceOptions): LazyArray<SumOf<D>>;
}
interface Running<D extends DType> {
  <E extends DType>(options: CumulativeOptions & { readonly dtype: E }): LazyArray<E>;
  (options?: CumulativeOptions): LazyArray<SumOf<D>>;
}
type Product<D extends DType> = <E extends DType>(other: LazyArray<E>) => LazyArray<Promote<D, E>>;
type AxisOption = { readonly axis?: number | undefined };

/** Every function whose first argument is an array, as a method. */
export interface LazyArray<D extends DType = DType> {
  readonly abs: () => LazyArray<RealOf<D>>;
  readonly acos: Floats<D>;
  readonly acosh: Floats<D>;
  readonly add: Promoting<D>;
  readonly analyze: <const O extends AnalyzeOptions | undefined = undefined>(
    options?: O,
  ) => Promise<Explained<O>>;
  readonly all: (options?: ReduceOptions) => LazyArray<"bool">;
  readonly any: (options?: ReduceOptions) => LazyArray<"bool">;
  readonly argmax: (options?: ArgOptions) => LazyArray<"int64">;
  readonly argmin: (options?: ArgOptions) => LazyArray<"int64">;
  readonly asin: Floats<D>;
  readonly asinh: Floats<D>;
  readonly astype: <E extends DType>(dtype: E) => LazyArray<E>;
  readonly at: (...selectors: readonly Selector[]) => LazyArray<D>;
  readonly atan: Floats<D>;
  readonly atan2: FloatPromoting<D>;
  readonly atanh: Floats<D>;
  readonly bitwiseAnd: Promoting<D>;
  readonly bitwiseInvert: Same<D>;
  readonly bitwiseLeftShift: Numeric<D>;
  readonly bitwiseOr: Promoting<D>;
  readonly bitwiseRightShift: Numeric<D>;
  readonly bitwiseXor: Promoting<D>;
  readonly blocks: (options?: BlocksOptions) => AsyncGenerator<ComputedBlock<D>, void, undefined>;
  readonly broadcastTo: (shape: ShapeLike) => LazyArray<D>;
  readonly ceil: Same<D>;
  readonly clip: Clipping<D>;
  readonly compute: (options?: ComputeOptions) => Promise<NDArray<D>>;
  readonly conj: Same<D>;
  readonly copysign: FloatPromoting<D>;
  readonly cos: Floats<D>;
  readonly cosh: Floats<D>;
  readonly countNonzero: (options?: ReduceOptions) => LazyArray<"int64">;
  readonly cumulativeProd: Running<D>;
  readonly cumulativeSum: Running<D>;
  readonly divide: FloatPromoting<D>;
  readonly emptyLike: Like<D>;
  readonly equal: Comparing;
  readonly exp: Floats<D>;
  readonly expandDims: (
    axis?: number | readonly number[] | { readonly axis?: number | readonly number[] | undefined },
  ) => LazyArray<D>;
  readonly explain: <const O extends ExplainOptions | ExplainLevel | undefined = undefined>(
    options?: O,
  ) => Explained<O>;
  readonly expm1: Floats<D>;
  readonly flip: (options?: Pick<ReduceOptions, "axis">) => LazyArray<D>;
  readonly floor: Same<D>;
  readonly floorDivide: Numeric<D>;
  readonly fullLike: {
    <E extends DType>(fillValue: JsScalar, options: { readonly dtype: E }): LazyArray<E>;
    (fillValue: JsScalar, options?: LikeOptions): LazyArray<D>;
  };
  readonly greater: Comparing;
  readonly greaterEqual: Comparing;
  readonly hypot: FloatPromoting<D>;
  readonly imag: () => LazyArray<RealOf<D>>;
  readonly isfinite: Truth;
  readonly isinf: Truth;
  readonly isnan: Truth;
  readonly less: Comparing;
  readonly lessEqual: Comparing;
  readonly log: Floats<D>;
  readonly log10: Floats<D>;
  readonly log1p: Floats<D>;
  readonly log2: Floats<D>;
  readonly logaddexp: FloatPromoting<D>;
  readonly logicalAnd: Comparing;
  readonly logicalNot: Truth;
  readonly logicalOr: Comparing;
  readonly logicalXor: Comparing;
  readonly matmul: Product<D>;
  readonly matrixTranspose: Same<D>;
  readonly max: (options?: ReduceOptions) => LazyArray<D>;
  readonly maximum: Promoting<D>;
  readonly mean: (options?: ReduceOptions) => LazyArray<Floating<D>>;
  /** The same array with lengths that are known: of a boolean selection the elements are counted. */
  readonly measure: (options?: RunOptions) => Promise<LazyArray<D>>;
  readonly min: (options?: ReduceOptions) => LazyArray<D>;
  readonly minimum: Promoting<D>;
  readonly moveaxis: (
    source: number | readonly number[],
    destination: number | readonly number[],
  ) => LazyArray<D>;
  readonly multiply: Promoting<D>;
  readonly negative: Same<D>;
  readonly nextafter: FloatPromoting<D>;
  readonly notEqual: Comparing;
  readonly nonzero: () => LazyArray<"int64">[];
  readonly onesLike: Like<D>;
  readonly outer: Product<D>;
  readonly permuteDims: (axes: readonly number[]) => LazyArray<D>;
  readonly persist: (options?: RunOptions) => Promise<PersistedArray<D>>;
  readonly plan: (options?: RunOptions) => Plan;
  readonly positive: Same<D>;
  readonly pow: Numeric<D>;
  readonly preview: (options?: PreviewOptions) => Promise<string>;
  readonly prod: Summing<D>;
  readonly real: () => LazyArray<RealOf<D>>;
  readonly rechunk: (chunks: ChunkSpec) => LazyArray<D>;
  readonly reciprocal: Floats<D>;
  readonly reduction: <
    E extends DType = D,
    const Q extends DType | readonly DType[] = E,
    P = undefined,
  >(
    options: ReductionOptions<D, E, Q, P>,
  ) => LazyArray<E>;
  readonly remainder: Numeric<D>;
  readonly repeat: (repeats: number | readonly number[], options?: AxisOption) => LazyArray<D>;
  readonly reshape: (shape: ShapeLike) => LazyArray<D>;
  readonly roll: (
    shift: number | readonly number[],
    options?: Pick<ReduceOptions, "axis">,
  ) => LazyArray<D>;
  readonly round: Same<D>;
  readonly setItem: (selectors: Selector | readonly Selector[], value: Settable) => LazyArray<D>;
  readonly scan: <E extends DType = D, P = undefined>(
    options: ScanOptions<D, E, P>,
  ) => LazyArray<E>;
  readonly sign: Same<D>;
  readonly signbit: Truth;
  readonly sin: Floats<D>;
  readonly sinh: Floats<D>;
  readonly sqrt: Floats<D>;
  readonly square: () => LazyArray<NumberOf<D>>;
  readonly squeeze: (axis?: ReduceOptions["axis"] | Pick<ReduceOptions, "axis">) => LazyArray<D>;
  readonly std: (options?: MomentOptions) => LazyArray<RealOf<Floating<D>>>;
  readonly subtract: Promoting<D>;
  readonly sum: Summing<D>;
  readonly take: (indices: Indices, options?: AxisOption) => LazyArray<D>;
  readonly takeAlongAxis: (indices: Indices, options?: AxisOption) => LazyArray<D>;
  readonly tan: Floats<D>;
  readonly tanh: Floats<D>;
  readonly tensordot: <E extends DType>(
    other: LazyArray<E>,
    options?: { readonly axes?: TensordotAxes | undefined },
  ) => LazyArray<Promote<D, E>>;
  readonly tile: (repetitions: number | readonly number[]) => LazyArray<D>;
  readonly explainToZarr: (url: StoreLike, options?: ToZarrOptions) => Promise<PlanReport>;
  readonly toZarr: (url: StoreLike, options?: ToZarrOptions) => Promise<RunStats>;
  readonly tril: (options?: { readonly k?: number | undefined }) => LazyArray<D>;
  readonly triu: (options?: { readonly k?: number | undefined }) => LazyArray<D>;
  readonly trunc: Same<D>;
  readonly unstack: (options?: AxisOption) => LazyArray<D>[];
  readonly var: (options?: MomentOptions) => LazyArray<RealOf<Floating<D>>>;
  readonly vecdot: <E extends DType>(
    other: LazyArray<E>,
    options?: AxisOption,
  ) => LazyArray<Promote<D, E>>;
  readonly where: (a: ArrayOrScalar, b: ArrayOrScalar) => LazyArray;
  readonly zerosLike: Like<D>;
}
interface Like<D extends DType> {
  <E extends DType>(options: { readonly dtype: E }): LazyArray<E>;
  (options?: LikeOptions): LazyArray<D>;
}
type Bound = ArrayOrScalar | null | undefined;
interface Clipping<D extends DType> {
  (min?: JsScalar | null, max?: JsScalar | null): LazyArray<D>;
  (options: { readonly min?: Bound; readonly max?: Bound }): LazyArray;
  (min?: Bound, max?: Bound): LazyArray;
}
