/**
 * The inner loops of matrix products: packing a factor into panels, and multiplying panels tile by tile with the
 * accumulators in registers, in the order of dots (`ir/leaves.ts`).
 *
 * A panel holds, for one product of the row after another, the elements of a few rows (columns) side by side; what a
 * last panel has too many is 0. Elements of row panels fill a vector each: a load is cheaper than a load and a splat.
 */
import { TILE_ROWS } from "../ir/contraction.js";
import { itemSize } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import { assemble, Code, Imports } from "./assembler.js";
import { addSlot, getSlot, type Layout, type WalkerLocal } from "./descriptor.js";
import { emitHigh } from "./dot.js";
import { emitConstants, emitSplatConstants, emitWhileAtLeast } from "./map-kernel.js";
import { type Environment, evaluate, release, type Step } from "./program.js";
import { emitStore } from "./scalar-code.js";
import type { LeafSpec } from "./structure.js";

type Float = "float32" | "float64";

/** Panels that are packed side by side where rows of columns lie in memory: whole cache lines are read at once. */
const TOGETHER = 4;

/** Vectors in a row of a tile. */
const VECTORS = 2;

/** Parameters of the tile kernel, in order. */
const [A, B, C, STRIDE, ROW_PANELS, COLUMN_PANELS, LENGTH, ROWS, FIRST] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
] as const;
const PARAMETERS = 9;

/**
 * Adds to float64 sums at `c` (rows `stride` bytes apart) the products of row panels at `a` and column panels at `b`:
 * `rows` rows of `length` products each. `first`: the sums begin here, and what was at `c` counts for nothing.
 */
export function compileTiles(on: Float): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const emitter = new TileEmitter(new Code(imports, PARAMETERS), on);
  emitter.emit();
  return assemble(imports, { run: emitter.c });
}

class TileEmitter {
  readonly c: Code;
  readonly #narrow: boolean;
  readonly #shape: string;
  readonly #size: number;
  readonly #sums: readonly number[];
  readonly #a: number;
  readonly #b: number;

  constructor(c: Code, on: Float) {
    this.c = c;
    this.#narrow = on === "float32";
    this.#shape = this.#narrow ? "f32x4" : "f64x2";
    this.#size = itemSize(on);
    this.#sums = Array.from({ length: TILE_ROWS * VECTORS }, () => c.local("v128"));
    this.#a = c.local("i32");
    this.#b = c.local("i32");
  }

