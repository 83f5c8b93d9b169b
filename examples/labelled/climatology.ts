/**
 * A monthly climatology and the anomalies from it (`npm run example:labelled`): what the year is like, and how each day
 * or month differed. One plan reads the store, writes both results, and stays inside a memory budget.
 *
 * Input: `node build/examples/labelled/climatology.js STORE VARIABLE`; else the sea-surface temperatures of
 * $CHUNKWISE_DATA, if that is set; else three years of made-up daily temperatures. Everything is left in
 * .demo/labelled/.
 */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as cw from "chunkwise";
import { saveHeatMap } from "../heat-map.js";
import { coordinate, DataArray, Dataset, openDataset, saveDataset } from "./index.js";

const MEMORY = "96MiB";

/**
 * Writes the monthly climatology of a variable, and its anomalies, as one dataset. Every chunk of the input is read
 * once where the variable fits `memory` beside the results, and otherwise twice: the climatology must be complete before
 * the first anomaly is.
 */
export async function climatology(
  input: cw.StoreLike,
  output: cw.StoreLike,
  variable: string,
  options: cw.RunOptions = {},
): Promise<{ readonly results: Dataset; readonly stats: cw.RunStats }> {
  const dataset = await openDataset(input);
  const values = dataset.get(variable);
  const months = values.groupby("time.month");
  const mean = months.mean();
  const results = new Dataset(
    { climatology: mean, anomaly: months.subtract(mean) },
    { title: `monthly climatology of ${variable}, and anomalies from it` },
  );
  return { results, stats: await saveDataset(results, output, { ...options, codecs: "zstd" }) };
}

/** Daily temperatures of three years on a grid of 3 degrees: seasons, a slow warming, a wave that moves east, no land. */
export async function makeUp(store: cw.StoreLike): Promise<void> {
  const [days, rows, columns] = [1096, 60, 120];
  const latitudes = Float64Array.from({ length: rows }, (_, i) => 88.5 - 3 * i);
  const longitudes = Float64Array.from({ length: columns }, (_, i) => 1.5 + 3 * i);
  const degree = Math.PI / 180;
  const t = cw.arange(days).reshape([days, 1, 1]);
  const lat = cw.asarray(latitudes).multiply(degree).reshape([rows, 1]);
  const lon = cw.asarray(longitudes).multiply(degree);
  const year = t.subtract(15).multiply((2 * Math.PI) / 365.25);
  const season = year.cos().multiply(lat.sin()).multiply(-11);
  const wave = lon
    .multiply(2)
    .subtract(t.multiply((2 * Math.PI) / 548))
    .cos();
  const tropics = lat
    .divide(15 * degree)
    .square()
    .negative()
    .exp();
  const scatter = t.multiply(12.9898).add(lat.multiply(78.233)).add(lon.multiply(37.719));
  const noise = scatter.sin().multiply(43758.5453);
  const temperature = lat
    .cos()
    .square()
    .multiply(30)
    .subtract(2)
    .add(season)
    .add(wave.multiply(tropics).multiply(1.5))
    .add(t.multiply(0.0004))
    .add(noise.subtract(noise.floor()));
  const land = lon
    .multiply(2)
    .sin()
    .multiply(lat.multiply(1.5).cos())
    .add(lon.multiply(3).add(lat.multiply(2)).sin().multiply(0.6))
    .add(lon.multiply(5).subtract(lat.multiply(3)).cos().multiply(0.3))
    .greater(0.75);
  const array = new DataArray(
    cw.where(land, Number.NaN, temperature).astype("float32"),
    ["time", "latitude", "longitude"],
    {
      coords: {
        time: coordinate(
          "time",
          Array.from({ length: days }, (_, day) => day),
          {
            units: "days since 2003-01-01",
            calendar: "standard",
          },
        ),
        latitude: coordinate("latitude", latitudes, { units: "degrees_north" }),
        longitude: coordinate("longitude", longitudes, { units: "degrees_east" }),
      },
      attrs: { long_name: "sea surface temperature", units: "degC" },
    },
  );
  const dataset = new Dataset({ temperature: array }, { title: "made-up temperatures" });
  const chunks = { time: 137, latitude: 30, longitude: 60 };
  await saveDataset(dataset, store, { chunks, memory: MEMORY });
}

