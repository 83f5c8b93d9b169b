/** `chunkwise info`: the groups and arrays of a store, from metadata alone. */
import * as cw from "../index.js";
import { type Command, parseCommandLine } from "./command.js";
import { alignColumns, formatBytes, formatTuple } from "./text.js";

const HELP = `Usage: chunkwise info STORE [--path PATH] [--attributes] [--json]

Shows the groups and arrays of a Zarr store (v2 or v3). Reads metadata only.

Arguments:
  STORE            a directory, or a file:, http:, https: or s3: URL

Options:
  --path PATH      show only the group or array at this path inside the store
  --attributes     show the attributes too
  --json           print JSON: { kind, path, attributes, children or shape, chunks, … }
  -h, --help       show this help

Columns: name, dtype, shape, chunk shape, codecs, size without compression.

Example:
  chunkwise info era5.zarr --attributes
`;

type StoreNode = Awaited<ReturnType<typeof cw.describeStore>>;
type ArrayNode = Extract<StoreNode, { readonly kind: "array" }>;
type KnownArray = Exclude<ArrayNode, { readonly error: string }>;

export const info: Command = {
  name: "info",
  summary: "show the groups and arrays of a Zarr store",
  help: HELP,
  run: async (args, terminal) => {
    const { values, positionals } = parseCommandLine(
      "info",
      args,
      {
        path: { type: "string" },
        attributes: { type: "boolean" },
        json: { type: "boolean" },
      },
      ["STORE"],
    );
    const store = positionals[0] as string;
    const root = await cw.describeStore(store, { path: values.path });
    const title = values.path === undefined ? store : `${store} ${values.path}`;
    const text = values.json
      ? `${JSON.stringify(root, jsonValue, 2)}\n`
      : `${drawTree(title, root, values.attributes === true).join("\n")}\n`;
    terminal.out(text);
  },
};

/** bigints (64-bit fill values) become decimal strings, as non-finite numbers become Zarr's words for them. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}

/** One line of the tree: an array's columns, or a single cell that may be as long as it likes. */
interface Row {
  readonly cells: readonly string[];
  readonly free: boolean;
}

/** A node that is still to be drawn, and what stands left of it and of what belongs to it. */
interface Pending {
  readonly node: StoreNode;
  readonly label: string;
  readonly indent: string;
}

/** The tree as lines of text; the columns of all arrays are aligned. */
function drawTree(title: string, root: StoreNode, attributes: boolean): string[] {
  const rows: Row[] = [];
  // Pending nodes, the next one last: groups nest as deep as a store likes.
  const stack: Pending[] = [{ node: root, label: title, indent: "" }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, label, indent } = next;
    const children = node.kind === "group" ? node.children : [];
    rows.push(
      node.kind === "group"
        ? { cells: [node === root ? label : `${label}/`], free: true }
        : { cells: [label, ...arrayCells(node)], free: false },
    );
    if (attributes && "attributes" in node) {
      rows.push(...attributeRows(node.attributes, `${indent}${children.length > 0 ? "│" : " "} `));
    }
    for (let i = children.length - 1; i >= 0; i -= 1) {
      const child = children[i] as StoreNode;
      const last = i === children.length - 1;
      stack.push({
        node: child,
        label: `${indent}${last ? "└── " : "├── "}${child.path.split("/").at(-1)}`,
        indent: `${indent}${last ? "    " : "│   "}`,
      });
    }
  }
  const aligned = alignColumns(rows.map((row) => (row.free ? [] : row.cells)));
  return rows.map((row, i) => (row.free ? (row.cells[0] ?? "") : (aligned[i] ?? "")));
}

function arrayCells(array: ArrayNode): string[] {
  if (array.error !== undefined) return [`not readable: ${array.error}`];
  const shards = array.shards === undefined ? "" : ` in shards ${formatTuple(array.shards)}`;
  return [
    array.storedDType,
    shapeText(array),
    `chunks ${formatTuple(array.chunks)}${shards}`,
    codecsText(array.codecs),
    formatBytes(storedBytes(array)),
  ];
}

/** `gzip`; the plain layout in memory goes without saying, and alone is `raw`. */
const codecsText = (codecs: readonly string[]): string =>
  codecs.filter((name) => name !== "bytes" && name !== "bytes(little)").join(" + ") || "raw";

/** `(time 8760, lat 721, lon 1440)` where the axes have names, `(8760, 721, 1440)` where not. */
function shapeText({ shape, dimensionNames }: KnownArray): string {
  return formatTuple(
    shape.map((extent, i) => {
      const name = dimensionNames?.[i];
      return name === undefined || name === null ? extent : `${name} ${extent}`;
    }),
  );
}

/** Bytes of the whole array without compression. A dtype ends with its bits; bool has one byte. */
function storedBytes({ shape, storedDType }: KnownArray): number {
  const bits = Number(/\d+$/.exec(storedDType)?.[0] ?? 8);
  return shape.reduce((size, extent) => size * extent, bits / 8);
}

const attributeRows = (attributes: Readonly<Record<string, unknown>>, indent: string): Row[] =>
  Object.entries(attributes).map(([key, value]) => ({
    cells: [
      `${indent}${key}: ${typeof value === "string" ? value : JSON.stringify(value, jsonValue)}`,
    ],
    free: true,
  }));
