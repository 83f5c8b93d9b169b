/**
 * Statistics with the bounds that theory gives them. Seeds are fixed, so a test that passes always passes; bounds are
 * five standard deviations or a probability of about one in a million, so that a sound generator passes at once.
 */
export const SIGMAS = 5;

/** Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal. */
export function chiSquareScore(counts: ArrayLike<number>, expected: readonly number[]): number {
  let sum = 0;
  expected.forEach((e, i) => {
    sum += ((counts[i] as number) - e) ** 2 / e;
  });
  const freedom = expected.length - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(sum / freedom) - (1 - spread)) / Math.sqrt(spread);
}

/** The same where all cells are alike. */
export function evenScore(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] as number;
  return chiSquareScore(counts, new Array<number>(counts.length).fill(total / counts.length));
}

/** Mean, variance, skewness and excess kurtosis. */
export function moments(x: ArrayLike<number>): readonly [number, number, number, number] {
  const n = x.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (x[i] as number) / n;
  let [second, third, fourth] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const d = (x[i] as number) - mean;
    second += d ** 2 / n;
    third += d ** 3 / n;
    fourth += d ** 4 / n;
  }
  return [mean, second, third / second ** 1.5, fourth / second ** 2 - 3];
}

/** Correlation times the square root of the length: standard normal for independent pairs. */
export function correlationScore(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = Math.min(x.length, y.length);
  const [a] = moments(x);
  const [b] = moments(y);
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [p, q] = [(x[i] as number) - a, (y[i] as number) - b];
    xy += p * q;
    xx += p * p;
    yy += q * q;
  }
  return (xy / Math.sqrt(xx * yy)) * Math.sqrt(n);
}

/** Kolmogorov and Smirnov's distance times the square root of the length. */
export function distance(x: ArrayLike<number>, cumulative: (v: number) => number): number {
  const sorted = Float64Array.from(x).sort();
  const n = sorted.length;
  let most = 0;
  sorted.forEach((v, i) => {
    const f = cumulative(v);
    most = Math.max(most, f - i / n, (i + 1) / n - f);
  });
  return most * Math.sqrt(n);
}
/** Exceeded with probability 2 exp(-2 x^2) = 1e-6. */
export const MOST_DISTANCE: number = Math.sqrt(Math.log(2e6) / 2);

/** The normal distribution function to 1e-7 (Abramowitz and Stegun 7.1.26). */
export function normalCumulative(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = (terms.reduce((sum, c) => sum * t + c, 0) * t * Math.exp((-z * z) / 2)) / 2;
  return z < 0 ? tail : 1 - tail;
}
