/** Functions of a run, made ready once per thread: compiled, imported, or one of ours. */
import { InternalError, TaskError } from "../../errors.js";
import { builtIn } from "../../kernels/blocks/index.js";
import type { FunctionData } from "../protocol.js";
import { compileFunction, type UserFunction } from "./compile.js";
import type { TaskFunction } from "./context.js";

export class FunctionTable {
  readonly #functions: readonly FunctionData[];
  readonly #ready = new Map<number, TaskFunction | Promise<TaskFunction>>();

  constructor(functions: readonly FunctionData[]) {
    this.#functions = functions;
  }

  get(index: number): TaskFunction | Promise<TaskFunction> {
    let ready = this.#ready.get(index);
    if (ready === undefined) {
      const data = this.#functions[index];
      if (data === undefined) throw new InternalError(`the bindings have no function ${index}`);
      ready = load(data);
      this.#ready.set(index, ready);
    }
    return ready;
  }
}

function load({ name, code, params }: FunctionData): TaskFunction | Promise<TaskFunction> {
  switch (code.type) {
    case "text":
      return { name, params, call: compileFunction(code.text, name) };
    case "built-in":
      return { name, params, builtIn: builtIn(code.name) };
    case "module":
      return imported(name, code.url, code.export).then((call) => ({ name, params, call }));
  }
}

async function imported(name: string, url: string, exported: string): Promise<UserFunction> {
  let module: Record<string, unknown>;
  try {
    module = (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TaskError(`function "${name}": the module ${url} could not be loaded: ${reason}`, {
      functionName: name,
      cause,
    });
  }
  const fn = module[exported];
  if (typeof fn !== "function") {
    throw new TaskError(`function "${name}": ${url} does not export a function "${exported}"`, {
      functionName: name,
      hint: `it exports ${Object.keys(module).join(", ") || "nothing"}`,
    });
  }
  return fn as UserFunction;
}
