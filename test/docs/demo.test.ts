/** `npm run demo` runs, and what it says about the world agrees with plain loops over the same data. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import * as cw from "chunkwise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Grid, loadGeoid, loadPrecipitation } from "../../build/examples/datasets.js";
import { encodePng } from "../../build/examples/heat-map.js";

const demo = resolve(import.meta.dirname, "../../build/examples/demo.js");
const DEGREE = Math.PI / 180;

let scratch = "";
let lines: string[] = [];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-demo-"));
  const { stdout } = await promisify(execFile)(process.execPath, [demo], { cwd: scratch });
  lines = stdout.split("\n");
});
afterAll(async () => {
  await cw.shutdown();
  await rm(scratch, { recursive: true, force: true });
});

/** What the demo prints after a name. */
const said = (name: string): string =>
  lines.find((line) => line.startsWith(`  ${name.padEnd(14)}`))?.slice(16) ?? "";

const latitude = (grid: Grid, row: number): number => grid.north - row * grid.step;
const at = (grid: Grid, row: number, column: number): number =>
  grid.values[row * grid.width + column] ?? Number.NaN;

describe("rain", () => {
  test("mean, belt and anomaly", async () => {
    const grid = await loadPrecipitation();
    let [weights, sum, squares, wettest, belt] = [0, 0, 0, 0, 0];
    for (let row = 0; row < grid.height; row += 1) {
      const values = grid.values.subarray(row * grid.width, (row + 1) * grid.width);
      const zonal = values.reduce((a, b) => a + b, 0) / grid.width;
      const weight = Math.cos(latitude(grid, row) * DEGREE);
      weights += weight;
      sum += weight * zonal;
      squares += (weight * values.reduce((a, b) => a + (b - zonal) ** 2, 0)) / grid.width;
      if (zonal > wettest) [wettest, belt] = [zonal, latitude(grid, row)];
    }
    expect(said("mean")).toContain(`${(sum / weights).toFixed(0)} mm`);
    expect(said("anomaly")).toContain(`${Math.sqrt(squares / weights).toFixed(0)} mm`);
    expect(said("wettest belt")).toContain(`${belt}°N with ${wettest.toFixed(0)} mm`);
  });
});

describe("geoid", () => {
  test("extremes and the steepest slope", () => {
    const grid = loadGeoid();
    let [deepest, highest] = [0, 0];
    grid.values.forEach((value, i) => {
      if (value < (grid.values[deepest] ?? 0)) deepest = i;
      if (value > (grid.values[highest] ?? 0)) highest = i;
    });
    expect(said("deepest")).toContain(`${grid.values[deepest]?.toFixed(1)} m at `);
    expect(said("deepest")).toContain(`${latitude(grid, Math.floor(deepest / grid.width))}°N`);
    expect(said("highest")).toContain(`+${grid.values[highest]?.toFixed(1)} m at `);
    const step = 2 * grid.step * DEGREE * 6_371_000;
    let steepest = 0;
    for (let row = 40; row <= 680; row += 1) {
      const parallel = Math.cos(latitude(grid, row) * DEGREE);
      for (let column = 1; column < grid.width - 1; column += 1) {
        const east = (at(grid, row, column + 1) - at(grid, row, column - 1)) / (step * parallel);
        const north = (at(grid, row - 1, column) - at(grid, row + 1, column)) / step;
        steepest = Math.max(steepest, Math.hypot(east, north) / (DEGREE / 3600));
      }
    }
    expect(said("steepest")).toContain(`${steepest.toFixed(1)} arc seconds`);
  });

  test("the rechunked copy holds the same values", async () => {
    const grid = loadGeoid();
    const store = join(scratch, ".demo", "geoid.zarr");
    const copy = await cw.openZarr(store, { path: "height_by_meridian" });
    expect(copy.chunks.map((sizes) => sizes[0])).toEqual([grid.height, 48]);
    const { data } = await copy.compute();
    expect(data).toBeInstanceOf(Float32Array);
    expect(Buffer.compare(new Uint8Array(data.buffer), new Uint8Array(grid.values.buffer))).toBe(0);
  });
});

describe("pictures", () => {
  test.each(["rain.png", "deflection.png"])("%s is a PNG with many colours", async (name) => {
    const file = await readFile(join(scratch, ".demo", name));
    expect([...file.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
    const data = inflateSync(file.subarray(8 + 25 + 8, file.length - 12 - 4));
    expect(data.length).toBe(height * (3 * width + 1));
    expect(new Set(data).size).toBeGreaterThan(50);
  });

  test("a PNG of two pixels, byte for byte as the standard says", () => {
    const png = Buffer.from(encodePng(Uint8Array.of(255, 0, 0, 0, 0, 255), 2, 1));
    expect(png.subarray(8, 33).toString("hex")).toBe(
      // length, "IHDR", 2 x 1, 8 bits, RGB, deflate, adaptive filters, not interlaced, CRC-32
      `0000000d49484452${"00000002"}${"00000001"}08020000007b40e8dd`,
    );
    expect(png.subarray(-12).toString("hex")).toBe("0000000049454e44ae426082");
    const length = png.readUInt32BE(33);
    expect([...inflateSync(png.subarray(41, 41 + length))]).toEqual([1, 255, 0, 0, 1, 0, 255]);
  });
});
