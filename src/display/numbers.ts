/** Numbers for people: bytes, counts and times in few characters. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.5 GiB`; three significant digits at the most, whole bytes below 1 KiB. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 and more would be shown as 1024 of the smaller unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(value) : short(value)} ${UNITS[unit]}`;
}

const short = (value: number): string =>
  value >= 100 ? value.toFixed(0) : trimmed(value.toFixed(value >= 10 ? 1 : 2));
const trimmed = (text: string): string => text.replace(/\.?0+$/, "");

/** `1,234,567`. */
export const countText = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** `85 ms`, `3.2 s`, `4 min 05 s`, `2 h 03 min`. */
export function secondsText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
