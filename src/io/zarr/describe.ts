/** The tree of a store: groups and arrays with their metadata, without reading a chunk. */
import { ZarrError } from "../../errors.js";
import { isDirectoryStore, type Store } from "../stores/store.js";
import { type NodeDocument, readNode } from "./documents.js";
import type { Json } from "./json.js";
import { locate, type StoreLike } from "./locate.js";
import { arrayInfo, named, parseArray, type ZarrArrayInfo } from "./open.js";

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
  return describe(store, path, node, options.signal);
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}/${name}`);

function describeArray(path: string, node: NodeDocument & { kind: "array" }): ArrayDescription {
  try {
    return { kind: "array", path, ...named(path, () => arrayInfo(parseArray(node), true)) };
  } catch (error) {
    if (error instanceof ZarrError) return { kind: "array", path, error: error.message };
    throw error;
  }
}

/** Groups deeper than this are not listed: a link to a folder above would never end. */
const MAX_DEPTH = 32;

/** Depth of the recursion is the depth of the folder tree. */
async function describe(
  store: Store,
  path: string,
  node: NodeDocument,
  signal: AbortSignal | undefined,
): Promise<NodeDescription> {
  if (node.kind === "array") return describeArray(path, node);
  const { attributes, version, consolidated } = node;
  if (consolidated !== undefined) return fromConsolidated(path, node, consolidated);
  const children: NodeDescription[] = [];
  const names = path.split("/").length < MAX_DEPTH ? await foldersOf(store, path) : [];
  for (const name of names) {
    // Not a key of any store, so nothing of the tree.
    if (name.includes("\\")) continue;
    const child = await readNode(store, join(path, name), signal);
    if (child !== undefined) children.push(await describe(store, join(path, name), child, signal));
  }
  return { kind: "group", path, attributes, version, children };
}

/** A group of a consolidated tree; paths are relative to the group that holds the metadata. */
function fromConsolidated(
  base: string,
  root: NodeDocument & { kind: "group" },
  nodes: ReadonlyMap<string, NodeDocument>,
): GroupDescription {
  const groups = new Map<string, { self: GroupDescription; children: NodeDescription[] }>();
  const open = (relative: string, node: NodeDocument & { kind: "group" }): NodeDescription[] => {
    const children: NodeDescription[] = [];
    const self: GroupDescription = {
      kind: "group",
      path: relative === "" ? base : join(base, relative),
      attributes: node.attributes,
      version: node.version,
      children,
    };
    groups.set(relative, { self, children });
    return children;
  };
  open("", root);
  const parentOf = (relative: string): NodeDescription[] => {
    let at = relative;
    for (;;) {
      at = at.includes("/") ? at.slice(0, at.lastIndexOf("/")) : "";
      const group = groups.get(at);
      if (group !== undefined) return group.children;
    }
  };
  // By path, so that a group comes before what is in it.
  for (const [relative, node] of [...nodes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (relative === "") continue;
    const parent = parentOf(relative);
    if (node.kind === "array") parent.push(describeArray(join(base, relative), node));
    else {
      open(relative, node);
      parent.push((groups.get(relative) as { self: GroupDescription }).self);
    }
  }
  return (groups.get("") as { self: GroupDescription }).self;
}

async function foldersOf(store: Store, path: string): Promise<readonly string[]> {
  if (isDirectoryStore(store)) return store.folders(`/${path}`);
  const prefix: `/${string}` = `/${path}`;
  if (store.list === undefined && !(store instanceof Map)) {
    throw new ZarrError("this store cannot list its keys and has no consolidated metadata", {
      hint: "name an array with the option path",
    });
  }
  const keys: Iterable<string> =
    store.list === undefined
      ? (store as unknown as Map<string, unknown>).keys()
      : await store.list(prefix);
  const start = path === "" ? "/" : `${prefix}/`;
  const names = new Set<string>();
  for (const key of keys) {
    const full = key.startsWith("/") ? key : `/${key}`;
    if (!full.startsWith(start)) continue;
    const rest = full.slice(start.length);
    if (rest.includes("/")) names.add(rest.slice(0, rest.indexOf("/")));
  }
  return [...names].sort();
}
