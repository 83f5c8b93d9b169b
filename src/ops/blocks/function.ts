/**
 * User functions and what all of them may be told: a function travels as its source text, so it must be
 * self-contained, or as the URL of a module and the name of an export. What cannot travel is refused here, where the
 * mistake is made.
 */
import { OptionError, TaskError } from "../../errors.js";
import type { FunctionBinding, FunctionCode } from "../../ir/binding.js";
import { freshId } from "../../ir/node.js";
import { valueText } from "../words.js";

/** A function of a module of the user's program: an absolute `file:` URL or path, and the name of the export. */
export interface ModuleFunction {
  readonly module: string | URL;
  /** Default: `"default"`. */
  readonly export?: string | undefined;
}

/** Options that every block function has. */
export interface CallOptions {
  /** A structured-cloneable value that every call gets; all calls on a thread share it, so it is only read. */
  readonly params?: unknown;
  /** Shown in plans and errors; default: the function's own name. */
  readonly name?: string | undefined;
  /** "copy" (default): private blocks, to be changed at will; "view": shared, neither written nor kept. */
  readonly inputs?: "copy" | "view" | undefined;
  /** Bytes that one call may need beyond its blocks; default 0. */
  readonly scratchBytes?: number | undefined;
}

/** Checked options of a call node. */
export function callOptions(
  fn: string,
  options: CallOptions,
): { readonly inputs: "copy" | "view"; readonly scratchBytes: number } {
  const inputs = options.inputs ?? "copy";
  if (inputs !== "copy" && inputs !== "view") {
    throw new OptionError(`${fn}: inputs must be "copy" or "view", got ${valueText(inputs)}`);
  }
  const scratchBytes = options.scratchBytes ?? 0;
  if (!(Number.isSafeInteger(scratchBytes) && scratchBytes >= 0)) {
    throw new OptionError(
      `${fn}: scratchBytes must be a number of bytes, got ${valueText(scratchBytes)}`,
    );
  }
  if (options.name !== undefined && typeof options.name !== "string") {
    throw new OptionError(`${fn}: name must be a string, got ${valueText(options.name)}`);
  }
  return { inputs, scratchBytes };
}

/** The source text of a function, refused if it cannot be compiled elsewhere. */
function textOf(fn: string, what: string, value: unknown): string {
  if (typeof value !== "function") {
    throw new TaskError(`${fn}: ${what} must be a function, got ${valueText(value)}`);
  }
  const name = value.name === "" ? "the function" : `the function ${value.name}`;
  const text = Function.prototype.toString.call(value);
  const refuse = (why: string, hint: string): TaskError =>
    new TaskError(`${fn}: ${name} ${why}`, { hint, functionName: value.name });
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw refuse(
      "is native or bound and has no source text",
      "wrap it: (block) => ..., and pass values in params",
    );
  }
  if (/^class\b/.test(text))
    throw refuse("is a class", "give an arrow function or function expression");
  if (/^(async\s+)?function\s*\*/.test(text)) {
    throw refuse("is a generator", "block functions return one block");
  }
  const wrong = syntaxError(text);
  if (wrong === undefined) return text;
  if (syntaxError(`{${text}}`) === undefined) {
    throw refuse(
      "is a method or accessor",
      "give an arrow function or function expression, methods have no text of their own",
    );
  }
  throw refuse(
    `cannot be compiled alone: ${wrong}`,
    "functions run without the module they were written in: give { module, export } instead",
  );
}

/** Why the text does not stand alone as an expression (`f(x) {}` of a method does not). Nothing is run. */
function syntaxError(text: string): string | undefined {
  try {
    new Function(`"use strict"; return (${text}\n);`);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function cloned(fn: string, params: unknown): unknown {
  try {
    return structuredClone(params);
  } catch (cause) {
    throw new OptionError(`${fn}: params cannot be sent to workers, got ${valueText(params)}`, {
      hint: "give plain data: objects, arrays, typed arrays, maps, numbers, strings",
      cause,
    });
  }
}

export const isModuleFunction = (value: unknown): value is ModuleFunction =>
  typeof value === "object" && value !== null && "module" in value;

/** The absolute URL of a module of the user's program. */
function moduleUrl(fn: string, module: unknown): string {
  const text = module instanceof URL ? module.href : module;
  const refuse = (): TaskError =>
    new TaskError(`${fn}: the module ${valueText(text)} is not an absolute path or file: URL`, {
      hint: 'give new URL("./blocks.js", import.meta.url) or import.meta.resolve(...)',
    });
  if (typeof text !== "string") throw refuse();
  if (text.startsWith("file:///")) return text;
  if (!text.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(text)) throw refuse();
  const path = text.startsWith("/") ? text : `/${text.replaceAll("\\", "/")}`;
  return `file://${encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")}`;
}

function codeOf(fn: string, what: string, value: unknown): FunctionCode {
  if (!isModuleFunction(value)) return { type: "text", text: textOf(fn, what, value) };
  const url = moduleUrl(fn, value.module);
  const name = value.export ?? "default";
  if (typeof name !== "string") {
    throw new TaskError(`${fn}: export must be the name of a function, got ${valueText(name)}`);
  }
  const more = Object.keys(value).find((key) => key !== "module" && key !== "export");
  if (more !== undefined) {
    throw new OptionError(`${fn}: unknown option ${JSON.stringify(more)}`, {
      hint: "a function of a module is { module, export }",
    });
  }
  return { type: "module", url, export: name };
}

/** What a function is called where nobody named it. */
function ownName(value: unknown, code: FunctionCode): string {
  if (code.type === "module") {
    const file = code.url.slice(code.url.lastIndexOf("/") + 1);
    return code.export === "default" ? file : code.export;
  }
  return (value as { name: string }).name || "block function";
}

// One function without params is one binding, so that equal calls are one node.
const ofFunctions = new WeakMap<object, Map<string, FunctionBinding>>();
const ofModules = new Map<string, FunctionBinding>();

/**
 * The binding of a user function; `what` says which argument it is. Equal functions with equal names and no params
 * are one binding.
 */
export function bindFunction(
  fn: string,
  what: string,
  value: unknown,
  options: Pick<CallOptions, "name" | "params">,
): FunctionBinding {
  const code = codeOf(fn, what, value);
  const name = options.name ?? ownName(value, code);
  const make = (): FunctionBinding =>
    Object.freeze({
      kind: "function",
      id: freshId(),
      name,
      code,
      params: cloned(fn, options.params),
    });
  if (options.params !== undefined) return make();
  let known = ofModules;
  let key = name;
  if (code.type === "module") key = JSON.stringify([name, code.url, code.export]);
  else {
    known = ofFunctions.get(value as object) ?? new Map<string, FunctionBinding>();
    ofFunctions.set(value as object, known);
  }
  let binding = known.get(key);
  if (binding === undefined) {
    binding = make();
    known.set(key, binding);
  }
  return binding;
}
