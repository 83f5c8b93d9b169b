/** `chunkwise info`: the groups and arrays of a store, from metadata alone. */
import * as cw from "../index.js";
import { type Command, parseCommandLine } from "./command.js";
import { alignColumns, formatBytes, formatTuple } from "./text.js";

const HELP = `Usage: chunkwise info STORE [--path PATH] [--attributes] [--json]

Shows the groups and arrays of a Zarr store (v2 or v3). Reads metadata only.

Arguments:
  STORE            a directory or a URL

Options:
  --path PATH      show only the group or array at this path inside the store
  --attributes     show the attributes too
  --json           print JSON: { path, kind, attributes, arrays?, groups?, … }
  -h, --help       show this help

Columns: name, dtype, shape, chunk shape, codecs, size without compression.

Example:
  chunkwise info era5.zarr --attributes
`;

type Group = Awaited<ReturnType<typeof cw.openGroup>>;
type ArrayInfo = Group["arrays"][string];

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
    const group = await cw.openGroup(store, { path: values.path });
    const title = values.path === undefined ? store : `${store} ${values.path}`;
    const text = values.json
      ? `${JSON.stringify(group, jsonValue, 2)}\n`
      : `${drawTree(title, group, values.attributes === true).join("\n")}\n`;
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

/** The tree as lines of text; the columns of all arrays are aligned. */
export function drawTree(title: string, root: Group, attributes: boolean): string[] {
  const rows: Row[] = [{ cells: [title], free: true }];
  // Pending nodes, last one first: groups nest as deep as a store likes.
  const stack: { branch: string; indent: string; name: string; node: Group | ArrayInfo }[] = [];
  const push = (group: Group, indent: string): void => {
    const children = [...Object.entries(group.arrays), ...Object.entries(group.groups)];
    for (let i = children.length - 1; i >= 0; i -= 1) {
      const [name, node] = children[i] as [string, Group | ArrayInfo];
      const last = i === children.length - 1;
      stack.push({
        branch: `${indent}${last ? "└── " : "├── "}`,
        indent: `${indent}${last ? "    " : "│   "}`,
        name,
        node,
      });
    }
  };
  if (attributes) rows.push(...attributeRows(root.attributes, "  "));
  push(root, "");
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { branch, indent, name, node } = next;
    const isGroup = "arrays" in node;
    rows.push(
      isGroup
        ? { cells: [`${branch}${name}/`], free: true }
        : { cells: [`${branch}${name}`, ...arrayCells(node)], free: false },
    );
    const open = isGroup && Object.keys(node.arrays).length + Object.keys(node.groups).length > 0;
    if (attributes) rows.push(...attributeRows(node.attributes, `${indent}${open ? "│ " : "  "}`));
    if (isGroup) push(node, indent);
  }
  const aligned = alignColumns(rows.map((row) => (row.free ? [] : row.cells)));
  return rows.map((row, i) => (row.free ? (row.cells[0] ?? "") : (aligned[i] ?? "")));
}

function arrayCells(array: ArrayInfo): string[] {
  return [
    array.dtype,
    shapeText(array),
    `chunks ${formatTuple(array.chunks)}`,
    array.codecs.map(codecName).join(" + ") || "raw",
    formatBytes(array.nbytes),
  ];
}

/** `(time 8760, lat 721, lon 1440)` where the axes have names, `(8760, 721, 1440)` where not. */
function shapeText({ shape, dimensionNames }: ArrayInfo): string {
  return formatTuple(
    shape.map((extent, i) => {
      const name = dimensionNames?.[i];
      return name === undefined || name === null ? extent : `${name} ${extent}`;
    }),
  );
}

function codecName(codec: unknown): string {
  if (typeof codec === "string") return codec;
  const { name, id } = codec as { readonly name?: unknown; readonly id?: unknown };
  return String(name ?? id ?? "unknown");
}

const attributeRows = (attributes: Readonly<Record<string, unknown>>, indent: string): Row[] =>
  Object.entries(attributes).map(([key, value]) => ({
    cells: [
      `${indent}${key}: ${typeof value === "string" ? value : JSON.stringify(value, jsonValue)}`,
    ],
    free: true,
  }));
