/** Cards: a lazy array in a console (text) and in a notebook (HTML, everything escaped, no scripts, no links). */
import type { Node } from "../ir/node.js";
import { svgDrawing, textDrawing } from "./drawing.js";
import { escapeControls, escapeHtml, TABLE } from "./escape.js";
import { countText } from "./numbers.js";
import { factsOf, lengthsText, type Summary, summaryOf } from "./summary.js";

const NAMES_SHOWN = 4;

/** What the array is computed from, in one line. */
function origin(s: Summary): string {
  const nodes = `${countText(s.nodes)} ${s.nodes === 1 ? "node" : "nodes"}`;
  if (s.sources.length === 0) return `${nodes}, no sources`;
  const shown = s.sources.slice(0, NAMES_SHOWN).join(", ");
  const more = s.sources.length - NAMES_SHOWN;
  return `${nodes} over ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What a kind of lazy array adds to its card. */
export interface CardNotes {
  /** The name of its class. */
  readonly kind: string;
  /** Further rows: what, and the text. */
  readonly rows: readonly (readonly [string, string])[];
}
const NO_NOTES: CardNotes = { kind: "LazyArray", rows: [] };

/** A few lines: facts, the chunk grid, and what the expression does. */
export function textCard(node: Node, notes: CardNotes = NO_NOTES): string {
  const s = summaryOf(node);
  const plain = escapeControls;
  const extra = notes.rows.map(([what, text]) => `  ${what.padEnd(6)} ${plain(text)}`);
  const rows = factsOf(s).map(
    ([what, array, block]) =>
      `  ${what.padEnd(6)} ${array}${block === "" || s.blocks === 1 ? "" : `   (block: ${block})`}`,
  );
  const drawing = textDrawing(s.grid).map((line) => `  ${line}`);
  return [
    `${notes.kind}<${s.dtype}> ${lengthsText(s.shape)}`,
    ...rows,
    ...extra,
    ...drawing,
    `  ${plain(s.steps.join(" <- "))}`,
    `  ${plain(origin(s))}`,
  ].join("\n");
}

/** One self-contained element: a table of facts beside the drawing of the grid. */
export function htmlCard(node: Node, notes: CardNotes = NO_NOTES): string {
  const s = summaryOf(node);
  // Notebooks right-align tables and stripe their rows: said otherwise on every cell.
  const cell = (text: string, tag: "td" | "th", span = 1): string =>
    `<${tag}${span > 1 ? ` colspan="${span}"` : ""} style="${CELL}${tag === "th" ? FAINT : ""}">${escapeHtml(text)}</${tag}>`;
  // A single block is the array: nothing to say twice.
  const blocks = s.blocks > 1;
  const width = blocks ? 2 : 1;
  const rows = factsOf(s).map(
    ([what, array, block]) =>
      `<tr>${cell(what, "th")}${cell(array, "td")}${blocks ? cell(block, "td") : ""}</tr>`,
  );
  const extra = notes.rows.map(
    ([what, text]) => `<tr>${cell(what, "th")}${cell(text, "td", width)}</tr>`,
  );
  const head = blocks ? ["", "array", "block"].map((t) => cell(t, "th")).join("") : "";
  const title = `<b>${escapeHtml(notes.kind)}</b>`;
  const steps = escapeHtml(s.steps.join(" \u2190 "));
  return (
    `<div style="display:flex;flex-wrap:wrap;gap:12px 32px;align-items:center;font:13px/1.4 system-ui,sans-serif">` +
    `<div>${title}<table style="${TABLE}">` +
    `<thead><tr>${head}</tr></thead><tbody>${rows.join("")}${extra.join("")}</tbody></table>` +
    `<div style="max-width:28em;overflow-wrap:anywhere"><code style="${CODE}">${steps}</code>` +
    `<div style="opacity:0.65">${escapeHtml(origin(s))}</div></div></div>` +
    `<div>${svgDrawing(s.grid)}</div></div>`
  );
}
const CELL = "text-align:left;padding:2px 16px 2px 0";
// Notebooks put code on a background of its own, which in running lines only disturbs.
const CODE = "background:none;padding:0";
const FAINT = ";font-weight:normal;opacity:0.65";

/** The card by MIME type, for `Symbol.for("Jupyter.display")` and notebook kernels. */
export const mimeBundle = (node: Node, notes?: CardNotes): Record<string, string> => ({
  "text/plain": textCard(node, notes),
  "text/html": htmlCard(node, notes),
});
