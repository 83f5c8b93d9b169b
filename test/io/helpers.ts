/** Shared by the I/O tests: reading whole bindings, NumPy files, temporary folders. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll } from "vitest";
import type { CreateOptions } from "../../dist/io/index.js";
import type { RegionReader, SinkBinding, SourceBinding } from "../../dist/ir/binding.js";
import { cutsCount, pieceSize, pieceStart } from "../../dist/ir/cuts.js";
import { type DType, type TypedArray, viewOf } from "../../dist/ir/dtype.js";
import { elementCount, rowMajorStrides, unravel } from "../../dist/ir/index-map.js";

export const signal: AbortSignal = new AbortController().signal;

/** Elements of `[lo, hi)` in row-major order, in shared memory as the engine has it. */
export async function readBox(
  reader: RegionReader,
  dtype: DType,
  lo: readonly number[],
  hi: readonly number[],
): Promise<TypedArray> {
  const shape = hi.map((h, i) => h - (lo[i] as number));
  const n = elementCount(shape);
  // Guard elements on both sides: nothing outside the target may change.
  const data = viewOf(dtype, new SharedArrayBuffer((n + 8) * 16), 0, n + 8);
  const guard = new Uint8Array(data.buffer);
  guard.fill(0xa5);
  await reader.readInto(
    { lo, hi },
    { data, shape, stride: rowMajorStrides(shape), offset: 4 },
    signal,
  );
  const slots = data.length / (n + 8);
  const bytes = data.BYTES_PER_ELEMENT * slots;
  for (let i = 0; i < 4 * bytes; i++) {
    if (guard[i] !== 0xa5 || guard[(n + 4) * bytes + i] !== 0xa5)
      throw new Error("wrote outside the target");
  }
  return viewOf(dtype, data.buffer.slice(4 * bytes, (n + 4) * bytes) as ArrayBufferLike, 0, n);
}

export const readAll = (b: SourceBinding): Promise<TypedArray> =>
  readBox(
    b.reader,
    b.dtype,
    b.shape.map(() => 0),
    b.shape,
  );

/** Row-major elements of a sub-box of row-major elements. */
export function sliceOf(
  data: TypedArray,
  slots: number,
  shape: readonly number[],
  lo: readonly number[],
  hi: readonly number[],
): unknown[] {
  const out: unknown[] = [];
  const stride = rowMajorStrides(shape);
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) for (let s = 0; s < slots; s++) out.push(data[at * slots + s]);
    else {
      for (let i = lo[axis] as number; i < (hi[axis] as number); i++) {
        walk(axis + 1, at + i * (stride[axis] as number));
      }
    }
  };
  walk(0, 0);
  return out;
}

export const bytesOf = (data: ArrayBufferView): Buffer =>
  Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

const NPY: Readonly<Record<string, DType>> = {
  "|b1": "bool",
  "|i1": "int8",
  "|u1": "uint8",
  "<i2": "int16",
  "<u2": "uint16",
  "<i4": "int32",
  "<u4": "uint32",
  "<i8": "int64",
  "<u8": "uint64",
  "<f4": "float32",
  "<f8": "float64",
  "<c8": "complex64",
  "<c16": "complex128",
};

/** A NumPy file; float16 is widened by the formula of IEEE 754, not by the code under test. */
export function readNpy(file: string): { dtype: DType; shape: number[]; data: TypedArray } {
  const bytes = fs.readFileSync(file);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, 10 + length);
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] as string;
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").flatMap((s) => {
    const n = Number.parseInt(s, 10);
    return Number.isNaN(n) ? [] : [n];
  });
  const body = new Uint8Array(bytes.subarray(10 + length)).slice();
  if (descr === "<f2") {
    const halves = new Uint16Array(body.buffer);
    return { dtype: "float32", shape, data: Float32Array.from(halves, halfValue) };
  }
  const dtype = NPY[descr];
  if (dtype === undefined) throw new Error(`npy dtype ${descr}`);
  return { dtype, shape, data: viewOf(dtype, body.buffer, 0, elementCount(shape)) };
}

export function halfValue(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A folder of its own for a test file, removed at its end. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "chunkwise-io-"));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// ------------------------------------------------------------------------------------------ for writing

/** Elements with all kinds of bits, in shared memory. */
export function sample(dtype: DType, shape: readonly number[]): TypedArray {
  const n = elementCount(shape);
  const data = viewOf(dtype, new SharedArrayBuffer(n * 16), 0, n);
  for (let i = 0; i < data.length; i++) {
    if (dtype === "int64") data[i] = BigInt(i) * -0x100000001n;
    else if (dtype === "uint64") data[i] = 2n ** 64n - 1n - BigInt(i);
    else data[i] = (dtype === "bool" ? (i % 3 === 0 ? 1 : 0) : (i * 37) % 251) as never;
  }
  return data;
}

export async function writeAll(sink: SinkBinding, data: TypedArray): Promise<void> {
  const stride = rowMajorStrides(sink.shape);
  const counts = sink.chunks.map(cutsCount);
  for (let n = 0; n < elementCount(counts); n++) {
    const position = unravel(n, counts);
    const shape = position.map((p, i) => pieceSize(sink.chunks[i] as never, p));
    const offset = position.reduce(
      (s, p, i) => s + pieceStart(sink.chunks[i] as never, p) * (stride[i] as number),
      0,
    );
    await sink.writer.writeChunk(position, { data, shape, stride, offset }, signal);
  }
}

export const base = (options: Partial<CreateOptions> = {}): CreateOptions => ({
  shape: [7, 11],
  dtype: "float32",
  chunks: [3, 4],
  ...options,
});

export const filesIn = (root: string): string[] =>
  fs
    .readdirSync(root, { recursive: true })
    .map(String)
    .filter((f) => fs.statSync(path.join(root, f)).isFile());
