/** Numbers for people, and names made fit for where they are shown. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1536` -> `1.50 KiB`: three digits. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export const secondsText = (s: number): string =>
  s < 1e-3
    ? `${(s * 1e6).toFixed(0)} us`
    : s < 1
      ? `${(s * 1e3).toFixed(s < 0.01 ? 1 : 0)} ms`
      : `${s.toFixed(1)} s`;

export const shapeText = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** `1 task`, `2 tasks`. */
export const counted = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
