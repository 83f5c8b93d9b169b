/**
 * A tour on real data (`npm run demo`): a year of rain and the shape of the sea, stored as chunked Zarr, analysed
 * lazily inside a memory budget, rechunked, and drawn. Everything is left in .demo/.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as cw from "chunkwise";
import { type Grid, loadGeoid, loadPrecipitation } from "./datasets.js";
import { saveHeatMap } from "./heat-map.js";

const MEMORY = "64MiB";
const EARTH_RADIUS = 6_371_000; // metres, mean
const DEGREE = Math.PI / 180;
const ARCSECOND = DEGREE / 3600;

const directory = ".demo";
const started = performance.now();
await rm(directory, { recursive: true, force: true });
await mkdir(directory, { recursive: true });

await rain(join(directory, "rain.zarr"));
await geoid(join(directory, "geoid.zarr"));

const peak = process.resourceUsage().maxRSS / 1024;
heading("Done");
line("time", `${((performance.now() - started) / 1000).toFixed(1)} s in all`);
line(
  "memory",
  `budget ${MEMORY} for each computation; peak of the whole process ${peak.toFixed(0)} MiB`,
);
line("look at it", `node lib/cli/main.js info ${join(directory, "geoid.zarr")} --attributes`);
await cw.shutdown();

/** Means weighted by area, zonal means and anomalies: five results from one plan. */
async function rain(store: string): Promise<void> {
  heading("Rain: annual precipitation 2016 (NOAA CFSv2, 1 degree)");
  const grid = await loadPrecipitation();
  await saveGrid(grid, store, "precipitation", [42, 90], {
    units: "mm",
    long_name: "precipitation in 2016",
  });

  const p = await cw.openZarr(store, { path: "precipitation" });
  const weight = latitudes(grid).multiply(DEGREE).cos().expandDims({ axis: 1 });
  const meanByArea = (x: cw.LazyArray): cw.LazyArray =>
    x.multiply(weight).sum().divide(weight.sum().multiply(grid.width));
  const zonal = p.mean({ axis: 1 });
  const anomaly = p.subtract(zonal.expandDims({ axis: 1 }));
  const results = {
    mean: meanByArea(p),
    zonal,
    wettestBelt: zonal.argmax(),
    wettest: p.argmax(),
    spread: meanByArea(anomaly.square()).sqrt(),
  };
  console.log(`\n${results.spread.explain({ memory: MEMORY })}\n`);

  const seconds = stopwatch();
  const {
    mean,
    zonal: byLatitude,
    wettestBelt,
    wettest,
    spread,
  } = await cw.compute(results, {
    memory: MEMORY,
  });
  line("mean", `${number(mean).toFixed(0)} mm a year, weighted by area`);
  const belt = number(wettestBelt);
  line(
    "wettest belt",
    `${degrees(grid.north - belt * grid.step, "N", "S")} with ${number(byLatitude, belt).toFixed(0)} mm: the tropical rain belt`,
  );
  line("wettest cell", place(grid, number(wettest)));
  line("anomaly", `${number(spread).toFixed(0)} mm (rms) away from the mean of the same latitude`);
  line("computed in", `${seconds()}; five results, one plan`);

  const picture = join(directory, "rain.png");
  // The square root keeps the deserts apart that a linear scale would paint in one colour.
  const roots = await p.sqrt().compute({ memory: MEMORY });
  await saveHeatMap(picture, {
    values: roots.data as Float32Array,
    height: grid.height,
    width: grid.width,
    low: 0,
    high: Math.sqrt(3500),
    zoom: 3,
  });
  line("picture", `${picture}  (0 to 3500 mm, square-root scale)`);
}

