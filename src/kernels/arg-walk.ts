/**
 * How a leaf kernel walks for its arg- reductions: the index of the element at hand, the pieces of rows, and the
 * search of the piece that holds the value. What is accumulated is in `arg.ts`.
 */
import {
  type ArgPart,
  emitArgPiece,
  emitArgSearch,
  emitIndexVector,
  PIECE_VECTORS,
  type Search,
} from "./arg.js";
import type { Code } from "./assembler.js";
import type { WalkerLocal } from "./descriptor.js";

/** The walkers of a kernel, of which the last one is the index: locals where they are, began, and their strides. */
interface Walk {
  readonly walkers: readonly WalkerLocal[];
  readonly bases: readonly WalkerLocal[];
  readonly strides: readonly number[];
}

export class ArgWalk {
  /** Local of the index at the walkers: a vector of it, relative to the first one, in columns. */
  readonly index: number;
  readonly #c: Code;
  readonly #flavour: "scalar" | "rows" | "columns";
  readonly #lanes: number;
  readonly #walk: Walk;
  /** What a row of columns adds to the index. */
  readonly #step: number;
  /** Along rows, per part: the walkers at the piece that holds its value. */
  readonly #places: ReadonlyMap<ArgPart, readonly number[]>;

  constructor(
    c: Code,
    parts: readonly ArgPart[],
    flavour: "scalar" | "rows" | "columns",
    lanes: number,
    walk: Walk,
  ) {
    this.#c = c;
    this.#flavour = flavour;
    this.#lanes = lanes;
    this.#walk = walk;
    this.#step = -1;
    if (flavour === "columns") {
      this.index = c.local("v128");
      c.get(walk.strides.at(-1) as number);
      emitIndexVector(c, lanes);
      this.#step = c.keep("v128");
    } else this.index = (walk.walkers.at(-1) as WalkerLocal).local;
    this.#places = new Map(
      flavour === "rows" ? parts.map((part) => [part, this.#locals()] as const) : [],
    );
  }

  #locals(): number[] {
    return this.#walk.walkers.map(({ wide }) => this.#c.local(wide ? "i64" : "i32"));
  }

  /** At a row of columns: finds out its index. */
  emitRow(): void {
    if (this.#flavour !== "columns") return;
    const [here, base] = [this.#walk.walkers, this.#walk.bases].map((w) => w.at(-1) as WalkerLocal);
    this.#c.get((here as WalkerLocal).local, (base as WalkerLocal).local).op("i64.sub");
    emitIndexVector(this.#c, this.#lanes);
    this.#c.set(this.index);
  }

  /** When the walkers have gone on to the next row of columns. */
  emitNextRow(): void {
    if (this.#flavour !== "columns") return;
    this.#c.get(this.index, this.#step).op("i32x4.add").set(this.index);
  }

  /** Relative index of columns on the stack -> index. */
  emitAbsolute(): void {
    if (this.#flavour === "columns")
      this.#c.get((this.#walk.bases.at(-1) as WalkerLocal).local).op("i64.add");
  }

  /**
   * Walks the next `left` elements of a row piece by piece (`walk` takes as many as its local says), and notes the
   * place of a piece that improves a part. Mask widths are known once a piece is emitted.
   */
  emitPieces(
    left: number,
    walk: (left: number) => void,
    partsOf: () => readonly {
      readonly part: ArgPart;
      readonly cells: readonly number[];
      readonly width: number;
    }[],
  ): void {
    const c = this.#c;
    const most = PIECE_VECTORS * this.#lanes;
    const [length, rest] = [c.local("i32"), c.local("i32")];
    const starts = this.#locals();
    c.block((done) => {
      c.loop((again) => {
        c.get(left).op("i32.eqz").brIf(done);
        c.get(left).i32(most).get(left).i32(most);
        c.op("i32.lt_u", "select").tee(length).set(rest);
        c.get(left, length).op("i32.sub").set(left);
        this.#walk.walkers.forEach(({ local }, i) => c.get(local).set(starts[i] as number));
        walk(rest);
        for (const { part, cells, width } of partsOf())
          emitArgPiece(c, part, cells, width, this.#lanes, length, () =>
            this.#placesOf(part).forEach((place, i) => c.get(starts[i] as number).set(place)),
          );
        c.br(again);
      });
    });
    c.free(length, rest, ...starts);
  }

  /** Looks for the value of a part in the piece where it is, if only the value is known. */
  emitSearch(part: ArgPart, cells: readonly number[], search: Omit<Search, "index">): void {
    if (this.#flavour !== "rows") return;
    const places = this.#placesOf(part);
    this.#walk.walkers.forEach(({ local }, i) => this.#c.get(places[i] as number).set(local));
    emitArgSearch(this.#c, part, cells, this.#lanes, { ...search, index: this.index });
  }

  #placesOf(part: ArgPart): readonly number[] {
    return this.#places.get(part) as readonly number[];
  }
}
