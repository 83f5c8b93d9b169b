/** Drawings of stage graphs: nothing overlaps, arrows run forwards, text from outside stays text. */
import { expect, test } from "vitest";
import { planDrawing } from "../../dist/display/index.js";
import type { FlowNode, StageFlow } from "../../dist/ir/report.js";

type Edge = readonly [from: string, to: string];

function flow(layers: readonly (readonly string[])[], edges: readonly Edge[]): StageFlow {
  const nodes = new Map<string, FlowNode>();
  for (const key of layers.flat()) {
    const type = key.startsWith("s") ? "source" : key.startsWith("r") ? "result" : "stage";
    nodes.set(key, { type, role: "compute", lines: [key, "some words about it"] });
  }
  return { layers, nodes, edges: edges.map(([from, to]) => ({ from, to, bytes: 2048 })) };
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
const rects = (svg: string): Rect[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(
    ([, x, y, width, height]) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    }),
  );
const apart = (a: Rect, b: Rect): boolean =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

const WIDE = flow(
  [["s0", "s1"], ["t0", "t1", "t2"], ["t3"], ["r0", "r1"]],
  [
    ["s0", "t0"],
    ["s0", "t1"],
    ["s1", "t2"],
    ["s0", "t3"],
    ["t0", "t3"],
    ["t1", "t3"],
    ["t2", "r1"],
    ["t3", "r0"],
  ],
);

test("boxes lie apart and inside the drawing", () => {
  const svg = planDrawing(WIDE);
  const all = rects(svg);
  expect(all).toHaveLength(8);
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1)) expect(apart(a, b)).toBe(true);
  });
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  for (const { x, y, width: w, height: h } of all) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + w).toBeLessThanOrEqual(Number(width));
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + h).toBeLessThanOrEqual(Number(height));
  }
});

test("an arrow that passes over a column passes no box", () => {
  // s0 -> t3 passes over the column of t0, t1 and t2 in a straight line.
  const svg = planDrawing(WIDE);
  const lines = [...svg.matchAll(/([\d.]+) ([\d.]+)H([\d.]+)/g)].map(([, x1, y, x2]) => ({
    x: Number(x1),
    y: Number(y),
    width: Number(x2) - Number(x1),
    height: 0,
  }));
  const passing = lines.filter((line) => line.width > 100);
  expect(passing).toHaveLength(2);
  for (const line of passing) for (const box of rects(svg)) expect(apart(line, box)).toBe(true);
});

test("every arrow has its bytes, and runs from left to right", () => {
  const svg = planDrawing(WIDE);
  expect(svg.match(/>2 KiB</g)).toHaveLength(8);
  for (const [, d] of svg.matchAll(/<path d="(M[^"]*C[^"]*)"/g)) {
    const xs = [...(d as string).matchAll(/[MH ]?(-?[\d.]+) (-?[\d.]+)/g)].map(([, x]) =>
      Number(x),
    );
    expect(xs.at(-1)).toBeGreaterThan(xs[0] as number);
  }
});

test("names cannot leave their text", () => {
  const nodes = new Map<string, FlowNode>([
    ["s0", { type: "source", role: "read", lines: [`</text><script>"&'\u001b[31m`] }],
  ]);
  const svg = planDrawing({ layers: [["s0"]], nodes, edges: [] });
  expect(svg).toContain("&lt;/text&gt;&lt;script&gt;&quot;&amp;&#39;?[31m");
});

test("a plan of hundreds of stages is drawn in part, and says so", () => {
  const keys = Array.from({ length: 400 }, (_, i) => [`t${i}`]);
  const edges = keys.slice(1).map(([key], i): Edge => [`t${i}`, key as string]);
  const svg = planDrawing(flow(keys, edges));
  expect(rects(svg)).toHaveLength(160);
  expect(svg).toContain("t399<");
  expect(svg).toContain("and 240 more before these: too many to be drawn");
});
