/**
 * The stage graph as SVG: sources on the left, results on the right, one column per depth, bytes on the arrows.
 *
 * Arrows that pass over a column get a place of their own in it, as a node would, so that they never run through a
 * box. Columns are ordered by where their neighbours stand (the barycentre method of Sugiyama, Tagawa and Toda,
 * IEEE SMC-11, 1981). Text is drawn in the colour of the page, boxes are translucent: the drawing suits dark and light.
 */
import type { FlowNode, StageFlow } from "../ir/report.js";
import { escapeControls, escapeHtml } from "./escape.js";
import { bytesText } from "./numbers.js";

/** Pixels. A letter of the 12 px monospaced face is 7.25 wide. */
const LETTER = 7.25;
const LINE = 17;
const PADDING = 10;
const GAP = { column: 128, row: 24 } as const;
/** Arrows leave straight for as long as their label is. */
const LABEL = 62;
/** Between arrows at one side of a box. */
const PORT = 17;
const MARGIN = 16;
/** Letters of a line; longer ones end in dots. */
const LONGEST = 42;
/** Boxes beyond this are no drawing any more. */
const MOST_NODES = 160;
const SWEEPS = 4;

const COLOURS = { read: "#2f81d8", compute: "#8a8f98", write: "#2da15a" } as const;

interface Item {
  readonly key: string;
  /** Undefined where an arrow passes. */
  readonly node: FlowNode | undefined;
  readonly lines: readonly string[];
  width: number;
  readonly height: number;
  x: number;
  y: number;
}
/** An arrow through the columns: its ends, and its places between. */
interface Arrow {
  readonly path: readonly Item[];
  readonly bytes: number;
  /** Where it leaves and arrives. */
  leaves: number;
  arrives: number;
}

/** SVG of a stage graph. Everything that comes from outside is escaped. */
export function planDrawing(flow: StageFlow): string {
  const { columns, arrows } = columnsOf(flow);
  order(columns, arrows);
  const { width, height } = place(columns);
  spread(arrows);
  const hidden = flow.nodes.size - MOST_NODES;
  const note =
    hidden > 0
      ? text(MARGIN, height + 4, [`and ${hidden} more before these: too many to be drawn`], 0.65)
      : "";
  const tall = height + (hidden > 0 ? 24 : 0);
  const drawn = columns.flat().filter((item) => item.node !== undefined);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${px(width)}" height="${px(tall)}" ` +
    `viewBox="0 0 ${px(width)} ${px(tall)}" role="img" aria-label="stages of the plan" ` +
    `font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="12" fill="currentColor">` +
    `<g fill="none" stroke="currentColor" stroke-opacity="0.55" stroke-width="1.5">${arrows.map(curve).join("")}</g>` +
    `<g fill-opacity="0.75">${arrows.map(head).join("")}</g>` +
    `${drawn.map(box).join("")}${arrows.map(label).join("")}${note}</svg>`
  );
}

function columnsOf(flow: StageFlow): { readonly columns: Item[][]; readonly arrows: Arrow[] } {
  // The last ones are those that the user asked for.
  const keys = flow.layers.flat().slice(-MOST_NODES);
  const shown = new Set(keys);
  // A source stands beside what reads it first, a result beside the end.
  const depth = new Map<string, number>();
  flow.layers.forEach((layer, d) => {
    for (const key of layer) if (shown.has(key)) depth.set(key, d);
  });
  const edges = flow.edges.filter((e) => shown.has(e.from) && shown.has(e.to));
  for (const key of keys) {
    if (flow.nodes.get(key)?.type !== "source") continue;
    const users = edges.filter((e) => e.from === key).map((e) => depth.get(e.to) as number);
    if (users.length > 0) depth.set(key, Math.max(0, Math.min(...users) - 1));
  }
  const least = Math.min(...depth.values());
  const columns: Item[][] = [];
  const column = (d: number): Item[] => {
    while (columns.length <= d) columns.push([]);
    return columns[d] as Item[];
  };
  const items = new Map<string, Item>();
  for (const key of keys) {
    const node = flow.nodes.get(key) as FlowNode;
    const lines = node.lines.map((line) => shortened(escapeControls(line)));
    const letters = lines.reduce((n, line) => Math.max(n, line.length), 0);
    const item: Item = {
      key,
      node,
      lines,
      width: Math.ceil(letters * LETTER) + 2 * PADDING,
      height: lines.length * LINE + 2 * PADDING - 4,
      x: 0,
      y: 0,
    };
    items.set(key, item);
    column((depth.get(key) as number) - least).push(item);
  }
  const arrows = edges.map(({ from, to, bytes }): Arrow => {
    const path = [items.get(from) as Item];
    const end = (depth.get(to) as number) - least;
    for (let d = (depth.get(from) as number) - least + 1; d < end; d++) {
      const passing: Item = {
        key: `${from}>${to}@${d}`,
        node: undefined,
        lines: [],
        width: 0,
        height: 8,
        x: 0,
        y: 0,
      };
      column(d).push(passing);
      path.push(passing);
    }
    return { path: [...path, items.get(to) as Item], bytes, leaves: 0, arrives: 0 };
  });
  return { columns, arrows };
}

const shortened = (line: string): string =>
  line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;

