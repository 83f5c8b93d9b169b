/**
 * JSON as Zarr needs it: integers beyond 2^53 stay exact (as bigints), and the bare NaN and Infinity that Python
 * writes into attributes are read.
 *
 * Such tokens are wrapped into strings with a prefix that does not occur in the text, and unwrapped by a
 * reviver; so the parser is still the runtime's own.
 */
import { ZarrError } from "../../errors.js";

export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|-?Infinity|NaN/g;
const LITERALS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function prefixNotIn(text: string): string {
  let prefix = "\u0001";
  while (text.includes(prefix) || text.includes("\\u0001")) {
    if (!text.includes(`@${prefix.length}@`)) return `@${prefix.length}@`;
    prefix += "\u0001";
  }
  return prefix;
}

/** Parses a metadata document; `where` names it in the {@link ZarrError}. */
export function parseJson(bytes: Uint8Array, where: string): Json {
  // A copy, since TextDecoder refuses shared memory.
  const text = new TextDecoder().decode(bytes.slice());
  const prefix = prefixNotIn(text);
  const wrap = (token: string): string => JSON.stringify(prefix + token);
  const safe = text.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return token;
    if (token in LITERALS) return wrap(token);
    const isBigInteger = /^-?(?:0|[1-9]\d*)$/.test(token) && !Number.isSafeInteger(Number(token));
    return isBigInteger ? wrap(token) : token;
  });
  try {
    return JSON.parse(safe, (_key, value: Json) => {
      if (typeof value !== "string" || !value.startsWith(prefix)) return value;
      const token = value.slice(prefix.length);
      return LITERALS[token] ?? BigInt(token);
    }) as Json;
  } catch (error) {
    throw new ZarrError(`${where} is not valid JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Parses a document that must be an object. */
export function parseObject(bytes: Uint8Array, where: string): { readonly [key: string]: Json } {
  const value = parseJson(bytes, where);
  if (!isObject(value)) throw new ZarrError(`${where} is not a JSON object`);
  return value;
}

/**
 * The bytes of a metadata document. Bigints are written as integers, -0 with its sign; numbers that JSON cannot hold as
 * the strings that Zarr uses for them.
 */
export function formatJson(value: unknown): Uint8Array {
  const numbers: string[] = [];
  const marker = `number-${"#".repeat(8)}-`;
  const exactly = (digits: string): string => `${marker}${numbers.push(digits) - 1}`;
  const text = JSON.stringify(
    value,
    (_key, v: unknown) => {
      if (typeof v === "bigint") return exactly(String(v));
      if (Object.is(v, -0)) return exactly("-0.0");
      if (typeof v === "number" && !Number.isFinite(v)) return String(v);
      return v;
    },
    2,
  );
  const exact = text.replace(
    new RegExp(`"${marker}(\\d+)"`, "g"),
    (whole, n: string) => numbers[Number(n)] ?? whole,
  );
  return new TextEncoder().encode(`${exact}\n`);
}
