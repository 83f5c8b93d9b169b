/** The logarithm of a sum of exponentials. */
import { EXPONENTIALS } from "./exponentials.js";
import { LOGARITHMS } from "./logarithms.js";
import { type Binary, binary, type Formula, type FormulaTable, type Unary } from "./ops.js";

const form = (table: FormulaTable, name: string, which: "float64" | "float32"): Unary =>
  (table[name] as Formula<Unary>)[which];

const logaddexpIn =
  (which: "float64" | "float32"): Binary =>
  (o, x, y) => {
    const exp = form(EXPONENTIALS, "exp", which);
    const log1p = form(LOGARITHMS, "log1p", which);
    const distance = o.negate(o.abs(o.subtract(x, y)));
    const sumOf = o.add(o.greater(x, y), log1p(o, exp(o, distance)));
    // Of equal infinities the difference is not a number.
    return o.select(o.equal(x, y), o.add(x, o.float(Math.LN2)), sumOf);
  };

export const SUMS: FormulaTable = {
  logaddexp: binary(logaddexpIn("float64"), logaddexpIn("float32")),
};
