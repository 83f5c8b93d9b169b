/**
 * Puts the free functions on LazyArray's prototype: every function whose first argument is an array is also a
 * method. `array.ts` has their types; a test holds the two together.
 */
import { mimeBundle, textCard } from "../display/index.js";
import { LazyArray } from "./array.js";
import { blocks } from "./blocks.js";
import * as creation from "./functions/creation.js";
import * as elementwise from "./functions/elementwise.js";
import * as indexing from "./functions/indexing.js";
import * as manipulation from "./functions/manipulation.js";
import * as reductions from "./functions/reductions.js";
import { persist } from "./persist.js";
import { preview } from "./preview.js";
import { compute, explain, plan } from "./run.js";
import { toZarr } from "./zarr.js";

type AnyFunction = (...args: never[]) => unknown;

function install(name: string, fn: AnyFunction): void {
  const free = fn as (...args: unknown[]) => unknown;
  Object.defineProperty(LazyArray.prototype, name, {
    configurable: true,
    writable: true,
    value: {
      [name](this: LazyArray, ...args: unknown[]): unknown {
        return free(this, ...args);
      },
    }[name],
  });
}

const { broadcastArrays: _1, concat: _2, mapBlocks: _3, stack: _4, ...ofOneArray } = manipulation;
const { variance, ...reducing } = reductions;
const { emptyLike, fullLike, onesLike, tril, triu, zerosLike } = creation;

const METHODS: Readonly<Record<string, AnyFunction>> = {
  ...elementwise,
  ...indexing,
  ...ofOneArray,
  ...reducing,
  var: variance,
  emptyLike,
  fullLike,
  onesLike,
  tril,
  triu,
  zerosLike,
  blocks,
  compute,
  explain,
  persist,
  plan,
  preview,
  toZarr,
};
for (const [name, fn] of Object.entries(METHODS)) install(name, fn);

// What consoles and notebooks look for.
for (const [name, show] of [
  ["nodejs.util.inspect.custom", textCard],
  ["Jupyter.display", mimeBundle],
] as const) {
  Object.defineProperty(LazyArray.prototype, Symbol.for(name), {
    configurable: true,
    writable: true,
    value(this: LazyArray) {
      return show(this.node);
    },
  });
}

export { LazyArray };
