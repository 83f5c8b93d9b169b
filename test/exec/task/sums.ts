/** Reductions by definition, in plain JavaScript: leaves row by row, trees by recursion. For comparison only. */
import { type Cuts, cutsCount, pieceSize, pieceStart } from "../../../dist/ir/cuts.js";

export interface State {
  readonly n: number;
  readonly sum: number;
  readonly mean: number;
  readonly m2: number;
  readonly max: number;
  readonly arg: number;
  readonly least: number;
}

/** One sum over rows as `ir/leaves.ts` says. */
function rowSum(rows: readonly (readonly number[])[], f: (x: number) => number): number {
  let e = -0;
  let o = -0;
  for (const row of rows) {
    let i = 0;
    for (; i + 8 <= row.length; i += 8) {
      const [a, b, c, d, p, q, r, s] = row.slice(i, i + 8).map(f);
      e += a + c + (p + r);
      o += b + d + (q + s);
    }
    for (let k = 0; i + k < row.length; k++) {
      if (k % 2 === 0) e += f(row[i + k]);
      else o += f(row[i + k]);
    }
  }
  return e + o;
}

function leaf(
  rows: readonly (readonly number[])[],
  numbers: readonly (readonly number[])[],
): State {
  const values = rows.flat();
  const index = numbers.flat();
  const n = values.length;
  const sum = rowSum(rows, (x) => x);
  const mean = sum / n;
  let at = 0;
  values.forEach((v, i) => {
    if (v > values[at]) at = i;
  });
  return {
    n,
    sum,
    mean,
    m2: rowSum(rows, (x) => (x - mean) * (x - mean)),
    max: values[at],
    arg: index[at],
    least: Math.min(...values),
  };
}

function merge(a: State, b: State): State {
  const n = a.n + b.n;
  const delta = b.mean - a.mean;
  const takeB = b.max > a.max || (b.max === a.max && b.arg < a.arg);
  return {
    n,
    sum: a.sum + b.sum,
    mean: a.mean + delta * (b.n / n),
    m2: a.m2 + b.m2 + delta * delta * ((a.n * b.n) / n),
    max: takeB ? b.max : a.max,
    arg: takeB ? b.arg : a.arg,
    least: Math.min(a.least, b.least),
  };
}

/**
 * The state of one kept element. `value` and `number` give the element at a position of the reduced axes and its
 * number in a row-major count.
 */
export function reduceAll(
  leaves: readonly Cuts[],
  value: (at: readonly number[]) => number,
  number: (at: readonly number[]) => number,
): State {
  const rank = leaves.length;
  const below = (prefix: readonly number[]): State => {
    const k = prefix.length;
    if (k === rank) return leafAt(prefix);
    let level = Array.from({ length: cutsCount(leaves[k]) }, (_, i) => below([...prefix, i]));
    while (level.length > 1) {
      level = level
        .filter((_, i) => i % 2 === 0)
        .map((a, i) => (level[2 * i + 1] === undefined ? a : merge(a, level[2 * i + 1])));
    }
    return level[0];
  };
  const leafAt = (prefix: readonly number[]): State => {
    const lo = prefix.map((p, k) => pieceStart(leaves[k], p));
    const size = prefix.map((p, k) => pieceSize(leaves[k], p));
    const rows: number[][] = [];
    const numbers: number[][] = [];
    const at = [...lo];
    const outer = size.slice(0, -1).reduce((n, s) => n * s, 1);
    for (let r = 0; r < outer; r++) {
      let rest = r;
      for (let k = rank - 2; k >= 0; k--) {
        at[k] = lo[k] + (rest % size[k]);
        rest = Math.floor(rest / size[k]);
      }
      const row: number[] = [];
      const count: number[] = [];
      for (let i = 0; i < size[rank - 1]; i++) {
        at[rank - 1] = lo[rank - 1] + i;
        row.push(value(at));
        count.push(number(at));
      }
      rows.push(row);
      numbers.push(count);
    }
    return leaf(rows, numbers);
  };
  return below([]);
}
