/** Spans as boxes to draw: what is narrower than can be seen is drawn together, so that a picture has a bounded size. */
import { ROW_BYTES, ROW_END, ROW_KIND, ROW_START, ROW_WIDTH, SPAN_KINDS } from "../../ir/trace.js";
import type { Lane } from "./lanes.js";

/** Deeper ones are drawn at this depth. */
export const MOST_DEPTH = 2;

export interface TraceBox {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** Number of the span, of several that of the longest. */
  readonly span: number;
  /** Of several: the one that takes most of the time. */
  readonly kind: number;
  /** Spans that are drawn as this one. */
  readonly count: number;
  /** Milliseconds of them by kind, of several. */
  readonly ms: Float64Array;
  readonly bytes: number;
}

/** The boxes of a lane, depth by depth; spans shorter than `least` milliseconds join those less than that away. */
export function boxesOf({ thread, spans, depths }: Lane, least: number): TraceBox[] {
  const { rows } = thread;
  const out: TraceBox[] = [];
  for (let depth = 0; depth <= MOST_DEPTH; depth++) {
    let group: Group | undefined;
    for (let i = 0; i < spans.length; i++) {
      if (Math.min(depths[i] as number, MOST_DEPTH) !== depth) continue;
      const span = spans[i] as number;
      const at = span * ROW_WIDTH;
      const [start, end] = [rows[at + ROW_START] as number, rows[at + ROW_END] as number];
      const [kind, bytes] = [rows[at + ROW_KIND] as number, rows[at + ROW_BYTES] as number];
      const small = end - start < least;
      if (
        group !== undefined &&
        small &&
        start - group.end < least &&
        end - group.start < 2 * least
      )
        add(group, span, kind, start, end, bytes);
      else {
        if (group !== undefined) out.push(boxOf(group, depth));
        group = { start, end, span, kind, longest: -1, count: 0, bytes: 0, ms: emptyKinds() };
        add(group, span, kind, start, end, bytes);
      }
    }
    if (group !== undefined) out.push(boxOf(group, depth));
  }
  return out;
}

interface Group {
  readonly start: number;
  end: number;
  span: number;
  kind: number;
  longest: number;
  count: number;
  bytes: number;
  readonly ms: Float64Array;
}
const emptyKinds = (): Float64Array => new Float64Array(SPAN_KINDS.length);

function add(
  group: Group,
  span: number,
  kind: number,
  start: number,
  end: number,
  bytes: number,
): void {
  group.end = Math.max(group.end, end);
  group.count++;
  group.bytes += bytes;
  group.ms[kind] = (group.ms[kind] as number) + end - start;
  if (end - start > group.longest) {
    group.longest = end - start;
    group.span = span;
    group.kind = kind;
  }
}

function boxOf({ longest: _longest, kind: own, ...group }: Group, depth: number): TraceBox {
  // What takes no time has the kind of its span.
  let kind = own;
  group.ms.forEach((value, k) => {
    if (value > (group.ms[kind] as number)) kind = k;
  });
  return { ...group, kind, depth };
}
