/** Opens a group with all that is in it. Metadata only: no chunk is read. */
import { ZarrError } from "../../errors.js";
import { readNode } from "./documents.js";
import type { Json } from "./json.js";
import { locate, type StoreLike } from "./locate.js";
import { type OpenedArray, type OpenOptions, openDocument } from "./open.js";
import { readTree, type Tree } from "./tree.js";

export interface OpenedGroup {
  /** Path in the store; "" for the root. */
  readonly path: string;
  readonly version: 2 | 3;
  readonly attributes: Readonly<Record<string, Json>>;
  /** By name, in the order of the names. */
  readonly arrays: ReadonlyMap<string, OpenedArray>;
  readonly groups: ReadonlyMap<string, OpenedGroup>;
  /** Why the others cannot be read. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Opens the group at a path. Errors: ZarrError when there is no group, or its content cannot be listed; SourceError when
 * the store fails. An array that is not understood is `unreadable` and does not hide the others.
 */
export async function openZarrGroup(
  url: StoreLike,
  options: OpenOptions = {},
): Promise<OpenedGroup> {
  const place = locate(url, options.path);
  const node = await readNode(place.store, place.path, options.signal);
  if (node === undefined) {
    throw new ZarrError(`${place.name} holds no Zarr group`, {
      hint: "a group has a zarr.json (v3) or a .zgroup (v2) document",
    });
  }
  if (node.kind === "array") {
    throw new ZarrError(`${place.name} is a Zarr array, not a group`, {
      hint: "open it with openZarr",
    });
  }
  const open = async ({
    path,
    node: { attributes, version },
    children,
  }: GroupTree): Promise<OpenedGroup> => {
    const arrays = new Map<string, OpenedArray>();
    const groups = new Map<string, OpenedGroup>();
    const unreadable = new Map<string, string>();
    for (const child of children) {
      const name = child.path.slice(path === "" ? 0 : path.length + 1);
      if (isGroup(child)) groups.set(name, await open(child));
      else if (child.node.kind === "array") {
        try {
          const own = locate(place.store, child.path);
          arrays.set(name, await openDocument(own, child.node, options.decode !== false));
        } catch (error) {
          if (!(error instanceof ZarrError)) throw error;
          unreadable.set(name, error.message);
        }
      }
    }
    return { path, version, attributes, arrays, groups, unreadable };
  };
  return open((await readTree(place.store, place.path, node, options.signal)) as GroupTree);
}

type GroupTree = Tree & { readonly node: { readonly kind: "group" } };
const isGroup = (tree: Tree): tree is GroupTree => tree.node.kind === "group";
