/** The climatology of examples/labelled: its values against plain loops, its reads counted, its pictures and cards. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import * as cw from "chunkwise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { climatology } from "../../build/examples/labelled/climatology.js";
import { Dataset, openDataset } from "../../build/examples/labelled/index.js";
import { type Case, DATA, difference, readCases } from "../data/support.js";

const example = resolve(import.meta.dirname, "../../build/examples/labelled/climatology.js");

let scratch = "";
let folder = "";
let said = "";
let input: cw.NDArray;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-labelled-"));
  folder = join(scratch, ".demo", "labelled");
  const { CHUNKWISE_DATA: _, ...env } = process.env;
  const ran = await promisify(execFile)(process.execPath, [example], { cwd: scratch, env });
  said = ran.stdout;
  input = await (await cw.openZarr(join(folder, "input.zarr"), { path: "temperature" })).compute();
}, 60_000);
afterAll(async () => {
  const { runtime } = (await import(
    resolve(import.meta.dirname, "../../lib/exec/runtime.js")
  )) as typeof import("../../dist/exec/runtime.js");
  expect(runtime.account().used).toBe(0);
  await cw.shutdown();
  await rm(scratch, { recursive: true, force: true });
});

/** Month (0 to 11) of each day, by JavaScript's own calendar. */
const months = Array.from({ length: 1096 }, (_, day) =>
  new Date(Date.UTC(2003, 0, 1 + day)).getUTCMonth(),
);
const monthOf = (day: number): number => months[day] as number;

/** Means by month of one cell, over the days that have a value. */
function means(cell: number, cells: number): number[] {
  const values = input.data as Float32Array;
  const sums = Array.from({ length: 12 }, () => ({ sum: 0, count: 0 }));
  for (let day = 0; day < 1096; day += 1) {
    const value = values[day * cells + cell] as number;
    const month = sums[monthOf(day)] as { sum: number; count: number };
    if (!Number.isNaN(value)) [month.sum, month.count] = [month.sum + value, month.count + 1];
  }
  return sums.map(({ sum, count }) => sum / count);
}

describe("what the example left", () => {
  test("climatology and anomaly agree with plain loops", async () => {
    const { climatology: clim, anomaly } = await (
      await openDataset(join(folder, "output.zarr"))
    ).compute();
    expect([clim?.shape, anomaly?.shape]).toEqual([
      [12, 60, 120],
      [1096, 60, 120],
    ]);
    const cells = 60 * 120;
    let [worst, land] = [0, 0];
    for (let cell = 0; cell < cells; cell += 1) {
      const expected = means(cell, cells);
      if (Number.isNaN(expected[0])) land += 1;
      for (let month = 0; month < 12; month += 1) {
        const got = clim?.data[month * cells + cell] as number;
        if (Number.isNaN(got) !== Number.isNaN(expected[month])) worst = Infinity;
        else if (!Number.isNaN(got))
          worst = Math.max(worst, Math.abs(got - (expected[month] ?? 0)));
      }
      for (let day = 0; day < 1096; day += 97) {
        const at = day * cells + cell;
        const got = anomaly?.data[at] as number;
        const want = (input.data[at] as number) - (expected[monthOf(day)] as number);
        if (Number.isNaN(got) !== Number.isNaN(want)) worst = Infinity;
        else if (!Number.isNaN(got)) worst = Math.max(worst, Math.abs(got - want));
      }
    }
    expect(worst).toBeLessThan(1e-5);
    expect(land / cells).toBeGreaterThan(0.03);
  }, 30_000);

  test("metadata are those of CF and xarray", async () => {
    const group = await cw.openGroup(join(folder, "output.zarr"));
    expect(Object.keys(group.arrays).sort()).toEqual([
      "anomaly",
      "climatology",
      "latitude",
      "longitude",
      "month",
      "time",
    ]);
    expect(group.attributes["Conventions"]).toBe("CF-1.11");
    expect(group.arrays["anomaly"]?.dimensionNames).toEqual(["time", "latitude", "longitude"]);
    expect(group.arrays["climatology"]?.dimensionNames).toEqual(["month", "latitude", "longitude"]);
    expect(group.arrays["climatology"]?.attributes["units"]).toBe("degC");
    expect(group.arrays["time"]?.attributes).toMatchObject({
      units: "days since 2003-01-01",
      calendar: "standard",
    });
    expect((await group.arrays["month"]?.compute())?.data).toEqual(
      BigInt64Array.from({ length: 12 }, (_, month) => BigInt(month + 1)),
    );
  });

  test("it prints the datasets and the plan", () => {
    expect(said).toContain("Dataset (time: 1096, latitude: 60, longitude: 120)");
    expect(said).toContain("2003-01-01 2003-01-02 … 2005-12-31");
    expect(said).toMatch(/input\.zarr\/temperature .* 32 of 32 chunks/);
  });

  test.each([
    ["climatology.png", 12, 2 * 6 + 3 * 360],
    ["anomaly.png", 200, 840],
  ])("%s is a PNG with many colours", async (name, colours, width) => {
    const file = await readFile(join(folder, name));
    expect(file.subarray(1, 4).toString()).toBe("PNG");
    expect(file.readUInt32BE(16)).toBe(width);
    const data = inflateSync(file.subarray(8 + 25 + 8, file.length - 12 - 4));
    expect(data.length).toBe(file.readUInt32BE(20) * (3 * width + 1));
    expect(new Set(data).size).toBeGreaterThan(colours);
  });

  test("the card is plain HTML with everything escaped", async () => {
    const page = await readFile(join(folder, "dataset.html"), "utf8");
    expect(page).toContain("<b>latitude</b>");
    expect(page).not.toMatch(/<script|<link|http:\/\/(?!www\.w3\.org\/2000\/svg)/);
    const odd = new Dataset({
      "a<b": (await openDataset(join(folder, "output.zarr"))).get("anomaly"),
    });
    expect(odd.toHtml()).toContain("a&lt;b");
    expect(odd.toHtml()).not.toContain("a<b");
  });
});

