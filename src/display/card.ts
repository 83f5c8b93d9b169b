/** Cards: a lazy array in a console (text) and in a notebook (HTML, everything escaped, no scripts, no links). */
import type { Node } from "../ir/node.js";
import { svgDrawing, textDrawing } from "./drawing.js";
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

/** Control characters (in a source's name, say) must not reach the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** A few lines: facts, the chunk grid, and what the expression does. */
export function textCard(node: Node): string {
  const s = summaryOf(node);
  const rows = factsOf(s).map(
    ([what, array, block]) =>
      `  ${what.padEnd(6)} ${array}${block === "" || s.blocks === 1 ? "" : `   (block: ${block})`}`,
  );
  const drawing = textDrawing(s.grid).map((line) => `  ${line}`);
  return [
    `LazyArray<${s.dtype}> ${lengthsText(s.shape)}`,
    ...rows,
    ...drawing,
    `  ${plain(s.steps.join(" <- "))}`,
    `  ${plain(origin(s))}`,
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ENTITIES[c] as string);

/** One self-contained element: a table of facts beside the drawing of the grid. */
export function htmlCard(node: Node): string {
  const s = summaryOf(node);
  const cell = (text: string, tag = "td"): string =>
    `<${tag} style="text-align:left;padding:2px 10px 2px 0">${escapeHtml(text)}</${tag}>`;
  const rows = factsOf(s)
    .map(([what, array, block]) => `<tr>${cell(what, "th")}${cell(array)}${cell(block)}</tr>`)
    .join("");
  const head = `<tr>${["", "array", "block"].map((t) => cell(t, "th")).join("")}</tr>`;
  const text = escapeHtml(s.steps.join(" <- "));
  return (
    `<div style="display:flex;gap:24px;align-items:center;font:13px/1.4 system-ui,sans-serif">` +
    `<div><table style="border-collapse:collapse"><thead>${head}</thead><tbody>${rows}</tbody></table>` +
    `<div style="max-width:36em;overflow-wrap:anywhere"><code>${text}</code><br>${escapeHtml(origin(s))}</div></div>` +
    `<div>${svgDrawing(s.grid)}</div></div>`
  );
}

/** The card by MIME type, for `Symbol.for("Jupyter.display")` and notebook kernels. */
export const mimeBundle = (node: Node): Record<string, string> => ({
  "text/plain": textCard(node),
  "text/html": htmlCard(node),
});
