/** The float functions that compiled kernels import: `Math`, the shared definitions of `math.ts`, and Python's divmod. */
import { hypotF64, logaddexp, nextafterF32, nextafterF64, powF64 } from "./math.js";

type Rounding = (x: number) => number;
type Binary = (a: number, b: number) => number;

const zeroLike = (sign: number): number => (sign < 0 || Object.is(sign, -0) ? -0 : 0);

/** Python's `%`: exact, with the sign of the divisor. `a % 0` is NaN. */
const remainderIn =
  (round: Rounding): Binary =>
  (a, b) => {
    const rest = a % b;
    if (b === 0) return rest;
    if (rest === 0) return zeroLike(b);
    return rest < 0 === b < 0 ? rest : round(rest + b);
  };

/** Python's `//` as NumPy's `npy_divmod` rounds it, each step in the precision of the dtype. `a // 0` is `a / 0`. */
const floorDivideIn =
  (round: Rounding): Binary =>
  (a, b) => {
    if (b === 0) return round(a / b);
    const rest = a % b;
    let quotient = round(round(a - rest) / b);
    if (rest !== 0 && rest < 0 !== b < 0) quotient = round(quotient - 1);
    if (quotient === 0) return zeroLike(round(a / b));
    const floor = Math.floor(quotient);
    return round(quotient - floor) > 0.5 ? round(floor + 1) : floor;
  };

const exact: Rounding = (x) => x;

/** By import name. Engines recognise `Math.*` among imports and call it without crossing into JavaScript. */
export const FLOAT_IMPORTS: Readonly<Record<string, (a: number, b: number) => number>> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  atan2: Math.atan2,
  pow: powF64,
  hypot: hypotF64,
  logaddexp,
  nextafter: nextafterF64,
  remainder: remainderIn(exact),
  floorDivide: floorDivideIn(exact),
};

/** Functions whose float32 form is not the float64 one rounded once. They take and return float32. */
export const FLOAT32_IMPORTS: typeof FLOAT_IMPORTS = {
  nextafter: nextafterF32,
  remainder: remainderIn(Math.fround),
  floorDivide: floorDivideIn(Math.fround),
};
