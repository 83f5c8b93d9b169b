/**
 * Options objects: one small schema says what a function accepts, so that a misspelled option is an error that names
 * the right one, everywhere in the same words.
 */
import { OptionError } from "../errors.js";
import { listText, valueText } from "../ops/index.js";

/** What is wrong with a value, as "must be ..."; undefined if nothing is. */
export type Check = (value: unknown) => string | undefined;
export type Checks<T> = { readonly [K in keyof T]-?: Check };

/** For options whose values the function itself checks, with better words. */
export const anything: Check = () => undefined;
const ofType =
  (type: string, words: string): Check =>
  (v) =>
    typeof v === type ? undefined : `must be ${words}`;
export const isBoolean: Check = ofType("boolean", "true or false");
export const isText: Check = ofType("string", "a string");
export const isFunction: Check = ofType("function", "a function");
export const isCount: Check = (v) =>
  typeof v === "number" && Number.isSafeInteger(v) && v >= 1
    ? undefined
    : "must be an integer from 1";
export const isWhole: Check = (v) =>
  typeof v === "number" && Number.isSafeInteger(v) && v >= 0
    ? undefined
    : "must be an integer from 0";
export const isByteCount: Check = (v) =>
  typeof v === "number" && v >= 0 ? undefined : "must be a number of bytes";
export const isSignal: Check = (v) =>
  typeof v === "object" && v !== null && "aborted" in v && "addEventListener" in v
    ? undefined
    : "must be an AbortSignal";
export const isRecord: Check = (v) =>
  typeof v === "object" && v !== null && !Array.isArray(v) ? undefined : "must be an object";
/** Told without the value, of which a part may be right. */
export const isCredentials: Check = (v) => {
  const { accessKeyId, secretAccessKey, sessionToken } = (v ?? {}) as Record<string, unknown>;
  const isRight =
    typeof accessKeyId === "string" &&
    typeof secretAccessKey === "string" &&
    (sessionToken === undefined || typeof sessionToken === "string");
  if (isRight) return undefined;
  throw new OptionError(
    "s3Store: credentials must be { accessKeyId, secretAccessKey } of strings, with a sessionToken if there is one",
  );
};
export const TRACE_FILES = "must end in .html or .json";
export const isTraceFile = (name: string): boolean => /\.(html|json)$/.test(name);
/** Where the timeline of a run goes: on what the function answers (if it can be there), into a file, to a function. */
export const isTrace =
  (...forms: readonly ("true" | "file" | "function")[]): Check =>
  (v) => {
    if (v === false || (v === true && forms.includes("true"))) return undefined;
    if (typeof v === "function" && forms.includes("function")) return undefined;
    if (typeof v === "string" && forms.includes("file")) {
      return isTraceFile(v) ? undefined : TRACE_FILES;
    }
    const words = { true: "true", file: "the name of a file", function: "a function" };
    return `must be ${listText(forms.map((form) => words[form]))}`;
  };
export const isNames: Check = (v) =>
  Array.isArray(v) && v.every((n) => n === null || typeof n === "string")
    ? undefined
    : "must be a list of names, one per axis (null for none)";
export const isRegion: Check = (v) =>
  Array.isArray(v) || typeof v === "string"
    ? undefined
    : "must be a list of selectors, one per axis, or a text of them";
export const oneOf =
  (...words: readonly string[]): Check =>
  (v) =>
    typeof v === "string" && words.includes(v)
      ? undefined
      : `must be ${listText(words.map((w) => JSON.stringify(w)))}`;

/** Checked options of `fn`; undefined counts as none, undefined properties as not given. */
export function readOptions<T extends object>(fn: string, options: unknown, checks: Checks<T>): T {
  if (options === undefined) return {} as T;
  if (!isPlainObject(options)) {
    throw new OptionError(`${fn}: options must be an object, got ${valueText(options)}`, {
      hint: `it may have ${listText(Object.keys(checks), "and")}`,
    });
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof T] : undefined;
    if (check === undefined) throw unknownOption(fn, name, Object.keys(checks));
    const wrong = value === undefined ? undefined : check(value);
    if (wrong !== undefined) {
      throw new OptionError(`${fn}: ${name} ${wrong}, got ${valueText(value)}`);
    }
  }
  return options as T;
}

/** A value that is an options object rather than an array, list or scalar. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

export function unknownOption(fn: string, name: string, known: readonly string[]): OptionError {
  const near = nearest(name, known);
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : known.length === 0
        ? "it has no options"
        : `options are ${listText(known, "and")}`;
  return new OptionError(`${fn}: unknown option ${JSON.stringify(name)}`, { hint });
}

/** The word with the least edit distance, if it is near at all. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and replacements, one row of the table at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/**
 * Arguments of a function whose last positional ones are optional and may be given in the options instead, as in
 * `squeeze(x, 0)` and `squeeze(x, { axis: 0 })`.
 */
export function trailing(
  fn: string,
  names: readonly string[],
  args: readonly unknown[],
): { readonly values: readonly unknown[]; readonly options: unknown } {
  const last = args.at(-1);
  const hasOptions = args.length > 0 && isPlainObject(last);
  const given = hasOptions ? args.slice(0, -1) : args;
  const extra = args.length - given.length;
  if (given.length > names.length + (1 - extra) || (given.length > names.length && !hasOptions)) {
    const surplus = given.slice(names.length).find((v) => v !== undefined);
    if (surplus !== undefined) {
      throw new OptionError(`${fn}: options must be an object, got ${valueText(surplus)}`);
    }
  }
  if (!hasOptions) return { values: given.slice(0, names.length), options: undefined };
  const rest: Record<string, unknown> = { ...(last as Record<string, unknown>) };
  const values = names.map((name, i) => {
    const named = rest[name];
    delete rest[name];
    if (named === undefined) return given[i];
    if (given[i] !== undefined) {
      throw new OptionError(`${fn}: ${name} is given twice`, {
        hint: "give it as an argument or as an option",
      });
    }
    return named;
  });
  return { values, options: rest };
}
