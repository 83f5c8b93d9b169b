/** Byte sizes as users write them: a number of bytes, or `"512MiB"`, `"1.5 GB"`. */
import { OptionError } from "../errors.js";
import { valueText } from "./words.js";

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

/** True for what looks like a byte size at all, so that other words get an error of their own. */
export const looksLikeBytes = (text: string): boolean => /^\s*[\d.]/.test(text);

/** The bytes that `text` names, or undefined. Units are B, kB, MB, GB, TB and KiB, MiB, GiB, TiB. */
export function bytesOf(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "").toUpperCase()];
  if (match === null || unit === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * unit);
  return bytes >= 1 ? bytes : undefined;
}

/** A byte-size option; OptionError if it is neither a positive number nor such a text. */
export function parseBytes(value: unknown, what: string): number {
  const bytes =
    typeof value === "string"
      ? bytesOf(value)
      : typeof value === "number" && value >= 1 && Number.isFinite(value)
        ? Math.floor(value)
        : undefined;
  if (bytes === undefined) {
    throw new OptionError(`${what}: ${valueText(value)} is not a size in bytes`, {
      hint: 'give a positive number of bytes or a text like "512MiB" or "2GB"',
    });
  }
  return bytes;
}
