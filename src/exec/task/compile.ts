/**
 * User functions from their source text. The text is evaluated in the global scope, so that it sees nothing of ours
 * and behaves the same on every thread.
 */
import { TaskError } from "../../errors.js";

/** Blocks first, then `{ blockId, offset, shape, params, signal }`. */
export type UserFunction = (...args: readonly unknown[]) => unknown;

const HINT = "write it as an arrow function or a function expression";

/**
 * Compiles the text of an arrow function, a function expression or an async one.
 *
 * Throws TaskError if the text is something else (a method, a class, a native or bound function) or no JavaScript.
 *
 * @example compileFunction("(x) => x.data.map((v) => v + 1)", "increment")
 */
export function compileFunction(text: string, name: string): UserFunction {
  if (/^\s*class\b/.test(text)) throw refused(name, "is a class");
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw refused(name, "is a native or bound function, whose text cannot be read");
  }
  let made: unknown;
  try {
    made = evaluate(text);
  } catch (cause) {
    if (isMethod(text)) throw refused(name, "is written as a method");
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TaskError(`function "${name}" does not compile: ${reason}`, {
      hint: HINT,
      cause,
      functionName: name,
    });
  }
  if (typeof made !== "function") throw refused(name, "is not a function");
  return made as UserFunction;
}

/** Transpilers wrap functions in `__name(fn, "name")`, which exists in their output file only. */
function evaluate(text: string): unknown {
  const build = new Function("__name", `"use strict";\nreturn (${text}\n);`) as (
    keepName: (fn: unknown) => unknown,
  ) => unknown;
  return build((fn) => fn);
}

function isMethod(text: string): boolean {
  try {
    new Function(`"use strict";\nreturn ({${text}\n});`);
    return true;
  } catch {
    return false;
  }
}

const refused = (name: string, what: string): TaskError =>
  new TaskError(`function "${name}" ${what}`, { hint: HINT, functionName: name });
