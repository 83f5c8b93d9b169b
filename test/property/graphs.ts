/**
 * Random expression graphs over all kinds that exist, for the property tests. A graph is a function of `(seed, size)`
 * alone, so a failure is reproduced by its two numbers and shrinks by `size`.
 */

import { sourceNode } from "../../dist/ir/build.js";
import { type Cuts, cutsFromSizes } from "../../dist/ir/cuts.js";
import {
  arrayClass,
  DTYPES,
  type DType,
  isBig,
  isComplex,
  isFloat,
  isInteger,
  kindOf,
  REAL_DTYPES,
  slotsPerElement,
  type TypedArray,
} from "../../dist/ir/dtype.js";
import { dtypeOf, type Kind, knownShape, type Node, topologicalOrder } from "../../dist/ir/node.js";
import * as ops from "../../dist/ops/index.js";
import { blockNode, compatible } from "./block-graphs.js";
import { contraction, scan, selection } from "./more-steps.js";
import { random } from "./random.js";
import { lookup, scatter } from "./selections.js";
import { punch, storeBinding } from "./stores.js";
import { COMPLEX_BINARY, COMPLEX_UNARY, FLOAT_SPECIALS, INT_SPECIALS } from "./values.js";

export interface Graph {
  readonly roots: readonly Node[];
  readonly kinds: ReadonlyMap<Kind, number>;
  /** Storage chunks of the graph's stores that were touched so far, each time one was. */
  readonly reads: { chunks: number };
}

export function graphOf(roots: readonly Node[], reads: Graph["reads"]): Graph {
  const kinds = new Map<Kind, number>();
  for (const n of topologicalOrder(roots)) kinds.set(n.op, (kinds.get(n.op) ?? 0) + 1);
  return { roots, kinds, reads };
}

/** Share of the sources of which chunks are missing, and what is in the place of those. */
const HOLED = 0.3;
const INT_FILLS = [0, 0, 1, -1, 2 ** 31 - 1];
const FLOAT_FILLS = [0, 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY];
const EXTENTS = [0, 1, 2, 3, 4, 5, 7, 9, 12];
const MOST_ELEMENTS = 4000;

type Maker = (g: Generator) => Node | undefined | Promise<Node | undefined>;

export interface GeneratorOptions {
  /** The larger, the more often a step builds on the last one: then there are chains, and few second users. */
  readonly recency?: number;
  /** Elements that a node may have. */
  readonly most?: number;
  /** Lengths of axes, in the place of 1 to 12. */
  readonly extents?: readonly number[];
  /** Sources with all elements different, as far as their dtype has so many. */
  readonly distinct?: boolean;
  /** Steps beside the usual ones. */
  readonly makers?: readonly Maker[];
  /** What a source is added to: graphs of one seed and other data differ in nothing else. */
  readonly data?: number;
}

export class Generator {
  readonly reads: { chunks: number } = { chunks: 0 };
  readonly options: GeneratorOptions;
  readonly #next: () => number;
  /** Holes are drawn by themselves: graphs are what they were without them. */
  readonly #holes: () => number;
  readonly #pool: Node[] = [];

  constructor(seed: number, options: GeneratorOptions = {}) {
    this.#next = random(seed);
    this.#holes = random(seed ^ 0x61c88647);
    this.options = options;
  }

