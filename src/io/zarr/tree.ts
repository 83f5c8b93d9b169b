/** The tree of a store as documents: what `describeStore` tells and `openGroup` opens. */
import { ZarrError } from "../../errors.js";
import type { Store } from "../stores/store.js";
import { type NodeDocument, readNode } from "./documents.js";

/** A node with what is below it. */
export interface Tree {
  /** Path in the store; "" for the root. */
  readonly path: string;
  readonly node: NodeDocument;
  /** Empty for arrays. */
  readonly children: readonly Tree[];
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}/${name}`);

/** Groups deeper than this are not listed: a link to a folder above would never end. */
const MAX_DEPTH = 32;

/**
 * The node at a path and all below. Where a group has consolidated metadata they are used; otherwise its folders are
 * listed. Depth of the recursion is the depth of the folder tree. ZarrError where a group cannot be listed.
 */
export async function readTree(
  store: Store,
  path: string,
  node: NodeDocument,
  signal: AbortSignal | undefined,
): Promise<Tree> {
  if (node.kind === "array") return { path, node, children: [] };
  if (node.consolidated !== undefined) return fromConsolidated(path, node, node.consolidated);
  const children: Tree[] = [];
  const names = path.split("/").length < MAX_DEPTH ? await foldersOf(store, path) : [];
  for (const name of names) {
    // Not a key of any store, so nothing of the tree.
    if (name.includes("\\")) continue;
    const child = await readNode(store, join(path, name), signal);
    if (child !== undefined) children.push(await readTree(store, join(path, name), child, signal));
  }
  return { path, node, children };
}

/** A group of a consolidated tree; paths are relative to the group that holds the metadata. */
function fromConsolidated(
  base: string,
  root: NodeDocument,
  nodes: ReadonlyMap<string, NodeDocument>,
): Tree {
  const groups = new Map<string, Tree[]>();
  const open = (relative: string, node: NodeDocument): Tree => {
    const children: Tree[] = [];
    if (node.kind === "group") groups.set(relative, children);
    return { path: relative === "" ? base : join(base, relative), node, children };
  };
  const top = open("", root);
  const parentOf = (relative: string): Tree[] => {
    let at = relative;
    for (;;) {
      at = at.includes("/") ? at.slice(0, at.lastIndexOf("/")) : "";
      const group = groups.get(at);
      if (group !== undefined) return group;
    }
  };
  // By path, so that a group comes before what is in it.
  for (const [relative, node] of [...nodes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (relative === "") continue;
    parentOf(relative).push(open(relative, node));
  }
  return top;
}

async function foldersOf(store: Store, path: string): Promise<readonly string[]> {
  if (store.folders !== undefined) return await store.folders(`/${path}`);
  const start = path === "" ? "/" : `/${path}/`;
  const names = new Set<string>();
  for (const key of await keysOf(store, path)) {
    const full = key.startsWith("/") ? key : `/${key}`;
    if (!full.startsWith(start)) continue;
    const rest = full.slice(start.length);
    if (rest.indexOf("/") > 0) names.add(rest.slice(0, rest.indexOf("/")));
  }
  return [...names].sort();
}

/** Keys below a path, or what has the form of one for every node there. */
async function keysOf(store: Store, path: string): Promise<Iterable<string>> {
  if (store.list !== undefined) return await store.list(`/${path}`);
  if (store instanceof Map) return (store as Map<string, unknown>).keys();
  // zarrita's stores with consolidated metadata know their nodes.
  if (store.contents !== undefined) return [...store.contents()].map((node) => `${node.path}/`);
  throw new ZarrError("this store cannot list its keys and has no consolidated metadata", {
    hint: "name an array with openZarr and the option path",
  });
}
