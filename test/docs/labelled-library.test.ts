/** What examples/labelled promises: names and labels in place of axis numbers and positions. */
import { inspect } from "node:util";
import * as cw from "chunkwise";
import { afterAll, describe, expect, test } from "vitest";
import {
  computeTogether,
  coordinate,
  DataArray,
  Dataset,
  openDataset,
  saveDataset,
} from "../../build/examples/labelled/index.js";
import {
  dateText,
  FIELDS,
  momentOf,
  periodOf,
  type TimeUnits,
  timeUnits,
} from "../../build/examples/labelled/time.js";
import { countingSource } from "../api/counting.js";

afterAll(() => cw.shutdown());

const units = (text: string, calendar?: string): TimeUnits =>
  timeUnits(text, calendar) as TimeUnits;
const nested = async (x: DataArray): Promise<unknown> => (await x.compute()).toNested();

describe("time", () => {
  test("days of the proleptic Gregorian calendar are those of JavaScript's dates", () => {
    const since = units("days since 1970-01-01", "proleptic_gregorian");
    for (let day = -800_000; day < 800_000; day += 997) {
      const date = new Date(day * 86_400_000);
      const moment = momentOf(day, since);
      expect([moment.year, moment.month, moment.day]).toEqual([
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
      ]);
    }
  });

  test.each([
    // The Gregorian calendar began on the day after 4 October 1582.
    ["days since 1582-10-04", "standard", 1, "1582-10-15"],
    ["days since 1582-10-04", "julian", 1, "1582-10-05"],
    ["days since 1582-10-04", "proleptic_gregorian", 1, "1582-10-05"],
    // 1 January 1970 is day 719,164 of the mixed calendar, and 719,162 of the proleptic one.
    ["days since 0001-01-01 00:00:00", "standard", 719_164, "1970-01-01"],
    ["days since 1-1-1", "proleptic_gregorian", 719_162, "1970-01-01"],
    ["days since 2000-01-01", "noleap", 59, "2000-03-01"],
    ["days since 2000-01-01", "365_day", 365, "2001-01-01"],
    ["days since 2001-01-01", "all_leap", 59, "2001-02-29"],
    ["days since 2000-01-01", "360_day", 59, "2000-02-30"],
    ["days since 2000-01-01", "360_day", -1, "1999-12-30"],
    ["hours since 1900-01-01 00:00:00.0", "gregorian", 1_043_136, "2019-01-01"],
    ["minutes since 2000-02-28 23:00", "standard", 90, "2000-02-29T00:30"],
    ["seconds since 1970-01-01T00:00:00Z", "standard", 1_583_020_799, "2020-02-29T23:59:59"],
    ["days since 2000-01-01", "standard", 0.25, "2000-01-01T06:00"],
  ])("%s, %s: %d is %s", (text, calendar, value, date) => {
    const since = units(text, calendar);
    expect(dateText(value, since)).toBe(date);
    expect(periodOf(date, since).from).toBeCloseTo(value, 9);
  });

  test("periods are as long as they say", () => {
    const since = units("days since 2000-01-01");
    expect(periodOf("2000", since)).toEqual({ from: 0, to: 366 });
    expect(periodOf("2000-02", since)).toEqual({ from: 31, to: 60 });
    expect(periodOf("2000-12", since)).toEqual({ from: 335, to: 366 });
    expect(periodOf("2000-02-29", since)).toEqual({ from: 59, to: 60 });
    expect(periodOf("2000-01-01T12", since)).toEqual({ from: 0.5, to: 0.5 + 1 / 24 });
    expect(() => periodOf("March", since)).toThrow('"March" is no date');
  });

  test("fields, and what is no time", () => {
    const since = units("days since 2000-01-01", "standard");
    const field = (name: keyof typeof FIELDS, day: number): number =>
      FIELDS[name](momentOf(day, since), since);
    expect([field("season", 0), field("season", 60), field("season", 335)]).toEqual([0, 1, 0]);
    expect([field("dayofyear", 365), field("dayofyear", 366)]).toEqual([366, 1]);
    expect(timeUnits("degrees_north")).toBeUndefined();
    expect(timeUnits(undefined)).toBeUndefined();
    expect(() => timeUnits("days since 2000-01-01", "mayan")).toThrow('"mayan" is not known');
  });
});

/** 6 days from 30 January 2001 on x 3 latitudes; element = 10 * day + row. */
function small(): DataArray {
  const data = cw.arange(6).reshape([6, 1]).multiply(10).add(cw.arange(3));
  return new DataArray(data, ["time", "lat"], {
    name: "t",
    coords: {
      time: coordinate("time", [29, 30, 31, 32, 33, 34], { units: "days since 2001-01-01" }),
      lat: coordinate("lat", [60, 0, -60], { units: "degrees_north" }),
    },
    attrs: { units: "K" },
  });
}