  int(below: number): number {
    return Math.floor(this.#next() * below);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }
  chance(p: number): boolean {
    return this.#next() < p;
  }

  async graph(size: number, given: readonly Node[] = []): Promise<Graph> {
    const most = this.options.most ?? MOST_ELEMENTS;
    for (let i = 0; i < 2; i++) this.#pool.push(given[i] ?? this.source());
    for (let i = 0; i < size; i++) {
      const made = await this.step();
      if (made !== undefined && elements(made) <= most && knownShape(made).length <= 5) {
        this.#pool.push(made);
      }
    }
    const roots = [this.#pool.at(-1) as Node];
    while (this.chance(0.35) && roots.length < 4) roots.push(this.pick(this.#pool));
    return graphOf(roots, this.reads);
  }

  cuts(extent: number): Cuts {
    if (extent === 0) return cutsFromSizes([0]);
    if (this.chance(0.3)) return cutsFromSizes([extent]);
    const sizes: number[] = [];
    const regular = this.chance(0.5) ? 1 + this.int(extent) : undefined;
    for (let left = extent; left > 0; ) {
      const size = Math.min(left, regular ?? 1 + this.int(4));
      sizes.push(size);
      left -= size;
    }
    return cutsFromSizes(sizes);
  }

  shape(): number[] {
    const rank = this.pick([0, 1, 1, 2, 2, 2, 3, 3, 4]);
    const extents = this.options.extents ?? EXTENTS.slice(1);
    const shape = Array.from({ length: rank }, () =>
      this.pick(this.chance(0.1) ? [0, 1] : extents),
    );
    const most = this.options.most ?? Number.POSITIVE_INFINITY;
    while (shape.reduce((a, b) => a * b, 1) > most) shape.pop();
    return shape;
  }

  source(): Node {
    const shape = this.shape();
    const dtype = this.pick<DType>(
      this.chance(0.6) ? ["float64", "float32", "int32", "int64"] : DTYPES,
    );
    const count = shape.reduce((a, b) => a * b, slotsPerElement(dtype));
    const data = new (arrayClass(dtype))(count);
    const special = this.chance(0.3);
    for (let i = 0; i < count; i++) {
      if (isBig(dtype)) {
        const v =
          special && this.chance(0.3)
            ? this.pick(INT_SPECIALS)
            : BigInt(this.int(200) - (dtype === "int64" ? 100 : 0));
        (data as BigInt64Array)[i] = v;
      } else if (isFloat(dtype) || isComplex(dtype)) {
        (data as Float64Array)[i] =
          special && this.chance(0.3) ? this.pick(FLOAT_SPECIALS) : (this.#next() - 0.5) * 20;
      } else if (dtype === "bool") (data as Uint8Array)[i] = this.int(2);
      else {
        (data as Int32Array)[i] =
          special && this.chance(0.3)
            ? Number(BigInt.asIntN(32, this.pick(INT_SPECIALS)))
            : this.int(40) - (kindOf(dtype) === "int" ? 20 : 0);
      }
    }
    if (this.options.distinct === true && !special) spread(data, dtype);
    if (this.options.data !== undefined) shift(data, dtype, this.options.data);
    const chunks = shape.map((n) => this.cuts(n));
    const residence = this.chance(0.7) ? "store" : "memory";
    // Re-reading memory is free; only what a store delivers counts.
    const reads = residence === "store" ? this.reads : { chunks: 0 };
    const later = this.chance(0.2);
    const given = { shape, dtype, chunks, residence, later } as const;
    const holes = this.#holes() < HOLED ? this.#punched(data, given) : undefined;
    return sourceNode(storeBinding(data, reads, { ...given, holes }));
  }

  /** Takes chunks away: what is in their place is a fill value, most often 0. */
  #punched(data: TypedArray, given: Parameters<typeof punch>[1]): Uint8Array {
    const { dtype } = given;
    const fills = dtype === "bool" ? [0, 0, 1] : isInteger(dtype) ? INT_FILLS : FLOAT_FILLS;
    const one = (): number | bigint => {
      const v = fills[Math.floor(this.#holes() * fills.length)] as number;
      return isBig(dtype) ? BigInt(v) : v;
    };
    const share = [0.5, 0.9, 1][Math.floor(this.#holes() * 3)] as number;
    return punch(data, given, [one(), one()], () => this.#holes() < share);
  }

  /** A node of the pool, recent ones more often. */
  any(filter: (n: Node) => boolean = () => true): Node | undefined {
    for (let i = 0; i < 12; i++) {
      const back = Math.floor(this.#pool.length * this.#next() ** (this.options.recency ?? 2));
      const node = this.#pool[this.#pool.length - 1 - Math.min(back, this.#pool.length - 1)];
      if (node !== undefined && filter(node)) return node;
    }
    return undefined;
  }

  async step(): Promise<Node | undefined> {
    const makers: Maker[] = [
      ...(this.options.makers ?? []),
      this.unary,
      this.unary,
      this.binary,
      this.binary,
      this.binary,
      this.binary,
      this.cast,
      this.where,
      this.view,
      this.view,
      this.view,
      this.reduce,
      this.reduce,
      this.reduce,
      this.concat,
      this.concat,
      this.gather,
      this.gather,
      this.reshape,
      this.reshape,
      this.rechunk,
      this.rechunk,
      this.create,
      this.create,
      this.blocks,
      this.blocks,
      this.lookup,
      this.lookup,
      this.scatter,
      this.scatter,
      this.source,
      contraction,
      contraction,
      scan,
      scan,
      selection,
      selection,
    ];
    try {
      return await this.pick(makers).call(this, this);
    } catch (error) {
      // Combinations that the API refuses are no graphs.
      if (
        error instanceof Error &&
        /Error$/.test(error.name) &&
        error.name !== "InternalError" &&
        error.name !== "TypeError"
      )
        return undefined;
      throw error;
    }
  }

  numeric = (n: Node): boolean => dtypeOf(n) !== "bool";

  unary(): Node | undefined {
    const x = this.any(this.numeric);
    if (x === undefined) return undefined;
    if (isComplex(dtypeOf(x))) return ops.unary[this.pick(COMPLEX_UNARY)](x);
    const names = [
      "abs",
      "negative",
      "square",
      "floor",
      "round",
      "sign",
      "isnan",
      "isfinite",
      "logicalNot",
      ...(isFloat(dtypeOf(x))
        ? ["sqrt", "exp", "sin", "log", "reciprocal", "tanh"]
        : ["bitwiseInvert"]),
    ] as const;
    return ops.unary[this.pick(names) as "abs"](x);
  }

  binary(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const shape = knownShape(x).join();
    let y: Node | number | bigint | undefined = this.any(
      (n) => knownShape(n).join() === shape || compatible(knownShape(n), knownShape(x)),
    );
    if (y === undefined || this.chance(0.2))
      y = isInteger(dtypeOf(x)) ? this.pick([1n, 2n, 3n]) : this.pick([0, 1, 2.5, -3]);
    const complex = [x, y].some((v) => typeof v === "object" && isComplex(dtypeOf(v)));
    const both = [x, y].every((v) => typeof v !== "object" || isInteger(dtypeOf(v)));
    const names = [
      "add",
      "subtract",
      "multiply",
      "divide",
      "maximum",
      "minimum",
      "less",
      "equal",
      "greaterEqual",
      "remainder",
      "floorDivide",
      "logicalAnd",
      ...(both ? ["bitwiseAnd", "bitwiseXor"] : ["hypot", "atan2", "pow"]),
    ];
    const pair = this.chance(0.5) ? [x, y] : [y, x];
    const name = complex ? this.pick(COMPLEX_BINARY) : (this.pick(names) as "add");
    return ops.binary[name](pair[0] as Node, pair[1] as Node);
  }

  cast(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const dtype = this.pick(this.chance(0.7) ? REAL_DTYPES : DTYPES);
    return ops.astype(isComplex(dtype) ? x : ops.unary.real(x), dtype);
  }

  where(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const y = this.any((n) => compatible(knownShape(n), knownShape(x))) ?? x;
    const zero = isFloat(dtypeOf(x)) || isComplex(dtypeOf(x)) ? 0 : 0n;
    const test = isComplex(dtypeOf(x)) ? "notEqual" : "greater";
    return ops.where(ops.binary[test](x, zero), x, y);
  }

  view(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const shape = knownShape(x);
    const rank = shape.length;
    switch (this.int(6)) {
      case 0: {
        const axes = shape.map((_, i) => i).sort(() => this.#next() - 0.5);
        return ops.permuteDims(x, axes);
      }
      case 1:
        return ops.expandDims(x, this.int(rank + 1));
      case 2:
        return ops.flip(x, rank === 0 ? null : this.int(rank));
      case 3:
        return ops.broadcastTo(x, [
          1 + this.int(4),
          ...shape.map((n) => (n === 1 ? 1 + this.int(3) : n)),
        ]);
      default: {
        const selectors = shape.map((n) => {
          const r = this.int(6);
          if (r === 0 && n > 0) return this.int(2 * n) - n;
          if (r <= 2) return null;
          const step = this.pick([1, 1, 1, 2, 3, -1, -2]);
          const a = this.int(2 * n + 3) - n - 1;
          const b = this.int(2 * n + 3) - n - 1;
          return ops.slice(this.chance(0.3) ? null : a, this.chance(0.3) ? null : b, step);
        });
        return ops.at(x, selectors);
      }
    }
  }

  reduce(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const rank = knownShape(x).length;
    const axis =
      this.chance(0.3) || rank === 0
        ? null
        : this.chance(0.7)
          ? this.int(rank)
          : knownShape(x)
              .map((_, i) => i)
              .filter(() => this.chance(0.6));
    const options = { axis, keepdims: this.chance(0.3) };
    switch (this.int(9)) {
      case 0:
      case 1:
        return ops.sum(x, options);
      case 2:
        return ops.mean(x, options);
      case 3:
        return this.chance(0.5)
          ? ops.std(x, options)
          : ops.variance(x, { ...options, correction: this.int(3) });
      case 4:
        return ops.min(x, options);
      case 5:
        return ops.max(x, options);
      case 6:
        return this.chance(0.5) ? ops.any(x, options) : ops.all(x, options);
      case 7: {
        const one = { axis: Array.isArray(axis) ? null : axis, keepdims: options.keepdims };
        return this.chance(0.5) ? ops.argmax(x, one as never) : ops.argmin(x, one as never);
      }
      default:
        return this.chance(0.5) ? ops.countNonzero(x, options) : ops.prod(x, options);
    }
  }

  concat(): Node | undefined {
    const x = this.any((n) => knownShape(n).length > 0);
    if (x === undefined) return undefined;
    const shape = knownShape(x);
    const axis = this.int(shape.length);
    const fits = (n: Node): boolean => {
      const own = knownShape(n);
      return own.length === shape.length && own.every((e, i) => i === axis || e === shape[i]);
    };
    const others = [this.any(fits) ?? x, this.any(fits) ?? x].slice(0, 1 + this.int(2));
    if (this.chance(0.2)) return ops.roll(x, this.int(5) - 2, axis);
    if (this.chance(0.2)) return ops.stack([x, x], axis);
    return ops.concat([x, ...others], axis);
  }

  gather(): Node | undefined {
    const x = this.any((n) => knownShape(n).some((e) => e > 0));
    if (x === undefined) return undefined;
    const shape = knownShape(x);
    const axis = this.pick(shape.map((_, i) => i).filter((i) => (shape[i] as number) > 0));
    const n = shape[axis] as number;
    const indices = Array.from({ length: this.int(8) }, () => this.int(2 * n) - n);
    return ops.take(x, indices, axis);
  }

  reshape(): Node | undefined {
    const x = this.any();
    if (x === undefined) return undefined;
    const shape = knownShape(x);
    const total = elements(x);
    if (this.chance(0.4))
      return ops.reshape(x, [-1].slice(0, total === 0 ? 0 : 1).concat(total === 0 ? [0] : []));
    const out: number[] = [];
    let rest = total;
    for (const d of [2, 3, 5, 7])
      while (rest > 0 && rest % d === 0 && this.chance(0.6)) {
        out.push(d);
        rest /= d;
      }
    out.splice(this.int(out.length + 1), 0, rest);
    if (this.chance(0.2))
      return ops.tile(
        x,
        shape.map(() => 1 + this.int(2)),
      );
    if (this.chance(0.2) && shape.length > 0) return ops.repeat(x, 2, this.int(shape.length));
    return ops.reshape(x, out.slice(0, 4).length < out.length ? [total] : out);
  }

  rechunk(): Node | undefined {
    const x = this.any((n) => knownShape(n).every((e) => e > 0));
    if (x === undefined) return undefined;
    return ops.rechunk(
      x,
      knownShape(x).map((n) => (this.chance(0.2) ? -1 : 1 + this.int(n))),
    );
  }

  create(): Node {
    switch (this.int(7)) {
      case 5:
        return this.chance(0.6)
          ? ops.uniform(this.shape(), BigInt(this.int(1000)), {
              low: -2,
              dtype: this.pick(["float64", "float32"] as const),
            })
          : ops.normal(this.shape(), BigInt(this.int(1000)), { mean: 1 });
      case 6:
        return ops.integers(
          -20n,
          this.pick([20n, 2n ** 33n + 7n]),
          this.shape(),
          BigInt(this.int(1000)),
        );
      case 0:
        return ops.arange(this.int(20), undefined, undefined, {
          dtype: this.pick(["int64", "float64", "int32"] as const),
        });
      case 1:
        return ops.linspace(-1, 2.5, this.int(12));
      case 2:
        return ops.eye(1 + this.int(6), 1 + this.int(6), { k: this.int(5) - 2 });
      case 3:
        return ops.full(this.shape(), this.pick([0, 1, -2.5, Number.NaN]), { dtype: "float64" });
      default: {
        const x = this.any((n) => knownShape(n).length >= 2 && dtypeOf(n) !== "bool");
        return x === undefined
          ? ops.ones(this.shape(), { dtype: "int16" })
          : ops.tril(x, { k: this.int(3) - 1 });
      }
    }
  }

  lookup(): Node | undefined {
    return lookup(this);
  }

  scatter(): Node | undefined {
    return scatter(this);
  }

  blocks(): Node | undefined {
    return blockNode(this);
  }
}

const elements = (n: Node): number => knownShape(n).reduce((a, b) => a * b, 1);

/** Elements that are all different where the dtype has enough values. */
function spread(data: TypedArray, dtype: DType): void {
  const half = Math.floor(data.length / 2);
  for (let i = 0; i < data.length; i++) {
    if (isBig(dtype)) (data as BigInt64Array)[i] = BigInt(i - (dtype === "int64" ? half : 0));
    else if (dtype !== "bool") {
      (data as Float64Array)[i] =
        i - (kindOf(dtype) === "uint" ? 0 : half) + (isFloat(dtype) ? 0.3 : 0);
    }
  }
}

function shift(data: TypedArray, dtype: DType, by: number): void {
  for (let i = 0; i < data.length; i++) {
    if (isBig(dtype))
      (data as BigInt64Array)[i] = ((data as BigInt64Array)[i] as bigint) + BigInt(by);
    else if (dtype !== "bool")
      (data as Float64Array)[i] = ((data as Float64Array)[i] as number) + by;
  }
}
