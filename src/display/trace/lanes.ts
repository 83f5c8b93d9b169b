/**
 * Lanes: the spans of a thread in rows in which they nest. A thread has several tasks under way while they wait for
 * data, so one row per thread would have spans that cross; every row here has none, which is what Chrome's format
 * demands and what an eye can read.
 */
import {
  ROW_END,
  ROW_KIND,
  ROW_STAGE,
  ROW_START,
  ROW_TASK,
  ROW_WIDTH,
  SPAN,
  type TraceData,
  type TraceThread,
} from "../../ir/trace.js";

export interface Lane {
  readonly thread: TraceThread;
  /** "worker 1", "worker 1, 2nd": rows of one thread. */
  readonly name: string;
  /** Number of the thread. */
  readonly of: number;
  /** Numbers of spans, by start; an outer one stands before what is in it. */
  readonly spans: Uint32Array;
  /** How many spans each lies in. */
  readonly depths: Uint8Array;
}

/** What can lie in what: a span lies in those of lower levels only. */
function levelOf(kind: number): number {
  if (kind === SPAN.task || kind === SPAN.serve || kind === SPAN.wait) return 0;
  return kind === SPAN.read || kind === SPAN.write ? 1 : 2;
}

interface Open {
  readonly end: number;
  readonly level: number;
  readonly stage: number;
  readonly task: number;
}
interface Row {
  readonly open: Open[];
  readonly spans: number[];
  readonly depths: number[];
}

/** The lanes of all threads that did anything, in the order of the threads. */
export function lanesOf({ threads }: Pick<TraceData, "threads">): Lane[] {
  return threads.flatMap((thread, of) => {
    const rows = rowsOf(thread);
    return rows.map(({ spans, depths }, i): Lane => {
      const name = i === 0 ? thread.name : `${thread.name}, row ${i + 1}`;
      return { thread, name, of, spans: Uint32Array.from(spans), depths: Uint8Array.from(depths) };
    });
  });
}

function rowsOf({ rows }: TraceThread): Row[] {
  const count = rows.length / ROW_WIDTH;
  const at = (span: number, column: number): number => rows[span * ROW_WIDTH + column] as number;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) =>
      at(a, ROW_START) - at(b, ROW_START) ||
      levelOf(at(a, ROW_KIND)) - levelOf(at(b, ROW_KIND)) ||
      at(b, ROW_END) - at(a, ROW_END) ||
      a - b,
  );
  const found: Row[] = [];
  for (const span of order) {
    const start = at(span, ROW_START);
    const one: Open = {
      end: at(span, ROW_END),
      level: levelOf(at(span, ROW_KIND)),
      stage: at(span, ROW_STAGE),
      task: at(span, ROW_TASK),
    };
    let free: Row | undefined;
    let home: Row | undefined;
    for (const row of found) {
      while (row.open.length > 0 && (row.open.at(-1) as Open).end <= start) row.open.pop();
      const top = row.open.at(-1);
      if (top === undefined) free ??= row;
      else if (holds(top, one)) {
        home = row;
        break;
      }
    }
    const row = home ?? free ?? newRow(found);
    row.spans.push(span);
    row.depths.push(row.open.length);
    // What takes no time holds nothing.
    if (one.end > start) row.open.push(one);
  }
  return found;
}

const holds = (outer: Open, inner: Open): boolean =>
  outer.level < inner.level &&
  outer.end >= inner.end &&
  outer.task === inner.task &&
  outer.stage === inner.stage;

function newRow(rows: Row[]): Row {
  const row: Row = { open: [], spans: [], depths: [] };
  rows.push(row);
  return row;
}
