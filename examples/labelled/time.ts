/**
 * Time as the CF conventions store it: numbers since a date, in a calendar (CF 1.11, section 4.4). Values stay numbers,
 * so that they are written back bit for bit; dates are computed when somebody looks.
 */

/** The parts of a date. Seconds may have a fraction. */
export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

interface Calendar {
  /** Days from a fixed day to a date; months may be beyond 12. */
  days(year: number, month: number, day: number): number;
  date(days: number): { readonly year: number; readonly month: number; readonly day: number };
}

/** The units of a time coordinate, understood. */
export interface TimeUnits {
  readonly calendar: Calendar;
  /** Seconds in one unit. */
  readonly seconds: number;
  /** Seconds from the calendar's fixed day to the date in the units. */
  readonly origin: number;
}

const DAY = 86_400;

/** Julian day numbers of the Julian or the Gregorian calendar (E. G. Richards, 2013). */
function solar(isGregorian: (julianDay: number) => boolean): Calendar {
  const number = (year: number, month: number, day: number, gregorian: boolean): number => {
    const early = Math.floor((14 - month) / 12);
    const y = year + 4800 - early;
    const m = month + 12 * early - 3;
    const julian = day + Math.floor((153 * m + 2) / 5) + 365 * y + Math.floor(y / 4) - 32083;
    return gregorian ? julian - Math.floor(y / 100) + Math.floor(y / 400) + 38 : julian;
  };
  return {
    days(year, month, day) {
      const gregorian = number(year, month, day, true);
      return isGregorian(gregorian) ? gregorian : number(year, month, day, false);
    },
    date(days) {
      const leap = Math.floor((Math.floor((4 * days + 274277) / 146097) * 3) / 4) - 38;
      const e = 4 * (days + 1401 + (isGregorian(days) ? leap : 0)) + 3;
      const h = 5 * Math.floor((e - 1461 * Math.floor(e / 1461)) / 4) + 2;
      const day = Math.floor((h - 153 * Math.floor(h / 153)) / 5) + 1;
      const month = ((Math.floor(h / 153) + 2) % 12) + 1;
      return { year: Math.floor(e / 1461) - 4716 + Math.floor((14 - month) / 12), month, day };
    },
  };
}

/** Calendars of models: every year has the same months. */
function regular(lengths: readonly number[]): Calendar {
  const starts = lengths.map((_, m) => lengths.slice(0, m).reduce((a, b) => a + b, 0));
  const year = lengths.reduce((a, b) => a + b, 0);
  return {
    days: (y, month, day) =>
      (y + Math.floor((month - 1) / 12)) * year + (starts[(month - 1) % 12] ?? 0) + day - 1,
    date(days) {
      const y = Math.floor(days / year);
      const rest = days - y * year;
      const m = starts.findLastIndex((start) => start <= rest);
      return { year: y, month: m + 1, day: rest - (starts[m] ?? 0) + 1 };
    },
  };
}

const months = (february: number): number[] => [
  31,
  february,
  31,
  30,
  31,
  30,
  31,
  31,
  30,
  31,
  30,
  31,
];
const FIRST_GREGORIAN = 2_299_161; // 15 October 1582
const mixed = solar((day) => day >= FIRST_GREGORIAN);
const CALENDARS: Readonly<Record<string, Calendar>> = {
  standard: mixed,
  gregorian: mixed,
  proleptic_gregorian: solar(() => true),
  julian: solar(() => false),
  noleap: regular(months(28)),
  "365_day": regular(months(28)),
  all_leap: regular(months(29)),
  "366_day": regular(months(29)),
  "360_day": regular(new Array<number>(12).fill(30)),
};
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^days?$|^d$/, DAY],
  [/^(hours?|hrs?|h)$/, 3600],
  [/^min(ute)?s?$/, 60],
  [/^s(ec(ond)?s?)?$/, 1],
];
const DATE =
  /^(-?\d+)(?:-(\d+)(?:-(\d+)(?:[T ]+(\d+)(?::(\d+)(?::(\d+(?:\.\d*)?))?)?)?)?)?(?: ?Z| UTC)?$/;

/** What units such as "days since 2000-01-01" mean; undefined if they are no time. */
export function timeUnits(units: unknown, calendar: unknown = "standard"): TimeUnits | undefined {
  const [, unit, since] = /^(\w+) since (.+)$/.exec(String(units).trim()) ?? [];
  const seconds = UNITS.find(([words]) => words.test(unit?.toLowerCase() ?? ""))?.[1];
  if (unit === undefined || since === undefined || seconds === undefined) return undefined;
  const days = CALENDARS[String(calendar)];
  if (days === undefined) throw new Error(`time: the calendar "${calendar}" is not known`);
  return { calendar: days, seconds, origin: instants(since, days).from };
}

/** The seconds from the first of a period to the first after it: "2010" is a year, "2010-03-05T12" an hour. */
function instants(
  text: string,
  calendar: Calendar,
): { readonly from: number; readonly to: number } {
  const parts = DATE.exec(text.trim())?.slice(1);
  if (parts === undefined)
    throw new Error(`time: "${text}" is no date; write it as 2010-03-05T12:00`);
  const given = parts.filter((part) => part !== undefined).length;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part),
  );
  const at = (y: number, m: number, d: number, more: number): number =>
    calendar.days(y, m, d) * DAY + hour * 3600 + minute * 60 + second + more;
  const from = at(year, month, day, 0);
  switch (given) {
    case 1:
      return { from, to: at(year + 1, 1, 1, 0) };
    case 2:
      return { from, to: at(year, month + 1, 1, 0) };
    default:
      return { from, to: from + ({ 3: DAY, 4: 3600, 5: 60 }[given] ?? 1) };
  }
}

/** The values that a date names, from the first on and before the end: "2010-03" is all of March. */
export function periodOf(
  text: string,
  units: TimeUnits,
): { readonly from: number; readonly to: number } {
  const { from, to } = instants(text, units.calendar);
  return { from: (from - units.origin) / units.seconds, to: (to - units.origin) / units.seconds };
}

/** The date of a value. Fractions of a second are rounded to a millisecond. */
export function momentOf(value: number, units: TimeUnits): Moment {
  const total = Math.round((units.origin + value * units.seconds) * 1000) / 1000;
  const days = Math.floor(total / DAY);
  const rest = total - days * DAY;
  const [hour, minute] = [Math.floor(rest / 3600), Math.floor((rest % 3600) / 60)];
  return { ...units.calendar.date(days), hour, minute, second: rest - 3600 * hour - 60 * minute };
}

/** A date as people write it; the time of day where there is one. */
export function dateText(value: number, units: TimeUnits): string {
  const { year, month, day, hour, minute, second } = momentOf(value, units);
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  if (hour === 0 && minute === 0 && second === 0) return date;
  return `${date}T${two(hour)}:${two(minute)}${second === 0 ? "" : `:${two(Math.floor(second))}`}`;
}

/** Fields of dates to group by. `season` is 0 to 3: DJF, MAM, JJA, SON. */
export const FIELDS = {
  year: (t: Moment) => t.year,
  month: (t: Moment) => t.month,
  day: (t: Moment) => t.day,
  hour: (t: Moment) => t.hour,
  season: (t: Moment) => Math.floor((t.month % 12) / 3),
  dayofyear: (t: Moment, { calendar }: TimeUnits) =>
    calendar.days(t.year, t.month, t.day) - calendar.days(t.year, 1, 1) + 1,
} as const satisfies Readonly<Record<string, (t: Moment, units: TimeUnits) => number>>;
export type Field = keyof typeof FIELDS;
