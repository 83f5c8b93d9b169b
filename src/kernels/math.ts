/**
 * Scalar functions that neither JavaScript nor WebAssembly has with NumPy's rules. The kernels import them and the
 * reference interpreter calls them: one definition each, so that their bits agree. Pure functions of numbers.
 */

/**
 * `a` to the power `b` with the special cases of C99, which NumPy and the array-API standard follow:
 * `pow(1, y)` is 1 for every y and `pow(-1, +-inf)` is 1, where ECMAScript says NaN.
 */
export function powF64(a: number, b: number): number {
  if (a === 1) return 1;
  if (a === -1 && (b === Infinity || b === -Infinity)) return 1;
  return a ** b;
}

/** `log(exp(a) + exp(b))` without overflow; equal arguments (infinities too) give `a + log(2)`. */
export function logaddexp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  const difference = a - b;
  if (difference > 0) return a + Math.log1p(Math.exp(-difference));
  if (difference <= 0) return b + Math.log1p(Math.exp(difference));
  return difference;
}

/** Square root of `a*a + b*b` without overflow; infinite if either argument is, even beside a NaN. */
export function hypotF64(a: number, b: number): number {
  const squares = a * a + b * b;
  // Away from overflow and underflow the plain formula is within a unit in the last place, and quick.
  if (squares > 2 ** -900 && squares < 2 ** 1000) return Math.sqrt(squares);
  if (Math.abs(a) === Infinity || Math.abs(b) === Infinity) return Infinity;
  return Math.hypot(a, b);
}

const scratch = new DataView(new ArrayBuffer(8));

/** The float64 next to `a` in the direction of `b`; `b` when they are equal, NaN when either is NaN. */
export function nextafterF64(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === b) return b;
  if (a === 0) return b > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  scratch.setFloat64(0, a);
  const bits = scratch.getBigInt64(0);
  // Of equal sign, floats are ordered as their bits: one more is further from zero.
  scratch.setBigInt64(0, b > a === a > 0 ? bits + 1n : bits - 1n);
  return scratch.getFloat64(0);
}

/** The float32 next to `a` in the direction of `b`; both must be float32 values. */
export function nextafterF32(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === b) return b;
  if (a === 0) return b > 0 ? 2 ** -149 : -(2 ** -149);
  scratch.setFloat32(0, a);
  const bits = scratch.getInt32(0);
  scratch.setInt32(0, b > a === a > 0 ? bits + 1 : bits - 1);
  return scratch.getFloat32(0);
}
