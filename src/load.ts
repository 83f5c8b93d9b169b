/**
 * The program's own files by their paths below the folder that it lies in: what is loaded late or by other threads is
 * found there whether every module is a file of its own or many are one.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** A module that is loaded when this is called; `require` takes ES modules, and gives the one that `import()` gives. */
export const load = (path: string): unknown => require(`./${path}`);

export const fileOf = (path: string): URL => new URL(`./${path}`, import.meta.url);
