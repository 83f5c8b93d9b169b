/**
 * Statistics over the valid elements of an array: `valid` is a mask that broadcasts with the data. Written as `where`
 * and plain reductions, so that count, mean, minimum and all the others of one array share its reads.
 */
import * as cw from "chunkwise";

export type Statistic = "count" | "max" | "mean" | "min" | "std" | "sum" | "var";
export interface StatisticOptions {
  /** Leave NaN out (default). */
  readonly skipna?: boolean | undefined;
  /** Of `std` and `var`: the sum of squares is divided by the count less this. Default 0. */
  readonly ddof?: number | undefined;
}

export const isFloat = (x: cw.LazyArray): boolean => x.dtype.startsWith("float");

/** Where the elements are no NaN; undefined where none can be. */
export const notNaN = (
  x: cw.LazyArray,
  { skipna = true }: StatisticOptions,
): cw.LazyArray | undefined => (skipna && isFloat(x) ? x.isnan().logicalNot() : undefined);

/** One statistic over `axis` of what is valid. Where nothing is, the count and the sum are 0 and the rest is NaN. */
export function statistic(
  how: Statistic,
  x: cw.LazyArray,
  valid: cw.LazyArray,
  axis: readonly number[],
  { ddof = 0 }: StatisticOptions = {},
): cw.LazyArray {
  const values = isFloat(x) || how === "sum" || how === "count" ? x : x.astype("float64");
  const [all, mask] = cw.broadcastArrays(values, valid);
  const sum = (y: cw.LazyArray, keepdims = false): cw.LazyArray =>
    cw.where(mask, y, 0).sum({ axis, keepdims });
  const count = (keepdims = false): cw.LazyArray => mask.sum({ axis, keepdims });
  const divided = (y: cw.LazyArray, by: cw.LazyArray): cw.LazyArray => y.divide(by.astype(y.dtype));
  const extreme = (which: "max" | "min", otherwise: number): cw.LazyArray => {
    const found = cw.where(mask, all, otherwise)[which]({ axis });
    return cw.where(count().greater(0), found, Number.NaN);
  };
  switch (how) {
    case "count":
      return count();
    case "sum":
      return sum(all);
    case "mean":
      return divided(sum(all), count());
    case "min":
      return extreme("min", Number.POSITIVE_INFINITY);
    case "max":
      return extreme("max", Number.NEGATIVE_INFINITY);
    case "std":
      return statistic("var", values, valid, axis, { ddof }).sqrt();
    case "var": {
      const mean = divided(sum(all, true), count(true));
      return divided(sum(all.subtract(mean).square()), count().subtract(ddof).maximum(0));
    }
  }
}
