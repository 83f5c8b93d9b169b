/** The functions that are computed by formulas, by name. */
import { EXPONENTIALS } from "./exponentials.js";
import { HYPERBOLICS } from "./hyperbolics.js";
import { HYPOT } from "./hypot.js";
import { INVERSE_HYPERBOLICS } from "./inverse-hyperbolics.js";
import { INVERSE_TRIGONOMETRY } from "./inverse-trigonometry.js";
import { SUMS } from "./logaddexp.js";
import { LOGARITHMS } from "./logarithms.js";
import type { Formula, FormulaTable } from "./ops.js";
import { POWERS } from "./pow.js";
import { TRIGONOMETRY } from "./trigonometry.js";

const FORMULAS: FormulaTable = {
  ...EXPONENTIALS,
  ...HYPERBOLICS,
  ...LOGARITHMS,
  ...POWERS,
  ...HYPOT,
  ...SUMS,
  ...TRIGONOMETRY,
  ...INVERSE_TRIGONOMETRY,
  ...INVERSE_HYPERBOLICS,
};

/** The formula of a scalar function on floats, if it has one. */
export const formulaOf = (fn: string): Formula | undefined =>
  Object.hasOwn(FORMULAS, fn) ? FORMULAS[fn] : undefined;

export const FORMULA_NAMES: readonly string[] = Object.keys(FORMULAS);
