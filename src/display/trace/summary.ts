/** Traces in figures: seconds by what was done, and how well it overlapped. */
import {
  ROW_END,
  ROW_KIND,
  ROW_START,
  ROW_WIDTH,
  SPAN,
  SPAN_KINDS,
  type SpanKind,
  TOTAL_BYTES,
  TOTAL_COUNT,
  TOTAL_MS,
  TOTAL_WIDTH,
  type TraceData,
  type TraceSummary,
} from "../../ir/trace.js";

/** One column of the totals, summed over the threads: `[stage][kind]`, the last line for what belongs to no stage. */
export function totalsOf({ threads, stages }: TraceData, column: number): number[][] {
  return Array.from({ length: stages.length + 1 }, (_, stage) =>
    SPAN_KINDS.map((_, kind) => {
      const at = (stage * SPAN_KINDS.length + kind) * TOTAL_WIDTH + column;
      return threads.reduce((sum, { totals }) => sum + (totals[at] as number), 0);
    }),
  );
}

function perKind(data: TraceData, column: number, unit: number): Record<SpanKind, number> {
  const totals = totalsOf(data, column);
  const sums = SPAN_KINDS.map((name, kind) => {
    const sum = totals.reduce((n, line) => n + (line[kind] as number), 0);
    return [name, sum / unit] as const;
  });
  return Object.fromEntries(sums) as Record<SpanKind, number>;
}

/** Seconds in which at least one thread did any of `kinds`. */
export function busySeconds({ threads }: TraceData, kinds: readonly number[]): number {
  let count = 0;
  for (const { rows } of threads) {
    for (let i = 0; i < rows.length; i += ROW_WIDTH) {
      if (kinds.includes(rows[i + ROW_KIND] as number)) count++;
    }
  }
  const starts = new Float64Array(count);
  const ends = new Float64Array(count);
  let next = 0;
  for (const { rows } of threads) {
    for (let i = 0; i < rows.length; i += ROW_WIDTH) {
      if (!kinds.includes(rows[i + ROW_KIND] as number)) continue;
      starts[next] = rows[i + ROW_START] as number;
      ends[next] = rows[i + ROW_END] as number;
      next++;
    }
  }
  starts.sort();
  ends.sort();
  // Where as many have ended as had begun, nobody is at it.
  let busy = 0;
  for (let i = 0, from = 0; i < count; i++) {
    if (i > 0 && (starts[i] as number) > (ends[i - 1] as number)) {
      busy += (ends[i - 1] as number) - (starts[from] as number);
      from = i;
    }
    if (i === count - 1) busy += (ends[i] as number) - (starts[from] as number);
  }
  return busy / 1000;
}

export function traceSummary(data: TraceData): TraceSummary {
  const wall = data.wallMs / 1000;
  const read = busySeconds(data, [SPAN.fetch]);
  const decode = busySeconds(data, [SPAN.decode]);
  const compute = busySeconds(data, [SPAN.compute, SPAN.move]);
  const write = busySeconds(data, [SPAN.encode, SPAN.store]);
  const spill = busySeconds(data, [SPAN.spill, SPAN.unspill]);
  const longest = Math.max(read, decode, compute, write, spill);
  return {
    wall,
    read,
    decode,
    compute,
    write,
    spill,
    overlap: longest === 0 ? 1 : wall / longest,
    seconds: perKind(data, TOTAL_MS, 1000),
    counts: perKind(data, TOTAL_COUNT, 1),
    bytes: perKind(data, TOTAL_BYTES, 1),
    dropped: data.threads.reduce((n, t) => n + t.dropped, 0),
  };
}
