/**
 * Pass 3, sink: what looks at a part of something that has no other user moves below it.
 *
 * It assumes canonical views, and promises the same values from nodes that make no more than is looked at: a step
 * through a gather names fewer positions, an integer into a concatenation leaves one part of it, a step or a turn along
 * a kept axis of a reduction, or along one that a reshape leaves as it is, is one of its input; of axes that a reshape
 * regroups, rows that lie far apart are regrouped alone. It stands before
 * `demand`, which does the same for what several users look at: what they look at together is more than each of them
 * does, and has no direction.
 *
 * One walk down collects, for every node with one user, the positions that are asked for along each of its axes (an
 * arithmetic progression in any direction); one walk up builds what was asked for. Both visit every node once.
 */
import {
  concatNode,
  createNode,
  gatherNode,
  indexList,
  mapNode,
  reduceNode,
  reshapeNode,
  viewNode,
} from "../../ir/build.js";
import { advertisedGrid } from "../../ir/grid.js";
import { type AffineMap, composeMaps, fixedAxis } from "../../ir/index-map.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { reshapeGroups } from "../../ir/reshape.js";
import { constant } from "../../ir/scalar.js";
import type { PassContext } from "../context.js";
import { withInputs } from "../rewrite.js";
import { canonicalView } from "./canonicalize.js";
import { partStarts } from "./regions.js";
import {
  type Apart,
  type Progression,
  regroupApart,
  rowsApart,
  type Selection,
} from "./rows-apart.js";

export function sink(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  const { nodes: order, places, inputs, starts } = ctx.order(roots);
  const users = new Uint32Array(order.length);
  for (const root of roots) users[places.get(root) as number] = 1;
  for (const place of inputs) users[place] = (users[place] as number) + 1;
  const wanted = new Map<Node, Selection>();
  let moves = false;
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Node;
    const own = wanted.get(node);
    // Only views look at parts by themselves.
    if (own === undefined && node.op !== "view") continue;
    const first = starts[i] as number;
    node.inputs.forEach((input, k) => {
      if (users[inputs[first + k] as number] !== 1 || !takesSelections(input)) return;
      const selection = inputSelection(node, k, own);
      if (selection === undefined || isWhole(selection, knownShape(input))) return;
      // Nothing at all is a matter of `demand`.
      if (selection.some((p) => p.count === 0)) return;
      if (input.op === "reshape") {
        const { made: rows, apart } = throughReshape(input, selection);
        if (apart.length === 0 && isWhole(rows, knownShape(input))) return;
      }
      wanted.set(input, selection);
      if (input.op !== "map" && input.op !== "view") moves = true;
    });
  }
  if (!moves) return roots;
  const made = new Map<Node, Node>();
  for (const node of order) {
    const selection = wanted.get(node);
    if (selection !== undefined && node.op !== "map" && node.op !== "view") {
      const counts = selection.map((p) => p.count).join();
      ctx.fired("sink", node, `${node.op} [${knownShape(node).join()}] -> [${counts}]`);
    }
    made.set(node, rebuilt(node, selection, made, wanted));
  }
  return roots.map((root) => made.get(root) as Node);
}

/** Kinds of which a part can be made alone, whatever its steps. */
function takesSelections(node: Node): boolean {
  return (
    node.op === "map" ||
    node.op === "view" ||
    node.op === "gather" ||
    node.op === "concat" ||
    node.op === "reduce" ||
    node.op === "reshape"
  );
}

const whole = (n: number): Progression => ({ start: 0, step: 1, count: n });

const isWhole = (selection: Selection, shape: readonly number[]): boolean =>
  selection.every(
    (p, i) => p.dropped !== true && p.count === shape[i] && (p.count <= 1 || p.step === 1),
  );

/** Numbers of the axes that are left. */
const leftAxes = (selection: Selection): number[] =>
  selection.flatMap((p, axis) => (p.dropped === true ? [] : [axis]));

const shapeOf = (selection: Selection): number[] =>
  selection.flatMap((p) => (p.dropped === true ? [] : [p.count]));

/** `inner` of the positions `outer`. */
const within = (outer: Progression, inner: Progression): Progression => ({
  start: outer.start + outer.step * inner.start,
  step: outer.step * inner.step,
  count: inner.count,
  ...(inner.dropped === true ? { dropped: true } : {}),
});