describe("selection", () => {
  test("isel by positions, slices and lists", async () => {
    const x = small().isel({ time: cw.slice(null, null, -2), lat: [2, 0] });
    expect(await nested(x)).toEqual([
      [52, 50],
      [32, 30],
      [12, 10],
    ]);
    expect([...(x.coords["lat"]?.values ?? [])]).toEqual([-60, 60]);
    expect([...(x.coords["time"]?.values ?? [])]).toEqual([34, 32, 30]);
    const row = small().isel({ lat: -1 });
    expect([row.dims, row.coords["lat"]?.dim, row.coords["lat"]?.values[0]]).toEqual([
      ["time"],
      undefined,
      -60,
    ]);
    expect(() => small().isel({ lat: 3 })).toThrow("position 3 is not one of the 3");
    expect(() => small().isel({ level: 0 })).toThrow('no dimension "level" in time, lat');
  });

  test("every slice selects the labels of what it selects", async () => {
    const x = small();
    for (const start of [null, -7, -2, 0, 3, 9]) {
      for (const stop of [null, -7, -2, 0, 3, 9]) {
        for (const step of [null, 1, 2, -1, -4]) {
          const part = x.isel({ time: cw.slice(start, stop, step), lat: 0 });
          const values = (await nested(part)) as number[];
          expect([...(part.coords["time"]?.values ?? [])]).toEqual(values.map((v) => 29 + v / 10));
        }
      }
    }
  });

  test("sel by labels, ranges and dates", async () => {
    expect(await nested(small().sel({ lat: 0, time: 31 }))).toBe(21);
    expect(await nested(small().sel({ lat: 40, time: [29, 34] }, { method: "nearest" }))).toEqual([
      0, 50,
    ]);
    expect(await nested(small().sel({ lat: { from: -60, to: 0 }, time: "2001-02-01" }))).toEqual([
      [21, 22],
    ]);
    expect((await small().sel({ time: "2001-01" }).compute()).shape).toEqual([2, 3]);
    expect(
      (
        await small()
          .sel({ time: { from: "2001-02-02" } })
          .compute()
      ).shape,
    ).toEqual([3, 3]);
    expect(
      (
        await small()
          .sel({ time: { to: "2001-01" } })
          .compute()
      ).shape,
    ).toEqual([2, 3]);
    expect(() => small().sel({ lat: 40 })).toThrow('lat has no label 40; { method: "nearest" }');
    expect(() => small().sel({ lat: "2001" })).toThrow("lat has no dates");
    expect(() => small().sel({ time: "2005" })).toThrow(
      "no label of time lies between 2005 and 2005",
    );
  });
});