  /** Row panels outermost: one stays in the first-level cache while column panels go by. */
  emit(): void {
    const { c } = this;
    const i32 = (): number => c.local("i32");
    const [panel, row, tile, left, first] = [i32(), i32(), i32(), i32(), i32()];
    c.get(A).set(panel);
    c.get(C).set(row);
    emitWhileAtLeast(c, ROW_PANELS, 1, () => {
      c.get(B).set(this.#b);
      c.get(row).set(tile);
      c.get(COLUMN_PANELS).set(left);
      emitWhileAtLeast(c, left, 1, () => {
        c.get(panel).set(this.#a);
        c.get(FIRST).set(first);
        this.#tile(tile, first);
        const columns = (VECTORS * 16) / this.#size;
        c.get(tile)
          .i32(8 * columns)
          .op("i32.add")
          .set(tile);
      });
      c.get(this.#a).set(panel);
      c.get(row, STRIDE).i32(TILE_ROWS).op("i32.mul", "i32.add").set(row);
    });
  }

  /** All runs of all rows of one tile. */
  #tile(tile: number, first: number): void {
    const { c } = this;
    const [rows, left, run] = [c.local("i32"), c.local("i32"), c.local("i32")];
    c.get(ROWS).set(rows);
    emitWhileAtLeast(c, rows, 1, () => {
      c.get(LENGTH).set(left);
      c.loop((again) => {
        c.get(left).i32(DOT_RUN).get(left).i32(DOT_RUN).op("i32.lt_u", "select").set(run);
        c.get(left, run).op("i32.sub").set(left);
        this.#step(true);
        c.get(run).i32(1).op("i32.sub").tee(run);
        c.if(undefined, () => {
          c.loop((more) => {
            this.#step(false);
            c.get(run).i32(1).op("i32.sub").tee(run).brIf(more);
          });
        });
        c.get(first);
        c.if(
          undefined,
          () => this.#flush(tile, true),
          () => this.#flush(tile, false),
        );
        c.i32(0).set(first);
        c.get(left).brIf(again);
      });
    });
    c.free(rows, left, run);
  }

  /**
   * One product for every element of the tile. A step is one basic block: V8 would order the instructions of several
   * sum by sum, and spill. It unrolls the loop itself.
   */
  #step(first: boolean): void {
    const { c } = this;
    const columns = Array.from({ length: VECTORS }, (_, v) => {
      c.get(this.#b).memory("v128.load", v * 16);
      return c.keep("v128");
    });
    const row = c.local("v128");
    for (let r = 0; r < TILE_ROWS; r++) {
      c.get(this.#a)
        .memory("v128.load", r * 16)
        .set(row);
      columns.forEach((column, v) => {
        const sum = this.#sums[r * VECTORS + v] as number;
        if (!first) c.get(sum);
        c.get(row, column).op(`${this.#shape}.mul`);
        if (!first) c.op(`${this.#shape}.add`);
        c.set(sum);
      });
    }
    c.free(row, ...columns);
    for (const [pointer, bytes] of [
      [this.#a, TILE_ROWS * 16],
      [this.#b, VECTORS * 16],
    ] as const)
      c.get(pointer).i32(bytes).op("i32.add").set(pointer);
  }

  /** Adds the sums of the run to those in memory, or puts them there. */
  #flush(tile: number, first: boolean): void {
    const { c } = this;
    const at = c.local("i32");
    c.get(tile).set(at);
    for (let r = 0; r < TILE_ROWS; r++) {
      if (r > 0) c.get(at, STRIDE).op("i32.add").set(at);
      let offset = 0;
      for (const sum of this.#sums.slice(r * VECTORS, (r + 1) * VECTORS)) {
        for (const high of this.#narrow ? [false, true] : [false]) {
          c.get(at);
          if (!first) c.get(at).memory("v128.load", offset);
          if (high) emitHigh(c, sum);
          else c.get(sum);
          if (this.#narrow) c.op("f64x2.promote_low_f32x4");
          if (!first) c.op("f64x2.add");
          c.memory("v128.store", offset);
          offset += 16;
        }
      }
    }
    c.free(at);
  }
}

// ------------------------------------------------------------------------------------------------ packing

/** Slots of the walkers of a packing kernel: steps along the panel, the row, and from row to row. */
export const PACK_SLOT = { lane: 1, product: 2, row: 3 } as const;

export const packLayout = (spec: LeafSpec, operands: readonly number[]): Layout => ({
  constants: spec.program.constants.length,
  walkers: operands.length,
  tables: [],
});

/**
 * Packs instruction `value` of the program. Parameters: the descriptor, the target, how many rows (columns) there are,
 * the length of a row of products, and how many such rows. `steps` (of `operands`, in order) are those along the
 * panel, if vectors can follow them; `spread`: every element fills a vector.
 */
export function compilePack(
  spec: LeafSpec,
  value: number,
  operands: readonly number[],
  on: Float,
  width: number,
  spread: boolean,
  steps: readonly Step[] | undefined,
): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const emitter = new PackEmitter(
    new Code(imports, 5),
    spec,
    value,
    operands,
    on,
    width,
    spread,
    steps,
  );
  emitter.emit();
  return assemble(imports, { run: emitter.c });
}

class PackEmitter {
  readonly c: Code;
  readonly #spec: LeafSpec;
  readonly #value: number;
  readonly #on: Float;
  readonly #size: number;
  readonly #width: number;
  readonly #spread: boolean;
  readonly #lanes: number;
  readonly #layout: Layout;
  readonly #panels: readonly WalkerLocal[];
  readonly #rows: readonly WalkerLocal[];
  readonly #products: readonly WalkerLocal[];
  readonly #elements: readonly WalkerLocal[];
  readonly #target = 1;
  readonly #scalars: Environment;
  readonly #vectors: Environment;

  constructor(
    c: Code,
    spec: LeafSpec,
    value: number,
    operands: readonly number[],
    on: Float,
    width: number,
    spread: boolean,
    steps: readonly Step[] | undefined,
  ) {
    this.c = c;
    this.#spread = spread;
    this.#spec = spec;
    this.#value = value;
    this.#on = on;
    this.#size = itemSize(on);
    this.#width = width;
    this.#lanes = steps === undefined ? 0 : 16 / this.#size;
    this.#layout = packLayout(spec, operands);
    const locals = (): WalkerLocal[] =>
      operands.map(() => ({ local: c.local("i32"), wide: false }));
    [this.#panels, this.#rows, this.#products, this.#elements] = [
      locals(),
      locals(),
      locals(),
      locals(),
    ];
    this.#panels.forEach((w, i) => {
      getSlot(c, this.#layout, w, i, 0);
      c.set(w.local);
    });
    const constants = emitConstants(c, spec.program);
    const placed = (walkers: readonly WalkerLocal[]): number[] => {
      const places: number[] = [];
      operands.forEach((operand, i) => {
        places[operand] = (walkers[i] as WalkerLocal).local;
      });
      return places;
    };
    const along: Step[] = [];
    operands.forEach((operand, i) => {
      along[operand] = steps?.[i] ?? "any";
    });
    const shared = { indices: new Map(), indexSteps: new Map(), steps: along };
    this.#scalars = { ...shared, operands: placed(this.#elements), constants };
    this.#vectors = {
      ...shared,
      operands: placed(this.#products),
      constants: this.#lanes > 0 ? emitSplatConstants(c, spec.program, constants) : [],
    };
  }

  emit(): void {
    const { c } = this;
    const lanes = 2;
    const panel = c.local("i32");
    c.get(3, 4)
      .op("i32.mul")
      .i32(this.#width * this.#bytes)
      .op("i32.mul")
      .set(panel);
    if (this.#lanes > 0)
      emitWhileAtLeast(c, lanes, TOGETHER * this.#width, () => {
        const targets = Array.from({ length: TOGETHER }, () => c.local("i32"));
        targets.forEach((target, i) => {
          c.get(i === 0 ? this.#target : (targets[i - 1] as number));
          if (i > 0) c.get(panel).op("i32.add");
          c.set(target);
        });
        this.#panel(targets, () => this.#whole(targets));
        c.get(targets.at(-1) as number).set(this.#target);
        this.#pass(TOGETHER * this.#width);
        c.free(...targets);
      });
    const targets = [this.#target];
    emitWhileAtLeast(c, lanes, this.#width, () => {
      this.#panel(targets, () => (this.#lanes > 0 ? this.#whole(targets) : this.#some(undefined)));
      this.#pass(this.#width);
    });
    c.get(lanes);
    c.if(undefined, () => this.#panel(targets, () => this.#some(lanes)));
  }

  /** On to the next panels. */
  #pass(lanes: number): void {
    for (let i = 0; i < lanes; i++) this.#move(this.#panels, PACK_SLOT.lane);
  }

  /** Bytes of an element of the panel. */
  get #bytes(): number {
    return this.#spread ? 16 : this.#size;
  }

  /** Target and element on the stack. */
  #store(offset: number): void {
    if (!this.#spread) emitStore(this.c, this.#on, offset);
    else {
      this.c.op(this.#on === "float32" ? "f32x4.splat" : "f64x2.splat");
      this.c.memory("v128.store", offset);
    }
  }

  #move(walkers: readonly WalkerLocal[], slot: number): void {
    walkers.forEach((w, i) => {
      addSlot(this.c, this.#layout, w, i, slot);
    });
  }

  #begin(walkers: readonly WalkerLocal[], from: readonly WalkerLocal[]): void {
    walkers.forEach(({ local }, i) => {
      this.c.get((from[i] as WalkerLocal).local).set(local);
    });
  }

  /** Runs `body` for every product of every row. */
  #panel(targets: readonly number[], body: () => void): void {
    const { c } = this;
    const [rows, products] = [c.local("i32"), c.local("i32")];
    this.#begin(this.#rows, this.#panels);
    c.get(4).set(rows);
    emitWhileAtLeast(c, rows, 1, () => {
      this.#begin(this.#products, this.#rows);
      c.get(3).set(products);
      emitWhileAtLeast(c, products, 1, () => {
        body();
        for (const target of targets) {
          c.get(target);
          c.i32(this.#width * this.#bytes)
            .op("i32.add")
            .set(target);
        }
        this.#move(this.#products, PACK_SLOT.product);
      });
      this.#move(this.#rows, PACK_SLOT.row);
    });
    c.free(rows, products);
  }

  #whole(targets: readonly number[]): void {
    const { c } = this;
    const { program } = this.#spec;
    targets.forEach((target, panel) => {
      for (let at = 0; at < this.#width; at += this.#lanes) {
        const place = panel * this.#width + at;
        const values = evaluate(c, program, [this.#value], this.#vectors, this.#lanes, place);
        c.get(target, (values[0] as (typeof values)[number]).local);
        c.memory("v128.store", at * this.#size);
        release(c, program, [this.#value], values);
      }
    });
  }

  /** Element by element: all of the width, or as many as a local says and zeros. */
  #some(count: number | undefined): void {
    const { c } = this;
    this.#begin(this.#elements, this.#products);
    for (let lane = 0; lane < this.#width; lane++) {
      const offset = lane * this.#bytes;
      const element = (): void => {
        const { program } = this.#spec;
        const values = evaluate(c, program, [this.#value], this.#scalars, 0, 0);
        c.get(this.#target, (values[0] as (typeof values)[number]).local);
        this.#store(offset);
        release(c, program, [this.#value], values);
        this.#move(this.#elements, PACK_SLOT.lane);
      };
      if (count === undefined) element();
      else {
        c.get(count).i32(lane).op("i32.gt_u");
        c.if(undefined, element, () => {
          c.get(this.#target);
          if (this.#on === "float32") c.f32(0);
          else c.f64(0);
          this.#store(offset);
        });
      }
    }
  }
}