/** What is read of input `k` if `own` is made of a node (undefined: all of it); undefined where all of it is. */
function inputSelection(node: Node, k: number, own: Selection | undefined): Selection | undefined {
  const input = node.inputs[k] as Node;
  const shape = knownShape(input);
  if (own?.some((p) => p.count === 0) === true) return undefined;
  switch (node.op) {
    case "view": {
      const out = knownShape(node);
      if (out.includes(0)) return undefined;
      // An axis that looks at one position again and again is no selection of its input.
      return placed(node.params.map, out).map((m) =>
        m.axis < 0
          ? { start: m.start, step: 1, count: 1, dropped: true }
          : within(
              { start: m.start, step: m.step, count: out[m.axis] as number },
              own?.[m.axis] ?? whole(out[m.axis] as number),
            ),
      );
    }
    case "map": {
      const out = knownShape(node);
      // Along a stretched axis there is one position, which goes with the axis.
      return own && shape.map((n, a) => (n === out[a] ? own[a] : only(own[a])) as Progression);
    }
    case "gather": {
      const { axis, indices } = node.params;
      return own?.map((p, a) => {
        if (a !== axis) return p;
        if (p.dropped !== true) return whole(shape[a] as number);
        return { ...p, start: indices.values[p.start] as number };
      });
    }
    case "concat": {
      if (own === undefined) return undefined;
      const { axis } = node.params;
      const part = partOf(own[axis] as Progression, node, k);
      // A part that nobody looks at is left out.
      return part && own.map((p, a) => (a === axis ? part : p));
    }
    case "reduce": {
      if (own === undefined) return undefined;
      let next = 0;
      return shape.map((n, a) =>
        node.params.axes.includes(a) ? whole(n) : (own[next++] as Progression),
      );
    }
    case "reshape": {
      if (own === undefined) return undefined;
      const want = shape.map(whole);
      for (const [from, to] of sameAxes(node)) {
        want[from] = { ...(own[to] as Progression), dropped: false };
      }
      return want;
    }
    default:
      return undefined;
  }
}

/** Axes of the input of a reshape that are axes of the result as well, in pairs: nothing is regrouped along these. */
function sameAxes(node: NodeOf<"reshape">): (readonly [number, number])[] {
  const from = knownShape(node.inputs[0] as Node);
  const to = knownShape(node);
  return reshapeGroups(from, to).flatMap(({ input, output }) => {
    const [a, ...more] = input.filter((i) => from[i] !== 1);
    const [b, ...others] = output.filter((o) => to[o] !== 1);
    const one = a !== undefined && b !== undefined && more.length + others.length === 0;
    return one ? [[a, b] as const] : [];
  });
}

/** What is made of a reshape, and what is looked at of that, in the place of `selection`: no axis is left out below. */
function throughReshape(
  node: NodeOf<"reshape">,
  selection: Selection,
): { readonly made: Selection; readonly seen: Selection; readonly apart: readonly Apart[] } {
  const same = new Set(sameAxes(node).map(([, to]) => to));
  const apart = rowsApart(node, selection);
  const counts = new Map(apart.map((a) => [a.to, a.made]));
  return {
    made: knownShape(node).map((n, a) =>
      same.has(a)
        ? { ...(selection[a] as Progression), dropped: false }
        : whole(counts.get(a) ?? n),
    ),
    seen: selection.map((p, a) => {
      if (same.has(a)) return { ...p, start: 0, step: 1 };
      const count = counts.get(a);
      return count === undefined ? p : whole(count);
    }),
    apart,
  };
}

/** The positions of a concatenation that fall into part `k`, counted from its start. */
function partOf(
  { start, step, count, dropped }: Progression,
  node: NodeOf<"concat">,
  k: number,
): Progression | undefined {
  const offset = partStarts(node)[k] as number;
  const size = knownShape(node.inputs[k] as Node)[node.params.axis] as number;
  const bounds = [offset - start, offset + size - 1 - start].map((d) => d / step);
  const first = Math.max(0, Math.ceil(Math.min(...bounds)));
  const last = Math.min(count - 1, Math.floor(Math.max(...bounds)));
  return first > last
    ? undefined
    : {
        start: start + step * first - offset,
        step,
        count: last - first + 1,
        ...(dropped === true ? { dropped } : {}),
      };
}

/** The only position of a stretched axis, of which `outer` is asked for. */
const only = (outer: Progression | undefined): Progression =>
  outer?.dropped === true ? { start: 0, step: 1, count: 1, dropped: true } : whole(1);

