/** Datasets for people: a table in text for consoles, the same in HTML for notebooks. */
import type { Attributes, Coordinate, Coordinates } from "./coordinates.js";
import { labelText } from "./coordinates.js";
import type { DataArray } from "./data-array.js";
import type { Dataset } from "./dataset.js";

interface Row {
  readonly name: string;
  readonly dims: string;
  readonly kind: string;
  readonly value: string;
}
interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

const sizesText = (sizes: Readonly<Record<string, number>>): string =>
  Object.entries(sizes)
    .map(([dim, length]) => `${dim}: ${length}`)
    .join(", ");

function bytesText(bytes: number): string {
  const unit = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const amount = bytes / 1024 ** unit;
  return `${unit === 0 ? amount : amount.toFixed(amount < 10 ? 1 : 0)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

/** First and last labels, and the units where they are not dates. */
function labelsText(c: Coordinate): string {
  const last = c.values.length - 1;
  const shown = last < 4 ? [0, 1, 2, 3].slice(0, last + 1) : [0, 1, -1, last];
  const list = shown.map((i) => (i < 0 ? "…" : labelText(c, i))).join(" ");
  const units =
    c.time === undefined && c.attrs["units"] !== undefined ? ` ${c.attrs["units"]}` : "";
  return list + units;
}

/** In the order of the dimensions; single values last. */
function coordinateRows(coords: Coordinates, dims: readonly string[]): Row[] {
  const place = (c: Coordinate): number =>
    c.dim === undefined ? dims.length : dims.indexOf(c.dim);
  const ordered = Object.entries(coords).sort(([, a], [, b]) => place(a) - place(b));
  return ordered.map(([name, c]) => ({
    name: `${c.dim === name ? "* " : "  "}${name}`,
    dims: c.dim === undefined ? "" : `(${c.dim})`,
    kind: c.time === undefined ? (c.dtype ?? "float64") : "date",
    value: labelsText(c),
  }));
}

function variableRow(x: DataArray): Row {
  const blocks = x.data.chunks.map((sizes) => sizes[0] ?? 0).join(" × ");
  const words = [bytesText(x.data.nbytes ?? 0)];
  if (blocks !== "") words.push(`in blocks of ${blocks}`);
  const name = x.attrs["long_name"] ?? x.attrs["standard_name"];
  const units = x.attrs["units"] === undefined ? "" : ` [${x.attrs["units"]}]`;
  if (name !== undefined || units !== "") words.push(`${name ?? ""}${units}`.trim());
  return {
    name: `  ${x.name}`,
    dims: `(${x.dims.join(", ")})`,
    kind: x.data.dtype,
    value: words.join(", "),
  };
}

const attributeRows = (attrs: Attributes): Row[] =>
  Object.entries(attrs).map(([name, value]) => ({
    name: `  ${name}`,
    dims: "",
    kind: "",
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));

const datasetTitle = (ds: Dataset): string => {
  const bytes = Object.values(ds.variables).reduce((n, x) => n + (x.data.nbytes ?? 0), 0);
  return `Dataset (${sizesText(ds.sizes)})  ${bytesText(bytes)}`;
};
const datasetSections = (ds: Dataset): Section[] => [
  { title: "Coordinates", rows: coordinateRows(ds.coords, Object.keys(ds.sizes)) },
  { title: "Variables", rows: Object.values(ds.variables).map(variableRow) },
  { title: "Attributes", rows: attributeRows(ds.attrs) },
];
const arrayTitle = (x: DataArray): string =>
  `DataArray ${x.name === "" ? "" : `${x.name} `}(${sizesText(x.sizes)})  ${x.data.dtype}`;
const arraySections = (x: DataArray): Section[] => [
  { title: "Coordinates", rows: coordinateRows(x.coords, x.dims) },
  { title: "Attributes", rows: attributeRows(x.attrs) },
];

function text(title: string, sections: readonly Section[]): string {
  const rows = sections.flatMap((s) => s.rows);
  const width = (column: keyof Row): number =>
    Math.min(32, Math.max(0, ...rows.map((r) => r[column].length)));
  const [name, dims, kind] = [width("name"), width("dims"), width("kind")];
  const lines = sections
    .filter((s) => s.rows.length > 0)
    .flatMap((s) => [
      `${s.title}:`,
      ...s.rows.map((r) =>
        s.title === "Attributes"
          ? `  ${r.name.padEnd(name)}  ${r.value}`
          : `  ${r.name.padEnd(name)}  ${r.dims.padEnd(dims)}  ${r.kind.padEnd(kind)}  ${r.value}`,
      ),
    ]);
  return [title, ...lines].map((line) => line.trimEnd()).join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
const escaped = (value: string): string => value.replace(/[&<>"]/g, (c) => ESCAPES[c] ?? c);

/** A table; everything in it is escaped, and there are no scripts, links or style sheets. */
function html(title: string, sections: readonly Section[], drawing = ""): string {
  const cell = 'style="text-align:left;padding:1px 12px 1px 0;white-space:nowrap"';
  const body = sections
    .filter((s) => s.rows.length > 0)
    .map((s) => {
      const rows = s.rows.map(({ name, dims, kind, value }) => {
        const label = name.startsWith("*")
          ? `<b>${escaped(name.slice(2))}</b>`
          : escaped(name.trim());
        const cells = [label, escaped(dims), escaped(kind), escaped(value)];
        return `<tr>${cells.map((c) => `<td ${cell}>${c}</td>`).join("")}</tr>`;
      });
      const head = `${s.title} <span style="opacity:0.6">(${s.rows.length})</span>`;
      return `<details${s.title === "Attributes" ? "" : " open"}><summary>${head}</summary><table style="margin:2px 0 6px 16px;border-collapse:collapse">${rows.join("")}</table></details>`;
    });
  return `<div style="font-family:ui-monospace,monospace;font-size:13px"><div style="margin-bottom:6px"><b>${escaped(title)}</b></div>${drawing}${body.join("")}</div>`;
}

export const datasetText = (ds: Dataset): string => text(datasetTitle(ds), datasetSections(ds));
export const datasetHtml = (ds: Dataset): string => html(datasetTitle(ds), datasetSections(ds));
export const arrayText = (x: DataArray): string =>
  text(arrayTitle(x), [{ title: "Values", rows: [variableRow(x)] }, ...arraySections(x)]);
/** With the engine's own card, which draws the blocks. */
export const arrayHtml = (x: DataArray): string =>
  html(arrayTitle(x), arraySections(x), x.data.toHtml());