describe("reads", () => {
  /** The store of the example, with how often each chunk of the variable is asked for. */
  function counted(): { readonly store: cw.Store; readonly reads: Map<string, number> } {
    const inner = cw.directoryStore(join(folder, "input.zarr"));
    const reads = new Map<string, number>();
    const store: cw.Store = {
      get: (key) => {
        if (key.startsWith("/temperature/c/")) reads.set(key, (reads.get(key) ?? 0) + 1);
        return inner.get(key);
      },
      has: (key) => inner.has(key),
      list: (key) => inner.list(key),
    };
    return { store, reads };
  }
  const bytes = (): number => input.size * 4;

  test.each([
    ["96MiB", 1],
    ["24MiB", 2],
  ])(
    "from local files, within %s, the bytes are read %d times",
    async (memory, times) => {
      const output = cw.memoryStore();
      const file = join(folder, "input.zarr");
      const { stats } = await climatology(file, output, "temperature", { memory, workers: 2 });
      expect(Math.floor(stats.bytesRead / bytes())).toBe(times);
      expect(stats.bytesRead % bytes()).toBeLessThan(0.01 * bytes()); // the months of the days
      expect(stats.peakBytes).toBeLessThanOrEqual(Number.parseInt(memory, 10) * 1048576);
    },
    60_000,
  );

  test.each([
    ["once where the variable fits beside the results", "160MiB", 1],
    ["twice where it does not", "96MiB", 2],
  ])(
    "from a store of one's own, which takes more memory, every chunk is read %s",
    async (_, memory, times) => {
      const { store, reads } = counted();
      const output = cw.memoryStore();
      const { stats } = await climatology(store, output, "temperature", { memory, workers: 2 });
      expect(reads.size).toBe(32);
      expect(Math.max(...reads.values())).toBe(times);
      expect(stats.peakBytes).toBeLessThanOrEqual(Number.parseInt(memory, 10) * 1048576);
      const saved = await openDataset(output);
      const first = await openDataset(join(folder, "output.zarr"));
      const pick = (ds: Dataset): Promise<cw.NDArray> =>
        ds.get("anomaly").isel({ time: 500 }).compute();
      expect((await pick(saved)).data).toEqual((await pick(first)).data);
    },
    60_000,
  );
});

describe.skipIf(!existsSync(DATA))("real data: sea-surface temperature", () => {
  const cases = new Map(readCases().map((c) => [c.id, c]));
  const check = async (id: string, x: { readonly data: cw.LazyArray }): Promise<void> => {
    const c = cases.get(id) as Case;
    const data = c.dtype === "float32" ? x.data.astype("float32") : x.data;
    expect(difference(await data.compute(), c), id).toBeUndefined();
  };
  const open = async (name: string): Promise<Dataset> => openDataset(join(DATA, "stores", name));

  test.each(["sst_v3_zstd.zarr", "sst_v2_blosc.zarr", "sst_v3_sharded.zarr"])(
    "%s",
    async (name) => {
      const sst = (await open(name)).get("sst");
      const byMonth = sst.groupby("time.month");
      const anomaly = byMonth.subtract(byMonth.mean());
      await check("sst_monthly_climatology", byMonth.mean());
      await check("sst_anomaly", anomaly.isel({ longitude: cw.slice(100, 220) }));
      await check("sst_anomaly_std", anomaly.std("time"));
      await check("sst_seasonal_mean", sst.groupby("time.season").mean());
      await check("sst_annual_mean", sst.groupby("time.year").mean());
      await check("sst_nanmean_time", sst.mean("time"));
      await check("sst_mean_time", sst.mean("time", { skipna: false }));
      await check("sst_nanstd_time", sst.std("time"));
      await check("sst_count_time", sst.count("time"));
      await check("sst_nanmin", sst.min());
      await check("sst_nanmax", sst.max());
      const nino34 = anomaly.sel({ longitude: { from: 190, to: 239.9 } });
      await check("sst_nino34", nino34.mean(["latitude", "longitude"]));
    },
    60_000,
  );

  test.each(["t2m_v2_packed_gzip.zarr", "t2m_v3_packed_sharded.zarr"])(
    "%s",
    async (name) => {
      const t2m = (await open(name)).get("t2m");
      await check("t2m_mean", t2m.mean());
      await check("t2m_hourly_climatology", t2m.groupby("time.hour").mean());
      await check("t2m_daily_min", t2m.groupby("time.day").min());
      await check("t2m_daily_mean", t2m.groupby("time.dayofyear").mean());
      await check("t2m_std_time", t2m.std("time", { ddof: 1 }));
      const range = { from: "2019-03-03T06:00", to: "2019-03-05T18:00" };
      await check("t2m_time_range", t2m.sel({ time: range }).mean("time"));
    },
    60_000,
  );

  test.each(["winds_v2_packed_blosc.zarr", "winds_v3_packed_zstd.zarr"])(
    "%s",
    async (name) => {
      const winds = await open(name);
      const [u, v] = [winds.get("u"), winds.get("v")];
      expect(u.coords["month"]?.dim).toBeUndefined();
      const speed = u.apply(cw.square).add(v.apply(cw.square)).apply(cw.sqrt);
      await check("winds_speed_mean", speed.mean("longitude"));
    },
    60_000,
  );
});
