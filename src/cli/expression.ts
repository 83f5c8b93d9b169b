/** What `compute` and `explain` have in common: an expression over arrays of stores, named on the command line. */
import * as cw from "../index.js";
import { UsageError } from "./command.js";

/** The part of both helps that explains expressions and names. */
export const EXPRESSION_HELP = `Arguments:
  EXPR             an expression in NumPy's syntax: operators, functions and methods by NumPy's names, indexing.
                   Quote it for the shell; put one that begins with a minus in brackets

Options:
  --in NAME=STORE  an array that the expression calls NAME: a directory or a URL. What follows .zarr/ is the path of
                   the array inside the store. Give one for each name`;

/** A store and the path of an array in it. */
export interface Place {
  readonly store: string;
  readonly path: string | undefined;
}

/** `era5.zarr/surface/u` -> the array surface/u of the store era5.zarr; any other text is a store as it stands. */
export function placeOf(text: string): Place {
  const cut = /^(.*?\.zarr)\/+(.*?)\/*$/.exec(text);
  const [, store = text, path = ""] = cut ?? [];
  return { store, path: path === "" ? undefined : path };
}

/** Opens the arrays that `--in` names. */
export async function openInputs(
  inputs: readonly string[] | undefined,
): Promise<Record<string, cw.LazyArray>> {
  const places = new Map<string, Place>();
  for (const input of inputs ?? []) {
    const [, name, store] = /^([\p{XID_Start}_]\p{XID_Continue}*)=(.+)$/u.exec(input) ?? [];
    if (name === undefined || store === undefined) {
      throw new UsageError(
        `--in ${input} names no array`,
        "give NAME=STORE, as in --in u=era5.zarr/u",
      );
    }
    if (places.has(name))
      throw new UsageError(`--in ${name} is given twice`, "names are different");
    places.set(name, placeOf(store));
  }
  const arrays: Record<string, cw.LazyArray> = {};
  for (const [name, { store, path }] of places) arrays[name] = await cw.openZarr(store, { path });
  return arrays;
}
