/**
 * Writes metadata documents: those of a node with the groups above it that are missing. Consolidated metadata on the
 * way learn of them, or readers that trust it would not find what was written.
 */
import { ZarrError } from "../../errors.js";
import { keyOf, type Store } from "../stores/store.js";
import { type JsonObject, readNode } from "./documents.js";
import { formatJson, isObject, parseObject } from "./json.js";
import type { Place } from "./locate.js";

/** One metadata document, by the path of its node. */
export interface Document {
  readonly path: string;
  readonly name: "zarr.json" | ".zarray" | ".zattrs" | ".zgroup";
  readonly content: JsonObject;
}

/** The paths above a path, from the root down. */
export const above = (path: string): string[] =>
  path === "" ? [] : path.split("/").map((_, i, all) => all.slice(0, i).join("/"));

/** Whether a node of a version can be put at a place. ZarrError where something above it is in the way. */
export async function checkParents({ store, path, name }: Place, version: 2 | 3): Promise<void> {
  for (const parent of above(path)) {
    const node = await readNode(store, parent);
    if (node === undefined) continue;
    if (node.kind === "array") {
      throw new ZarrError(`${name} would lie inside the array at "${parent}"`, {
        hint: "choose another path",
      });
    }
    if (node.version !== version) {
      throw new ZarrError(
        `${name} would lie inside the Zarr v${node.version} group at "${parent}"`,
        { hint: `write it with zarrFormat: ${node.version}, or into a store of its own` },
      );
    }
  }
}

export const groupDocuments = (
  path: string,
  version: 2 | 3,
  attributes: JsonObject = {},
): Document[] =>
  version === 3
    ? [{ path, name: "zarr.json", content: { zarr_format: 3, node_type: "group", attributes } }]
    : [
        { path, name: ".zgroup", content: { zarr_format: 2 } },
        ...(Object.keys(attributes).length === 0
          ? []
          : [{ path, name: ".zattrs" as const, content: attributes }]),
      ];

/** Documents of the groups above a path that do not exist yet. */
export async function missingGroups(
  store: Store,
  path: string,
  version: 2 | 3,
): Promise<Document[]> {
  const out: Document[] = [];
  for (const parent of above(path)) {
    if ((await readNode(store, parent)) === undefined) out.push(...groupDocuments(parent, version));
  }
  return out;
}

/** A group with attributes added to those that it has; made where it is missing. */
export async function groupWith(
  store: Store,
  path: string,
  version: 2 | 3,
  attributes: JsonObject,
): Promise<Document[]> {
  const node = await readNode(store, path);
  if (node === undefined) return groupDocuments(path, version, attributes);
  if (node.kind === "array") return [];
  const merged = { ...node.attributes, ...attributes };
  if (version === 2) return [{ path, name: ".zattrs", content: merged }];
  const bytes = await store.get(keyOf(path, "zarr.json"));
  // A group of which only consolidated metadata above it speak gets a document of its own.
  if (bytes === undefined) return groupDocuments(path, version, merged);
  const own = parseObject(bytes, keyOf(path, "zarr.json"));
  return [{ path, name: "zarr.json", content: { ...own, attributes: merged } }];
}

/** Writes documents in the order given. */
export async function publish(store: Store, documents: readonly Document[]): Promise<void> {
  for (const { path, name, content } of documents) {
    await store.set?.(keyOf(path, name), formatJson(content));
  }
  await consolidateAll(store, documents);
}

/**
 * Writes the documents of an array that is not there yet, and those of groups above it. Where the store tells which of
 * several writers was the first, the others are refused with a ZarrError and change nothing that the first one wrote.
 */
export async function publishNew(
  { store, name: array }: Place,
  groups: readonly Document[],
  documents: readonly Document[],
): Promise<void> {
  if (store.setIfAbsent === undefined) return publish(store, [...groups, ...documents]);
  // A group that somebody else has made in the meantime is as good.
  for (const { path, name, content } of groups) {
    await store.setIfAbsent(keyOf(path, name), formatJson(content));
  }
  // The last one is what makes it an array: who writes that may write the others.
  const [main, ...others] = [...documents].reverse();
  if (main !== undefined) {
    const isFirst = await store.setIfAbsent(keyOf(main.path, main.name), formatJson(main.content));
    if (!isFirst) {
      throw new ZarrError(`${array} was created by another writer in the meantime`, {
        hint: 'choose another path, or mode: "overwrite" to replace it',
      });
    }
  }
  for (const { path, name, content } of others) {
    await store.set?.(keyOf(path, name), formatJson(content));
  }
  await consolidateAll(store, [...groups, ...documents]);
}

async function consolidateAll(store: Store, documents: readonly Document[]): Promise<void> {
  const folders = new Set(documents.flatMap(({ path }) => [...above(path), path]));
  for (const folder of folders) await consolidate(store, folder, documents);
}

/** Puts documents into the consolidated metadata of a folder, if it has any. */
async function consolidate(
  store: Store,
  folder: string,
  documents: readonly Document[],
): Promise<void> {
  const within = documents.filter(({ path }) => path === folder || isBelow(path, folder));
  const v3 = within.filter((d) => d.name === "zarr.json" && d.path !== folder);
  const v2 = within.filter((d) => d.name !== "zarr.json");
  const relative = (path: string): string =>
    path === folder ? "" : path.slice(folder === "" ? 0 : folder.length + 1);
  if (v3.length > 0) {
    const key = keyOf(folder, "zarr.json");
    const group = await objectAt(store, key);
    const inline = group?.["consolidated_metadata"];
    const nodes = isObject(inline) ? inline["metadata"] : undefined;
    if (isObject(inline) && isObject(nodes)) {
      const news = v3.map(({ path, content }) => {
        const { consolidated_metadata: _, ...own } = content;
        return [relative(path), own];
      });
      const metadata = { ...nodes, ...Object.fromEntries(news) };
      const changed = { ...group, consolidated_metadata: { ...inline, metadata } };
      await store.set?.(key, formatJson(changed));
    }
  }
  if (v2.length > 0) {
    const key = keyOf(folder, ".zmetadata");
    const all = await objectAt(store, key);
    const nodes = all?.["metadata"];
    if (isObject(nodes)) {
      const news = v2.map(({ path, name, content }) => {
        const at = relative(path);
        return [at === "" ? name : `${at}/${name}`, content];
      });
      await store.set?.(
        key,
        formatJson({ ...all, metadata: { ...nodes, ...Object.fromEntries(news) } }),
      );
    }
  }
}

const isBelow = (path: string, folder: string): boolean =>
  folder === "" ? path !== "" : path.startsWith(`${folder}/`);

async function objectAt(store: Store, key: `/${string}`): Promise<JsonObject | undefined> {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : parseObject(bytes, key);
}