/** The slope of the sea surface by central differences, then the same array in chunks for other readers. */
async function geoid(store: string): Promise<void> {
  heading("Geoid: height of mean sea level above the ellipsoid (EGM96, 1/4 degree)");
  const grid = loadGeoid();
  await saveGrid(grid, store, "height", [103, 360], {
    units: "m",
    long_name: "geoid height above WGS84",
  });

  const h = await cw.openZarr(store, { path: "height" });
  // Between 80 degrees south and north: at the poles the meridians meet, and differences along a parallel end there.
  const first = 40;
  const last = 680;
  const step = 2 * grid.step * DEGREE * EARTH_RADIUS;
  const rows = (shift: number): ReturnType<typeof cw.slice> =>
    cw.slice(first + shift, last + 1 + shift);
  const parallel = latitudes(grid).at(rows(0)).multiply(DEGREE).cos().expandDims({ axis: 1 });
  const east = h.at(rows(0), cw.slice(2)).subtract(h.at(rows(0), cw.slice(null, -2)));
  const north = h.at(rows(-1), cw.slice(1, -1)).subtract(h.at(rows(1), cw.slice(1, -1)));
  const slopeEast = east.divide(parallel.multiply(step));
  const slopeNorth = north.divide(step);
  const deflection = slopeEast.square().add(slopeNorth.square()).sqrt().divide(ARCSECOND);
  console.log(`\n${deflection.explain({ memory: MEMORY })}\n`);

  let seconds = stopwatch();
  const [low, high, lowAt, highAt, slope, steepest, steepestAt] = await cw.compute(
    [h.min(), h.max(), h.argmin(), h.argmax(), deflection, deflection.max(), deflection.argmax()],
    { memory: MEMORY },
  );
  line(
    "deepest",
    `${number(low).toFixed(1)} m at ${place(grid, number(lowAt))}: the Indian Ocean low`,
  );
  line("highest", `+${number(high).toFixed(1)} m at ${place(grid, number(highAt))}`);
  const width = grid.width - 2;
  const at =
    (first + Math.floor(number(steepestAt) / width)) * grid.width +
    1 +
    (number(steepestAt) % width);
  line(
    "steepest",
    `${number(steepest).toFixed(1)} arc seconds at ${place(grid, at)}: the deflection of the vertical`,
  );
  line("computed in", seconds());

  const picture = join(directory, "deflection.png");
  await saveHeatMap(picture, {
    values: slope.data as Float32Array,
    height: last - first + 1,
    width,
    low: 0,
    high: 25,
  });
  line("picture", `${picture}  (0 to 25 arc seconds: trenches, ridges, island arcs)`);

  seconds = stopwatch();
  const series = h.rechunk([-1, 48]);
  await series.toZarr(store, { path: "height_by_meridian", codecs: "zstd", memory: MEMORY });
  line("rechunked", `(${chunkShape(h)}) -> (${chunkShape(series)}) in ${seconds()}`);
}

async function saveGrid(
  grid: Grid,
  store: string,
  path: string,
  chunks: readonly number[],
  attributes: Record<string, unknown>,
): Promise<void> {
  const seconds = stopwatch();
  const array = cw.asarray(grid.values).reshape([grid.height, grid.width]).rechunk(chunks);
  await array.toZarr(store, {
    path,
    codecs: "zstd",
    attributes,
    dimensionNames: ["lat", "lon"],
    memory: MEMORY,
  });
  line(
    "stored",
    `${store}, ${grid.height} x ${grid.width} float32 in chunks of ${chunks.join(" x ")}, ${seconds()}`,
  );
}

/** Latitudes of the grid's rows in degrees north. */
function latitudes(grid: Grid): cw.LazyArray {
  return cw.asarray(
    Float32Array.from({ length: grid.height }, (_, row) => grid.north - row * grid.step),
  );
}

function number(result: cw.NDArray, ...position: readonly number[]): number {
  return Number(result.get(...position));
}

function chunkShape(array: cw.LazyArray): string {
  return array.chunks.map((sizes) => sizes[0]).join(", ");
}

function place(grid: Grid, flat: number): string {
  const row = Math.floor(flat / grid.width);
  const column = flat % grid.width;
  return `${degrees(grid.north - row * grid.step, "N", "S")}, ${degrees(grid.west + column * grid.step, "E", "W")}`;
}

function degrees(value: number, positive: string, negative: string): string {
  return `${Math.abs(value)}°${value < 0 ? negative : positive}`;
}

function stopwatch(): () => string {
  const start = performance.now();
  return () => `${(performance.now() - start).toFixed(0)} ms`;
}

function heading(text: string): void {
  console.log(`\n${text}\n${"─".repeat(text.length)}`);
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(14)}${text}`);
}
