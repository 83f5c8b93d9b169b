/** Colours and style of the page; legible on light and dark. */
import type { SpanKind } from "../../ir/trace.js";

/** Stored bytes are blue, codecs violet, kernels orange, writes green, the disk red; what holds others is pale. */
export const COLOURS: Readonly<Record<SpanKind, string>> = {
  task: "#8b95a5",
  read: "#a9c7ef",
  fetch: "#2f81d8",
  decode: "#8a5cd6",
  compute: "#e8912d",
  move: "#d0b13c",
  write: "#a5d6b4",
  encode: "#c05fb4",
  store: "#2da15a",
  spill: "#d64545",
  unspill: "#ef8f8f",
  deliver: "#3aa6a6",
  serve: "#8b95a5",
  wait: "#8b95a5",
};

const fills = Object.entries(COLOURS)
  .map(([kind, colour]) => `.${kind}{fill:${colour};background:${colour}}`)
  .join("");
const zooms = [2, 4, 8, 16, 32]
  .map((z) => `#z${z}:checked~.frame .wide{width:${100 * z}%}`)
  .join("");

export const STYLE: string =
  `:root{color-scheme:light dark;--ink:#1d2430;--paper:#fff;--faint:#6b7482;--line:#d9dee5}` +
  `@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--paper:#14171c;--faint:#98a2b1;--line:#333b47}}` +
  `body{margin:24px;background:var(--paper);color:var(--ink);font:14px/1.45 system-ui,sans-serif}` +
  `h1{font-size:22px;margin:0 0 8px}h2{font-size:16px;margin:24px 0 4px}` +
  `small,.faint{color:var(--faint);font-weight:normal;font-size:12px}.warn{color:#d64545}` +
  `.figures{display:flex;flex-wrap:wrap;gap:8px 28px;margin:8px 0}.figures b{font-size:17px}` +
  `.legend{display:flex;flex-wrap:wrap;gap:4px 14px;margin:12px 0}` +
  `.legend i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:5px;vertical-align:-1px}` +
  `${fills}.task,.serve{opacity:.38}.wait{opacity:.15}` +
  `input[name=zoom]{position:absolute;opacity:0}label{cursor:pointer;padding:1px 7px;margin-right:2px;` +
  `border:1px solid var(--line);border-radius:4px;font-size:12px;color:var(--faint)}` +
  `input:checked+label{color:var(--ink);border-color:var(--ink)}input:focus-visible+label{outline:2px solid #2f81d8}` +
  `.frame{display:flex;margin-top:8px;border:1px solid var(--line);border-radius:6px;overflow:hidden}` +
  `.names{flex:0 0 132px;border-right:1px solid var(--line);font-size:12px}` +
  `.name{height:26px;line-height:26px;padding:0 8px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}` +
  `.curve{height:110px}.scroll{flex:1;min-width:0;overflow-x:auto}.wide{width:100%;position:relative}${zooms}` +
  `.tick{height:20px;position:relative;font-size:11px;color:var(--faint)}` +
  `.wide .tick span{position:absolute;padding-left:3px;white-space:nowrap}` +
  `svg{display:block;width:100%}.grid,.rule{stroke:var(--line);vector-effect:non-scaling-stroke;fill:none}` +
  `rect:hover{stroke:var(--ink);vector-effect:non-scaling-stroke}` +
  `.memory{position:relative}.memory span{position:absolute;left:4px;font-size:11px;color:var(--faint);` +
  `background:var(--paper);padding:0 3px;border-radius:3px}.memory .right{left:auto;right:4px}` +
  `.memory span.spilled{color:#d64545;background:var(--paper)}` +
  `.used{fill:#2f81d8;fill-opacity:.3;stroke:#2f81d8;vector-effect:non-scaling-stroke}` +
  `path.spilled{fill:none;stroke:#d64545;stroke-width:1.5;vector-effect:non-scaling-stroke}` +
  `.planned{stroke:var(--faint);stroke-dasharray:5 4;vector-effect:non-scaling-stroke;fill:none}` +
  `.budget{stroke:#d64545;stroke-width:1.5;vector-effect:non-scaling-stroke;fill:none}` +
  `table{border-collapse:collapse;font-size:12px}th{text-align:left;font-weight:normal}` +
  `td{text-align:right;white-space:nowrap}th,td{padding:3px 8px;border-bottom:1px solid var(--line)}` +
  `thead td,thead th{color:var(--faint)}.sum th,.sum td{font-weight:bold}`;