/** Each column by the mean place of its neighbours in the column before, then after, a few times. */
function order(columns: readonly Item[][], arrows: readonly Arrow[]): void {
  const before = new Map<Item, Item[]>();
  const after = new Map<Item, Item[]>();
  const add = (map: Map<Item, Item[]>, item: Item, other: Item): void => {
    map.set(item, [...(map.get(item) ?? []), other]);
  };
  for (const { path } of arrows) {
    for (let i = 1; i < path.length; i++) {
      add(before, path[i] as Item, path[i - 1] as Item);
      add(after, path[i - 1] as Item, path[i] as Item);
    }
  }
  const rank = new Map<Item, number>();
  const number = (column: readonly Item[]): void => {
    column.forEach((item, i) => {
      rank.set(item, (i + 0.5) / column.length);
    });
  };
  columns.forEach(number);
  const sort = (column: Item[], neighbours: ReadonlyMap<Item, readonly Item[]>): void => {
    const wish = new Map<Item, number>();
    for (const item of column) {
      const those = neighbours.get(item) ?? [item];
      wish.set(item, those.reduce((n, o) => n + (rank.get(o) as number), 0) / those.length);
    }
    column.sort((a, b) => (wish.get(a) as number) - (wish.get(b) as number));
    number(column);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of columns) sort(column, before);
    for (const column of [...columns].reverse()) sort(column, after);
  }
}

/** Columns side by side, each centred. */
function place(columns: readonly Item[][]): { readonly width: number; readonly height: number } {
  const heightOf = (column: readonly Item[]): number =>
    column.reduce((n, item) => n + item.height + GAP.row, -GAP.row);
  const height = Math.max(0, ...columns.map(heightOf));
  let x = MARGIN;
  for (const column of columns) {
    const width = Math.max(0, ...column.map((item) => item.width));
    let y = MARGIN + (height - heightOf(column)) / 2;
    for (const item of column) {
      // What passes does so straight, from side to side.
      if (item.node === undefined) item.width = width;
      item.x = x + (width - item.width) / 2;
      item.y = y;
      y += item.height + GAP.row;
    }
    x += width + GAP.column;
  }
  return { width: x - GAP.column + MARGIN, height: height + 2 * MARGIN };
}

const middle = (item: Item): number => item.y + item.height / 2;

function box({ node, lines, x, y, width, height }: Item): string {
  const colour = COLOURS[(node as FlowNode).role];
  const round = (node as FlowNode).type === "stage" ? 4 : height / 2;
  return (
    `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${px(Math.min(round, 18))}" ` +
    `fill="${colour}" fill-opacity="0.16" stroke="${colour}" stroke-width="1.5"/>` +
    text(x + PADDING, y + PADDING + 9, lines, 0.75)
  );
}

/** Lines of text; those after the first are fainter. */
const text = (x: number, y: number, lines: readonly string[], faint: number): string =>
  lines
    .map(
      (line, i) =>
        `<text x="${px(x)}" y="${px(y + i * LINE)}"${i === 0 ? ` font-weight="600"` : ` fill-opacity="${faint}"`}>` +
        `${escapeHtml(line)}</text>`,
    )
    .join("");

/** Arrows at one side of a box stand apart, in the order of where they go. */
function spread(arrows: readonly Arrow[]): void {
  const side = (
    end: (a: Arrow) => Item,
    next: (a: Arrow) => Item,
    set: (a: Arrow, y: number) => void,
  ): void => {
    const groups = new Map<Item, Arrow[]>();
    for (const arrow of arrows) {
      groups.set(end(arrow), [...(groups.get(end(arrow)) ?? []), arrow]);
    }
    for (const [item, group] of groups) {
      group.sort((a, b) => middle(next(a)) - middle(next(b)));
      const step = Math.min(PORT, (item.height - 10) / group.length);
      group.forEach((arrow, i) => {
        set(arrow, middle(item) + (i - (group.length - 1) / 2) * step);
      });
    }
  };
  side(
    ({ path }) => path[0] as Item,
    ({ path }) => path[1] as Item,
    (arrow, y) => {
      arrow.leaves = y;
    },
  );
  side(
    ({ path }) => path.at(-1) as Item,
    ({ path }) => path.at(-2) as Item,
    (arrow, y) => {
      arrow.arrives = y;
    },
  );
}

/** Horizontal where it leaves and arrives, and where it passes over a column. */
function curve({ path, leaves, arrives }: Arrow): string {
  const [first] = path as readonly [Item];
  let x = first.x + first.width;
  let y = leaves;
  let d = `M${px(x)} ${px(y)}H${px(x + LABEL)}`;
  x += LABEL;
  path.slice(1).forEach((item, i) => {
    const last = i === path.length - 2;
    const toX = last ? item.x - 8 : item.x;
    const toY = last ? arrives : middle(item);
    const bend = (toX - x) / 2;
    d += `C${px(x + bend)} ${px(y)} ${px(toX - bend)} ${px(toY)} ${px(toX)} ${px(toY)}`;
    x = toX;
    y = toY;
    if (last || item.width === 0) return;
    x += item.width;
    d += `H${px(x)}`;
  });
  return `<path d="${d}"/>`;
}

function head({ path, arrives: y }: Arrow): string {
  const { x } = path.at(-1) as Item;
  return `<path d="M${px(x - 9)} ${px(y - 4)}L${px(x - 1)} ${px(y)}L${px(x - 9)} ${px(y + 4)}z"/>`;
}

/** The bytes, above the arrow where it leaves. */
function label({ path, bytes, leaves }: Arrow): string {
  const [from] = path as readonly [Item];
  return (
    `<text x="${px(from.x + from.width + LABEL / 2)}" y="${px(leaves - 4)}" text-anchor="middle" font-size="11" ` +
    `fill-opacity="0.85">${escapeHtml(bytesText(bytes))}</text>`
  );
}

const px = (v: number): string => String(Math.round(v * 10) / 10);
