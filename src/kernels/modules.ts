/** Compiled kernels of one thread and memory, by structure. */
import { COMPLEX_PARTS } from "./complex-math.js";
import { FLOAT_IMPORTS, FLOAT32_IMPORTS } from "./floats.js";
import { rareImport } from "./formula-code.js";
import { RARE } from "./formulas/rare.js";
import { TABLES, type Table, tableImport } from "./formulas/tables.js";

/** A kernel: its descriptor, and what it takes beside that. */
export type Run = (...parameters: number[]) => void;

const MATH_IMPORTS: Readonly<Record<string, unknown>> = {
  ...FLOAT_IMPORTS,
  ...COMPLEX_PARTS,
  ...Object.fromEntries(Object.entries(RARE).map(([name, fn]) => [rareImport(name), fn])),
  ...Object.fromEntries(Object.entries(FLOAT32_IMPORTS).map(([name, fn]) => [`${name}32`, fn])),
  ...Object.fromEntries(TABLES.map((table) => [tableImport(table), () => 0])),
};

/** Modules hold no memory: threads compile for themselves, memories of one thread share. */
const compiled = new Map<string, WebAssembly.Module>();
/** Most modules that a thread remembers; the oldest are forgotten first. A module is some ten KiB of code. */
const MOST_MODULES = 1024;

export class KernelCache {
  readonly #memory: WebAssembly.Memory;
  readonly #tables: number;
  readonly #written = new Set<Table>();
  readonly #instances = new Map<string, Run>();
  #compilations = 0;

  /** `tables` is the address of the tables of formulas; they are written when a kernel first needs them. */
  constructor(memory: WebAssembly.Memory, tables: number) {
    this.#memory = memory;
    this.#tables = tables;
  }

  /** Modules that this cache had to compile. */
  get compilations(): number {
    return this.#compilations;
  }

  /** The kernel of a key; `assemble` makes its bytes when the key is new. */
  get(key: string, assemble: () => Uint8Array<ArrayBuffer>): Run {
    let run = this.#instances.get(key);
    if (run === undefined) {
      let module = compiled.get(key);
      if (module === undefined) {
        module = new WebAssembly.Module(assemble());
        this.#compilations++;
        remember(compiled, key, module);
      }
      this.#writeTables(module);
      const { exports } = new WebAssembly.Instance(module, {
        env: { memory: this.#memory },
        math: MATH_IMPORTS as Record<string, unknown>,
      });
      run = exports["run"] as Run;
      remember(this.#instances, key, run);
    }
    return run;
  }

  #writeTables(module: WebAssembly.Module): void {
    const names = new Set(WebAssembly.Module.imports(module).map(({ name }) => name));
    for (const table of TABLES) {
      if (this.#written.has(table) || !names.has(tableImport(table))) continue;
      const { rows, at } = table;
      new Float64Array(this.#memory.buffer, this.#tables + at, rows.length).set(rows);
      this.#written.add(table);
    }
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= MOST_MODULES) map.delete(map.keys().next().value as string);
  map.set(key, value);
}
