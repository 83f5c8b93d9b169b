/**
 * Which sums of products are matrix products: shared by the planner, which pays for what packing takes, and the
 * kernels, which pack.
 */
import type { ScalarProgram } from "./scalar.js";

/** The two factors of a product of values that depend on different operands or none. */
export interface Factors {
  readonly on: "float32" | "float64";
  /** Instruction of each factor. */
  readonly values: readonly [number, number];
  /** Operands that each factor reads, ascending. */
  readonly operands: readonly [readonly number[], readonly number[]];
}

/** The factors of instruction `value`, if it is a float product and does not look at positions. */
export function factorsOf(program: ScalarProgram, value: number): Factors | undefined {
  const op = program.ops[value];
  if (op?.op !== "call" || op.fn !== "multiply") return undefined;
  const { on } = op;
  if (on !== "float32" && on !== "float64") return undefined;
  const [a, b] = op.args as readonly [number, number];
  const left = operandsOf(program, a);
  const right = operandsOf(program, b);
  if (left === undefined || right === undefined) return undefined;
  return { on, values: [a, b], operands: [left, right] };
}

/** Operands below an instruction; undefined if it reads an index. */
function operandsOf(program: ScalarProgram, value: number): readonly number[] | undefined {
  const found = new Set<number>();
  const stack = [value];
  const seen = new Set(stack);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const op = program.ops[next];
    if (op === undefined || op.op === "index") return undefined;
    if (op.op === "load") found.add(op.operand);
    if (!("args" in op)) continue;
    for (const arg of op.args) {
      if (seen.has(arg)) continue;
      seen.add(arg);
      stack.push(arg);
    }
  }
  return [...found].sort((x, y) => x - y);
}

/**
 * Which factor moves along an axis: 0 or 1, or undefined if both do or neither. `moves(operand)` says whether an
 * operand does.
 */
export function factorAlong(
  factors: Factors,
  moves: (operand: number) => boolean,
): 0 | 1 | undefined {
  const [left, right] = factors.operands;
  const [a, b] = [left.some(moves), right.some(moves)];
  return a === b ? undefined : a ? 0 : 1;
}

/** Rows and columns of the tile that a matrix kernel keeps in registers. */
export const TILE_ROWS = 4;
export const tileColumns = (on: "float32" | "float64"): number => (on === "float32" ? 8 : 4);

/** Most rows, columns and products in a row of a packed block: half a megabyte each at the most. */
export const PACKED = { rows: 128, depth: 256 } as const;
export const packedColumns = (on: "float32" | "float64"): number => (on === "float32" ? 512 : 256);
/** Bytes of a packed element of the rows: it fills a vector. */
export const ROW_ELEMENT = 16;

const padded = (n: number, step: number): number => Math.ceil(n / step) * step;

/** Bytes in which a product of `rows` x `depth` and `depth` x `columns` elements is packed best. */
export function packedBytes(
  on: "float32" | "float64",
  rows: number,
  columns: number,
  depth: number,
): number {
  const tile = tileColumns(on);
  const size = on === "float32" ? 4 : 8;
  const [m, n] = [padded(rows, TILE_ROWS), padded(columns, tile)];
  const across = Math.min(m, PACKED.rows) * ROW_ELEMENT + Math.min(n, packedColumns(on)) * size;
  const panels = Math.min(depth, PACKED.depth) * across;
  return panels + edgeBytes(on, rows, columns);
}

/** Bytes of the float64 sums of tiles that reach beyond the result. */
export function edgeBytes(on: "float32" | "float64", rows: number, columns: number): number {
  const tile = tileColumns(on);
  const right = columns % tile === 0 ? 0 : padded(rows, TILE_ROWS) * tile;
  const bottom = rows % TILE_ROWS === 0 ? 0 : TILE_ROWS * padded(columns, tile);
  return 8 * (right + bottom);
}
