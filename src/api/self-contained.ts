/**
 * The check that a block function stands on its own, made when the expression is built: its text is parsed, and names
 * that are neither its own nor globals of every thread are refused. The parser loads with the first function.
 */
import { createRequire } from "node:module";
import { TaskError } from "../errors.js";
import { listText, type SyntaxNode } from "../ops/index.js";
import { blockOps } from "./engine.js";

/** Enumerable globals of Node; all others are found by not being enumerable, which what programs add is. */
const NODE_GLOBALS: readonly string[] = [
  "atob",
  "btoa",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "crypto",
  "fetch",
  "global",
  "navigator",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
];
/** What transpilers call to keep names; `exec/task/compile.ts` provides it. */
const PROVIDED = "__name";

let parse: ((text: string, options: object) => unknown) | undefined;
const checked = new WeakSet<object>();

/** Throws TaskError if the function uses names of the scope that it was written in. What is no function passes. */
export function checkSelfContained(fn: string, value: unknown): void {
  if (typeof value !== "function" || checked.has(value)) return;
  const program = syntaxOf(Function.prototype.toString.call(value));
  // What does not parse is a method, a class or native, and refused in better words when it is bound.
  if (program === undefined) return;
  const free = blockOps()
    .freeIdentifiers(program)
    .filter((name) => name !== PROVIDED && !isGlobal(name));
  if (free.length > 0) {
    const name = value.name === "" ? "the function" : `the function ${value.name}`;
    const are = free.length === 1 ? "which is" : "which are";
    throw new TaskError(
      `${fn}: ${name} uses ${listText(free.slice(0, 5), "and")}, ${are} not defined inside it`,
      { hint: hintFor(free), functionName: value.name },
    );
  }
  checked.add(value);
}

function syntaxOf(text: string): SyntaxNode | undefined {
  parse ??= (createRequire(import.meta.url)("acorn") as { parse: NonNullable<typeof parse> }).parse;
  try {
    // Inside a function, as workers compile it: new.target is allowed there, and strict mode holds.
    return parse(`(() => { "use strict"; return (${text}\n); });`, {
      ecmaVersion: "latest",
      allowReturnOutsideFunction: true,
    }) as SyntaxNode;
  } catch {
    return undefined;
  }
}

function isGlobal(name: string): boolean {
  if (NODE_GLOBALS.includes(name)) return true;
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  return own !== undefined && own.enumerable !== true;
}

const ALONE =
  "it runs in worker threads, without the scope it was written in: pass values in params, or give { module, export }";

function hintFor(names: readonly string[]): string {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/^(?:require|module|exports|__filename|__dirname)$/)) {
    return "load modules inside it with await import(...), or give { module, export }";
  }
  if (has(/^(?:__vite_ssr_import|__webpack|import_)|_\d+$/)) {
    return "it uses something imported: import it inside with await import(...), or give { module, export }";
  }
  if (has(/^(?:cov_|__cov|__coverage)/)) {
    return "a coverage tool changed its text: exclude the file, or give { module, export }";
  }
  if (has(/^(?:__[a-z]\w*|tslib\w*|_[a-z]{0,2}\d*|_\w+(?:ToGenerator|ToArray|Property))$/)) {
    return "the compiler put a helper outside of it: compile for ES2022 or newer, or give { module, export }";
  }
  return ALONE;
}