describe("arithmetic by name", () => {
  const weights = (labels: readonly number[]): DataArray =>
    new DataArray(cw.asarray([1, 2, 3]), ["lat"], { coords: { lat: coordinate("lat", labels) } });

  test("dimensions are found by name, in any order", async () => {
    const x = small();
    const flipped = x.transposeDims("lat");
    expect(flipped.dims).toEqual(["lat", "time"]);
    const zero = await flipped.subtract(x).compute();
    expect([zero.shape, zero.data.every((v) => v === 0)]).toEqual([[3, 6], true]);
    expect(await nested(x.multiply(weights([60, 0, -60])).isel({ time: 1 }))).toEqual([10, 22, 36]);
    const wide = weights([60, 0, -60]).add(x.isel({ lat: 0 }));
    expect([wide.dims, (await wide.compute()).shape]).toEqual([
      ["lat", "time"],
      [3, 6],
    ]);
    expect(x.add(1).attrs).toEqual({ units: "K" });
    expect(x.multiply(2).attrs).toEqual({});
  });

  test("other labels are refused", () => {
    expect(() => small().add(weights([60, 0, -30]))).toThrow("the labels of lat differ");
  });

  test("where, rename and apply", async () => {
    const x = small();
    const warm = x.where(x.apply((v) => v.greater(25)));
    expect(await nested(warm.isel({ time: 2 }))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(await nested(warm.min())).toBe(30);
    const renamed = x.rename({ lat: "latitude", t: "temperature" });
    expect([renamed.name, renamed.dims, Object.keys(renamed.coords)]).toEqual([
      "temperature",
      ["time", "latitude"],
      ["time", "latitude"],
    ]);
  });
});

describe("statistics", () => {
  const NAN = Number.NaN;
  const rows = [
    [1, NAN, 5],
    [NAN, NAN, 7],
    [4, NAN, 6],
    [3, NAN, 2],
  ];
  const x = new DataArray(cw.asarray(rows, { dtype: "float32" }), ["time", "lon"], {
    coords: { time: coordinate("time", [0, 40, 1, 41], { units: "days since 2001-01-01" }) },
  });
  const plain = (values: readonly number[], how: string, ddof = 0): number => {
    const valid = values.filter((v) => !Number.isNaN(v));
    const n = valid.length;
    const sum = valid.reduce((a, b) => a + b, 0);
    const variance = valid.reduce((a, b) => a + (b - sum / n) ** 2, 0) / (n - ddof);
    if (how === "count") return n;
    if (how === "sum") return sum;
    if (n === 0) return NAN;
    if (how === "mean") return sum / n;
    if (how === "min" || how === "max") return Math[how](...valid);
    return how === "var" ? variance : Math.sqrt(variance);
  };
  const column = (j: number, from: readonly number[]): number[] =>
    from.map((i) => rows[i]?.[j] ?? NAN);
  const close = (got: unknown, want: readonly (readonly number[])[]): void => {
    (got as (number | bigint)[][]).flat().forEach((v, i) => {
      const expected = want.flat()[i] as number;
      if (Number.isNaN(expected)) expect(v).toBeNaN();
      else expect(Number(v)).toBeCloseTo(expected, 6);
    });
  };

  test.each(["count", "sum", "mean", "min", "max", "var", "std"] as const)("%s", async (how) => {
    const all = [0, 1, 2].map((j) => plain(column(j, [0, 1, 2, 3]), how));
    close([await nested(x[how]("time"))], [all]);
    const january = [0, 1, 2].map((j) => plain(column(j, [0, 2]), how));
    const february = [0, 1, 2].map((j) => plain(column(j, [1, 3]), how));
    const monthly = x.groupby("time.month")[how]();
    expect([monthly.dims, [...(monthly.coords["month"]?.values ?? [])]]).toEqual([
      ["month", "lon"],
      [1, 2],
    ]);
    close(await nested(monthly), [january, february]);
    const turned = x.transposeDims("lon").groupby("time.month")[how]();
    expect(turned.dims).toEqual(["lon", "month"]);
    close(await nested(turned.transposeDims("month")), [january, february]);
    const whole = plain(rows.flat(), how);
    expect(Number(await nested(x[how]()))).toBeCloseTo(whole, 6);
  });

  test("ddof, and NaN that is not left out", async () => {
    close(
      [await nested(x.std("time", { ddof: 1 }))],
      [[0, 1, 2].map((j) => plain(column(j, [0, 1, 2, 3]), "std", 1))],
    );
    close([await nested(x.max("time", { skipna: false }))], [[NAN, NAN, 7]]);
    const months = x.groupby("time.month");
    close(await nested(months.mean({ skipna: false })), [
      [2.5, NAN, 5.5],
      [NAN, NAN, 4.5],
    ]);
  });

  test("integers", async () => {
    const counts = new DataArray(cw.asarray([3, 1, 2, 5], { dtype: "int16" }), ["time"], {
      coords: x.coords,
    });
    const months = counts.groupby("time.month");
    expect(await nested(months.sum())).toEqual([5n, 6n]);
    expect(await nested(months.count())).toEqual([2n, 2n]);
    expect(await nested(months.mean())).toEqual([2.5, 3]);
    expect(await nested(months.min())).toEqual([2, 1]);
    expect(await nested(counts.max())).toBe(5);
  });

  test("many groups, labels that are not dates, and anomalies", async () => {
    const n = 100;
    const data = cw.arange(3 * n).reshape([3 * n]);
    const station = Float64Array.from({ length: 3 * n }, (_, i) => 1000 - (i % n));
    const y = new DataArray(data, ["obs"], { coords: { station: coordinate("obs", station) } });
    const groups = y.groupby("station");
    const mean = groups.mean();
    expect([mean.dims, mean.coords["station"]?.values[0]]).toEqual([["station"], 901]);
    expect((await mean.compute()).get(0)).toBe(99 + n);
    const anomaly = await groups.subtract(mean).compute();
    expect([...anomaly.data].every((v, i) => v === (Math.floor(i / n) - 1) * n)).toBe(true);
    expect(() => y.groupby("lat")).toThrow('there is no coordinate "lat"');
    expect(() => y.groupby("station.month")).toThrow("station has no dates");
    expect(() => groups.subtract(mean.isel({ station: cw.slice(1) }))).toThrow(
      "station has no label 901",
    );
  });
});

describe("datasets", () => {
  const sourced = (): { dataset: Dataset; reads: ReadonlyMap<string, number> } => {
    const counting = countingSource([24, 4], [6, 2], ([i = 0, j = 0]) => 10 * i + j);
    const time = coordinate(
      "time",
      Array.from({ length: 24 }, (_, m) => 15.5 + 30 * m),
      {
        units: "days since 2001-01-01",
        calendar: "360_day",
      },
    );
    const array = new DataArray(cw.backend.fromArray(counting.source), ["time", "x"], {
      coords: { time },
    });
    return { dataset: new Dataset({ a: array, b: array.multiply(2) }), reads: counting.reads };
  };

  test("datasets that share a source read it once", async () => {
    const { dataset, reads } = sourced();
    const months = dataset.groupby("time.month");
    const [mean, anomaly, total] = await computeTogether([
      months.mean(),
      months.subtract(months.mean()),
      dataset.sum("time"),
    ]);
    expect(mean?.["a"]?.get(3, 1)).toBe((30 + 150) / 2 + 1);
    expect(anomaly?.["b"]?.get(15, 1)).toBe(120);
    expect(total?.["a"]?.get(0)).toBe(2760);
    expect([...reads.values()]).toEqual(new Array(8).fill(1));
  });

  test("what is loaded is read once for ever", async () => {
    const { dataset, reads } = sourced();
    const loaded = await dataset.load();
    await loaded.mean().compute();
    await loaded.get("b").max("x").compute();
    expect([...reads.values()]).toEqual(new Array(8).fill(1));
  });

  test("arrays that do not have a dimension stay as they are", async () => {
    const { dataset } = sourced();
    const scale = new DataArray(cw.asarray([1, 2, 3, 4]), ["x"]);
    const more = dataset.assign({ scale });
    expect(more.isel({ time: 0 }).sizes).toEqual({ x: 4 });
    expect(await nested(more.mean("time").get("scale"))).toEqual([1, 2, 3, 4]);
    const scaled = await more.multiply(scale).isel({ time: 1 }).compute();
    expect(scaled["a"]?.toNested()).toEqual([10, 22, 36, 52]);
    const months = more.groupby("time.month");
    const anomaly = await months.subtract(months.mean()).compute();
    expect([anomaly["scale"]?.toNested(), anomaly["a"]?.get(0, 0)]).toEqual([[1, 2, 3, 4], -60]);
    const one = dataset.get("a").groupby("time.month").mean();
    expect((await months.subtract(one).compute())["a"]?.get(0, 0)).toBe(-60);
    expect(() => dataset.assign({ other: new DataArray(cw.ones([5]), ["x"]) })).toThrow(
      "x has 4 elements, and 5 in other",
    );
  });

  test.each([3, 2] as const)(
    "saved as Zarr v%d and opened again it is the same",
    async (zarrFormat) => {
      const { dataset } = sourced();
      const level = coordinate(undefined, [850], { units: "hPa" });
      const given = dataset.map((x) =>
        x.with({ coords: { ...x.coords, level }, attrs: { units: "K" } }),
      );
      const store = cw.memoryStore();
      await saveDataset(given, store, { zarrFormat, chunks: { time: 12 } });
      const opened = await openDataset(store);
      expect(Object.keys(opened.variables)).toEqual(["a", "b"]);
      expect([opened.get("a").dims, opened.get("a").attrs]).toEqual([
        ["time", "x"],
        { units: "K" },
      ]);
      expect(opened.get("a").data.chunks).toEqual([
        [12, 12],
        [2, 2],
      ]);
      expect(opened.coords["level"]).toMatchObject({ dim: undefined, attrs: { units: "hPa" } });
      expect(opened.coords["time"]?.values).toEqual(given.coords["time"]?.values);
      expect(opened.sel({ time: "2002-12" }).sizes).toEqual({ time: 1, x: 4 });
      const [a, b] = await Promise.all([given.compute(), opened.compute()]);
      expect(b["b"]?.data).toEqual(a["b"]?.data);
    },
  );

  test("text", () => {
    const { dataset } = sourced();
    expect(inspect(dataset)).toBe(
      [
        "Dataset (time: 24, x: 4)  1.5 KiB",
        "Coordinates:",
        "  * time  (time)     date     2001-01-16T12:00 2001-02-16T12:00 … 2002-12-16T12:00",
        "Variables:",
        "    a     (time, x)  float64  768 B, in blocks of 6 × 2",
        "    b     (time, x)  float64  768 B, in blocks of 6 × 2",
      ].join("\n"),
    );
    const display = Symbol.for("Jupyter.display");
    const bundle = (dataset.get("a") as unknown as Record<symbol, () => Record<string, string>>)[
      display
    ];
    expect(bundle?.call(dataset.get("a"))["text/html"]).toContain("<svg");
  });
});
