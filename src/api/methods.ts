/**
 * Puts the free functions on LazyArray's prototype: every function whose first argument is an array is also a
 * method. `array.ts` has their types; a test holds the two together.
 */
import { LazyArray } from "./array.js";
import { blocks } from "./blocks.js";
import { analyze, explain } from "./explain.js";
import { reduction, scan } from "./functions/blocks.js";
import * as creation from "./functions/creation.js";
import * as elementwise from "./functions/elementwise.js";
import * as indexing from "./functions/indexing.js";
import * as manipulation from "./functions/manipulation.js";
import * as products from "./functions/products.js";
import * as reductions from "./functions/reductions.js";
import * as scans from "./functions/scans.js";
import { measure } from "./measure.js";
import { installDisplay } from "./notebook.js";
import { persist } from "./persist.js";
import { preview } from "./preview.js";
import { compute, plan } from "./run.js";
import { explainToZarr, toZarr } from "./store.js";

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

const { broadcastArrays: _1, concat: _2, stack: _3, ...ofOneArray } = manipulation;
const { einsum: _4, ...ofTwoArrays } = products;
const { variance, ...reducing } = reductions;
const { emptyLike, fullLike, onesLike, tril, triu, zerosLike } = creation;

const METHODS: Readonly<Record<string, AnyFunction>> = {
  analyze,
  ...elementwise,
  ...indexing,
  ...ofOneArray,
  ...ofTwoArrays,
  ...reducing,
  ...scans,
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
  explainToZarr,
  measure,
  persist,
  plan,
  preview,
  reduction,
  scan,
  toZarr,
};
for (const [name, fn] of Object.entries(METHODS)) install(name, fn);

installDisplay(LazyArray.prototype);

export { LazyArray };
