/** The tree of a store: groups and arrays with their metadata, without reading a chunk. */
import { ZarrError } from "../../errors.js";
import { type NodeDocument, readNode } from "./documents.js";
import type { Json } from "./json.js";
import { locate, type StoreLike } from "./locate.js";
import { arrayInfo, named, parseArray, type ZarrArrayInfo } from "./open.js";
import { readTree, type Tree } from "./tree.js";

export interface GroupDescription {
  readonly kind: "group";
  /** Path in the store; "" for the root. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly version: 2 | 3;
  readonly children: readonly NodeDescription[];
}

export type ArrayDescription = { readonly kind: "array"; readonly path: string } & (
  | ({ readonly error?: undefined } & ZarrArrayInfo)
  /** An array whose metadata are not understood does not hide the others. */
  | { readonly error: string }
);

export type NodeDescription = GroupDescription | ArrayDescription;

/**
 * Describes the group or array at `path` and all below. Where a group has consolidated metadata they are used;
 * otherwise its folders are listed, which local stores and stores with `list` can.
 *
 * Errors: {@link ZarrError} when there is neither group nor array, or a group cannot be listed.
 *
 * @example const root = await describeStore("era5.zarr");
 */
export async function describeStore(
  url: StoreLike,
  options: { readonly path?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<NodeDescription> {
  const { store, path, name } = locate(url, options.path);
  const node = await readNode(store, path, options.signal);
  if (node === undefined) {
    throw new ZarrError(`${name} holds no Zarr array or group`, {
      hint: "expected zarr.json (v3), or .zarray or .zgroup (v2)",
    });
  }
  return describe(await readTree(store, path, node, options.signal));
}

function describeArray(path: string, node: NodeDocument & { kind: "array" }): ArrayDescription {
  try {
    return { kind: "array", path, ...named(path, () => arrayInfo(parseArray(node), true)) };
  } catch (error) {
    if (error instanceof ZarrError) return { kind: "array", path, error: error.message };
    throw error;
  }
}

function describe({ path, node, children }: Tree): NodeDescription {
  if (node.kind === "array") return describeArray(path, node);
  const { attributes, version } = node;
  return { kind: "group", path, attributes, version, children: children.map(describe) };
}