/** Twelve maps, January first, the north on top, white between them; narrow belts one below the other. */
async function months(
  mean: DataArray,
): Promise<{ values: Float64Array; height: number; width: number }> {
  const { data, shape } = await northUp(mean).compute({ memory: MEMORY });
  const [, rows, columns] = shape as [number, number, number];
  const across = columns > 6 * rows ? 1 : 3;
  const [height, width] = [(12 / across) * (rows + 2) - 2, across * (columns + 2) - 2];
  const values = new Float64Array(height * width).fill(Number.POSITIVE_INFINITY);
  for (let month = 0; month < 12; month += 1) {
    const [top, left] = [Math.floor(month / across) * (rows + 2), (month % across) * (columns + 2)];
    for (let y = 0; y < rows; y += 1) {
      const row = (data as Float32Array)
        .subarray((month * rows + y) * columns)
        .subarray(0, columns);
      values.set(row, (top + y) * width + left);
    }
  }
  return { values, height, width };
}

const northUp = (x: DataArray): DataArray => {
  const labels = x.coords["latitude"]?.values ?? [0, 0];
  const isUp = (labels[0] as number) > (labels[1] as number);
  return isUp ? x : x.isel({ latitude: cw.slice(null, null, -1) });
};

/** The longest horizontal picture of at most so many pixels. */
const zoomTo = (pixels: number, cells: number): number => Math.max(1, Math.floor(pixels / cells));

async function main(): Promise<void> {
  const directory = join(".demo", "labelled");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const real = join(process.env["CHUNKWISE_DATA"] ?? "nowhere", "stores", "sst_v3_zstd.zarr");
  let [, , input, variable] = process.argv;
  if (input === undefined && existsSync(real)) [input, variable] = [real, "sst"];
  if (input === undefined || variable === undefined) {
    [input, variable] = [join(directory, "input.zarr"), "temperature"];
    await makeUp(input);
  }
  const dataset = await openDataset(input);
  console.log(`${dataset}\n`);

  const output = join(directory, "output.zarr");
  const started = performance.now();
  const { results, stats } = await climatology(input, output, variable, { memory: MEMORY });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${results.explain({ memory: MEMORY })}\n`);

  const saved = await openDataset(output);
  console.log(`${saved}\n`);
  const mib = (bytes: number): string => `${(bytes / 1048576).toFixed(1)} MiB`;
  console.log(
    `computed in ${seconds} s: ${mib(stats.bytesRead)} read, ${mib(stats.bytesWritten)} written, ` +
      `${mib(stats.peakBytes)} held of ${MEMORY}`,
  );

  const maps = await months(saved.get("climatology"));
  const [coldest, warmest] = range(maps.values);
  const year = join(directory, "climatology.png");
  await saveHeatMap(year, { ...maps, low: coldest, high: warmest, zoom: zoomTo(1300, maps.width) });
  console.log(`${year}: January to December, ${coldest.toFixed(1)} to ${warmest.toFixed(1)}`);

  // Anomalies near the equator by longitude and time: what moves east is seen as stripes that slant to the right.
  const tropics = saved.get("anomaly").sel({ latitude: { from: -5, to: 5 } });
  const times = tropics.sizes["time"] ?? 0;
  const count = Math.round(0.75 * (tropics.sizes["longitude"] ?? 0));
  const rows = Array.from({ length: count }, (_, row) => Math.floor((row * times) / count));
  const stripes = await tropics.mean("latitude").isel({ time: rows }).compute({ memory: MEMORY });
  const [height, width] = stripes.shape as [number, number];
  const values = stripes.data as Float32Array;
  const most = Math.max(...range(values).map(Math.abs));
  const hovmoller = join(directory, "anomaly.png");
  const zoom = zoomTo(900, width);
  await saveHeatMap(hovmoller, { values, height, width, low: -most, high: most, zoom });
  console.log(
    `${hovmoller}: anomalies near the equator, west to east, time runs down, up to ${most.toFixed(1)}`,
  );

  const page = join(directory, "dataset.html");
  await writeFile(
    page,
    `<!doctype html><meta charset="utf-8">${dataset.toHtml()}<hr>${saved.toHtml()}<hr>${saved.get("anomaly").toHtml()}`,
  );
  console.log(`${page}: the datasets as notebooks show them`);
  await cw.shutdown();
}

function range(values: ArrayLike<number>): [low: number, high: number] {
  const present = Array.from(values).filter(Number.isFinite);
  return present.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
