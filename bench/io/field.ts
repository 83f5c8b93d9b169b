/** Stores to measure on: a smooth field with noise, rounded as measurements are; every run has the same one. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export type Shape = readonly [number, number, number];

const TABLE = 1 << 20;
/** Steps of 1/64 leave the low bits empty: zstd halves such a field. */
const STEP = 64;

/** Random walks of a few steps, from a counter: no state, no library. */
function noise(seed: number): Float32Array {
  const table = new Float32Array(TABLE);
  let last = 0;
  for (let i = 0; i < TABLE; i += 1) {
    const hash = Math.imul(Math.imul(i + 1, 2654435761) ^ (seed * 40503), 2246822519) >>> 0;
    last = 0.9 * last + (hash / 4294967296 - 0.5) * 2;
    table[i] = last;
  }
  return table;
}

/** One time step: warm in the middle, seasons that grow towards the poles, waves, and noise. */
function slab(target: Float32Array, table: Float32Array, [, y, x]: Shape, t: number): void {
  const season = Math.sin((2 * Math.PI * t) / 365);
  let at = 0;
  for (let i = 0; i < y; i += 1) {
    const latitude = (i / y - 0.5) * Math.PI;
    const base = 273 + 30 * Math.cos(latitude) + 10 * season * Math.sin(latitude);
    const shift = (Math.imul(t * y + i, 7919) >>> 0) % TABLE;
    for (let j = 0; j < x; j += 1) {
      const wave = 2 * Math.sin((j / x) * 20 + latitude * 5 + t * 0.1);
      const value = base + wave + (table[(shift + j) & (TABLE - 1)] as number);
      target[at] = Math.round(value * STEP) / STEP;
      at += 1;
    }
  }
}

/** Writes a raw Zarr v2 array of float32 in slabs of one time step: a file for each. */
export function writeField(folder: string, shape: Shape, seed = 1): void {
  const [t, y, x] = shape;
  mkdirSync(folder, { recursive: true });
  const meta = {
    zarr_format: 2,
    shape,
    chunks: [1, y, x],
    dtype: "<f4",
    compressor: null,
    filters: null,
    fill_value: 0,
    order: "C",
  };
  writeFileSync(join(folder, ".zarray"), JSON.stringify(meta));
  const table = noise(seed);
  const values = new Float32Array(y * x);
  for (let i = 0; i < t; i += 1) {
    slab(values, table, shape, i);
    const file = openSync(join(folder, `${i}.0.0`), "w");
    for (let at = 0; at < values.byteLength; ) {
      at += writeSync(file, new Uint8Array(values.buffer, at));
    }
    closeSync(file);
  }
}