/** What stands for `selection` of a node (all of it if undefined). */
function rebuilt(
  node: Node,
  selection: Selection | undefined,
  made: ReadonlyMap<Node, Node>,
  wanted: ReadonlyMap<Node, Selection>,
): Node {
  const input = (k: number): Node => made.get(node.inputs[k] as Node) as Node;
  // An input that was made in part is just the part that this node looks at.
  const part = (k: number, want: Selection | undefined): Node =>
    want === undefined || wanted.has(node.inputs[k] as Node) ? input(k) : select(input(k), want);
  if (selection === undefined) {
    if (node.op === "view" && wanted.has(node.inputs[0] as Node)) {
      const map = placed(node.params.map, knownShape(node));
      return canonicalView(input(0), residual(map, undefined), knownShape(node));
    }
    const inputs = node.inputs.map((_, k) => input(k));
    return inputs.every((x, k) => x === node.inputs[k]) ? node : withInputs(node, inputs);
  }
  const shape = shapeOf(selection);
  switch (node.op) {
    case "view": {
      if (wanted.has(node.inputs[0] as Node)) {
        const map = placed(node.params.map, knownShape(node));
        return canonicalView(input(0), residual(map, selection), shape);
      }
      return canonicalView(input(0), composeMaps(mapOf(selection), node.params.map), shape);
    }
    case "map":
      return mapNode(
        node.params.tree,
        node.inputs.map((_, k) => part(k, inputSelection(node, k, selection))),
        shape,
      );
    case "gather": {
      const { axis, indices } = node.params;
      const { start, step, count, dropped } = selection[axis] as Progression;
      const below = part(0, inputSelection(node, 0, selection));
      // One position is looked at where it lies.
      if (dropped === true) return below;
      const values = Array.from(
        { length: count },
        (_, k) => indices.values[start + step * k] as number,
      );
      return gatherNode(below, leftAxes(selection).indexOf(axis), indexList(values));
    }
    case "concat": {
      const { axis } = node.params;
      const parts = node.inputs.flatMap((_, k) => {
        const want = inputSelection(node, k, selection);
        return want === undefined ? [] : [part(k, want)];
      });
      if ((selection[axis] as Progression).step < 0) parts.reverse();
      if (parts.length === 0) return emptyLike(node, shape);
      if (parts.length === 1) return parts[0] as Node;
      return concatNode(parts, leftAxes(selection).indexOf(axis));
    }
    case "reduce": {
      const { monoid, axes, leaves, on, correction } = node.params;
      const want = inputSelection(node, 0, selection) as Selection;
      const left = leftAxes(want);
      const reduced = axes.map((a) => left.indexOf(a));
      const below = part(0, want);
      return reduceNode(below, monoid, reduced, leaves, on, dtypeOf(node), correction);
    }
    case "reshape": {
      const { made: rows, seen, apart } = throughReshape(node, selection);
      const left = leftAxes(selection);
      return regroupApart(
        part(0, inputSelection(node, 0, selection)),
        apart,
        (below) => select(reshapeNode(below, shapeOf(rows)), seen),
        (axis) => left.indexOf(axis),
      );
    }
    default:
      return select(node, selection);
  }
}

/**
 * A view's map in which single positions follow axes of length 1 that nothing else follows, if there is one in the same
 * place: what was cut out as a slice of one keeps its axis.
 */
function placed(map: AffineMap, shape: readonly number[]): AffineMap {
  const free = new Set(
    shape.flatMap((n, axis) => (n === 1 && map.every((m) => m.axis !== axis) ? [axis] : [])),
  );
  if (free.size === 0) return map;
  let before = -1;
  return map.map((m, i) => {
    if (m.axis >= 0) {
      before = m.axis;
      return m;
    }
    const next = map.slice(i + 1).find((later) => later.axis >= 0)?.axis ?? shape.length;
    const axis = [...free].find((a) => a > before && a < next);
    if (axis === undefined) return m;
    free.delete(axis);
    before = axis;
    return { axis, start: m.start, step: 1 };
  });
}

/** A view's map over what it looks at, instead of over its input; axes that are left out have none. */
function residual(map: AffineMap, selection: Selection | undefined): AffineMap {
  const left = selection === undefined ? undefined : leftAxes(selection);
  return map.flatMap((m) => {
    if (m.axis < 0 || selection?.[m.axis]?.dropped === true) return [];
    return [{ axis: left === undefined ? m.axis : left.indexOf(m.axis), start: 0, step: 1 }];
  });
}

const mapOf = (selection: Selection): AffineMap => {
  const left = leftAxes(selection);
  return selection.map(({ start, step, dropped }, axis) =>
    dropped === true ? fixedAxis(start) : { axis: left.indexOf(axis), start, step },
  );
};

const select = (node: Node, selection: Selection): Node =>
  canonicalView(node, mapOf(selection), shapeOf(selection));

function emptyLike(node: Node, shape: readonly number[]): Node {
  const view = viewNode(
    node,
    shape.map((_, axis) => ({ axis, start: 0, step: 1 })),
    shape,
  );
  return createNode(constant(0, dtypeOf(node)), shape, advertisedGrid(view));
}
