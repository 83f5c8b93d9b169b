/** Rows of these tables: a figure of ours beside theirs, or beside a bound. */
import { printRows } from "../report.js";
import { processor, type Replies, seconds, speed } from "./rivals.js";

export interface Row {
  readonly name: string;
  readonly ours: string;
  readonly rate: string;
  readonly against: string;
  readonly theirs: string;
  readonly ratio: string;
  /** Processor seconds, ours and theirs. */
  readonly cpu: string;
  readonly target: string;
  readonly verdict: string;
}

const time = (value: number | undefined): string =>
  value === undefined ? "" : `${value.toFixed(value < 1 ? 3 : 2)} s`;
const both = (ours: number | undefined, theirs: number | undefined): string =>
  ours === undefined || theirs === undefined ? "" : `${ours.toFixed(2)} / ${theirs.toFixed(2)}`;
const verdict = (met: boolean): string => (met ? "met" : "missed");
export const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined || Number.isNaN(bytes) ? "" : `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Our speed beside that of another contestant; skipped by name where it is not there. */
export function beside(
  name: string,
  replies: Replies,
  ours: string,
  other: string,
  target: number,
  bytes: number,
): Row {
  const ratio = speed(replies, ours, other);
  const own = seconds(replies, ours);
  return {
    name,
    ours: time(own),
    rate: own === undefined ? "" : (bytes / own / 1e9).toFixed(2),
    against: other,
    theirs: time(seconds(replies, other)),
    ratio: ratio?.toFixed(2) ?? "",
    cpu: both(processor(replies, ours), processor(replies, other)),
    target: `>= ${target}`,
    verdict: ratio === undefined ? `skipped: no ${other}` : verdict(ratio >= target),
  };
}

/** Our speed beside one that was measured elsewhere. */
export function besideRecorded(
  name: string,
  replies: Replies,
  ours: string,
  other: string,
  recorded: number,
  target: number,
): Row {
  const own = seconds(replies, ours) ?? Number.NaN;
  return {
    name,
    ours: time(own),
    rate: "",
    against: `${other}, recorded`,
    theirs: time(recorded),
    ratio: (recorded / own).toFixed(2),
    cpu: "",
    target: `>= ${target}`,
    verdict: verdict(recorded / own >= target),
  };
}

/** A figure of ours that is to stay below a bound. */
export function within(
  name: string,
  value: number | undefined,
  bound: number,
  text: (value: number) => string,
  what = "",
): Row {
  const known = value !== undefined && !Number.isNaN(value);
  return {
    name,
    ours: known ? text(value) : "",
    rate: "",
    against: what,
    theirs: "",
    ratio: "",
    cpu: "",
    target: `<= ${text(bound)}`,
    verdict: known ? verdict(value <= bound) : "skipped: no /proc",
  };
}

export const note = (name: string, ours: string): Row => ({
  name,
  ours,
  rate: "",
  against: "",
  theirs: "",
  ratio: "",
  cpu: "",
  target: "",
  verdict: "",
});

export const skipped = (name: string, peer: string): Row => ({
  ...note(name, ""),
  against: peer,
  verdict: `skipped: no ${peer}`,
});

export function printIo(title: string, rows: readonly Row[]): void {
  printRows(title, [
    ["", "ours", "GB/s", "against", "theirs", "ratio", "cpu s", "target", ""],
    ...rows.map((r) => [
      r.name,
      r.ours,
      r.rate,
      r.against,
      r.theirs,
      r.ratio,
      r.cpu,
      r.target,
      r.verdict,
    ]),
  ]);
}
