/** toZarr through the public face: what is refused leaves the store as it was. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";

const root = fs.mkdtempSync(join(tmpdir(), "chunkwise-to-zarr-"));
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(root, { recursive: true, force: true });
});

/** Every file below the root with its bytes. */
function contents(): Record<string, string> {
  const files = fs.readdirSync(root, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((f) => f.isFile())
      .map((f) => join(f.parentPath, f.name))
      .sort()
      .map((f) => [f.slice(root.length), fs.readFileSync(f, "base64")]),
  );
}

const store = join(root, "a.zarr");
const ramp = (n: number): cw.LazyArray => cw.arange(n, { chunks: 8 });

beforeEach(async () => {
  for (const name of fs.readdirSync(root)) fs.rmSync(join(root, name), { recursive: true });
  await ramp(20).toZarr(store, { path: "u" });
});

async function refused(work: () => Promise<unknown>): Promise<Error> {
  const before = contents();
  const error = await work().then(
    () => undefined,
    (e: Error) => e,
  );
  expect(error).toBeInstanceOf(cw.ChunkwiseError);
  expect(contents()).toEqual(before);
  return error as Error;
}

describe("an array that the expression itself reads is not replaced", () => {
  const message =
    "toZarr: a.zarr/u is read by the expression that would replace it; write to another path, or persist() the array first";

  it("under the same name", async () => {
    const u = await cw.openZarr(store, { path: "u" });
    const error = await refused(() => u.add(1).toZarr(store, { path: "u", mode: "overwrite" }));
    expect(error).toBeInstanceOf(cw.ZarrError);
    expect(error.message).toBe(message);
  });
  it("named by another root, a URL, or through a link", async () => {
    const u = await cw.openZarr(store, { path: "u" });
    fs.symlinkSync(store, join(root, "link.zarr"));
    for (const [url, path] of [
      [join(store, "u"), undefined],
      [new URL(`file://${store}/`), "/u/"],
      [join(root, "link.zarr"), "u"],
    ] as const) {
      const error = await refused(() => u.sum().toZarr(url, { path, mode: "overwrite" }));
      expect(error.message).toBe(message);
    }
  });
  it("in stores of other kinds", async () => {
    for (const other of [cw.memoryStore(), new Map<string, Uint8Array>()]) {
      await ramp(20).toZarr(other, { path: "u" });
      const u = await cw.openZarr(other, { path: "u" });
      const error = await refused(() => u.toZarr(other, { path: "u", mode: "overwrite" }));
      expect(error.message).toMatch("store/u is read by the expression");
      expect((await u.compute()).toNested()).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });
  it("but any other array is", async () => {
    const u = await cw.openZarr(store, { path: "u" });
    await ramp(3).toZarr(store, { path: "v" });
    await u.add(1).toZarr(store, { path: "v", mode: "overwrite" });
    const v = await cw.openZarr(store, { path: "v" });
    expect((await v.compute()).toNested()).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const kept = await u.persist();
    await kept.add(2).toZarr(store, { path: "u", mode: "overwrite" });
    const again = await cw.openZarr(store, { path: "u" });
    expect((await again.compute()).toNested()).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  });
});

it("has one writer at a time", async () => {
  const write = (url: string | URL): Promise<unknown> =>
    ramp(20).toZarr(url, { path: "v", mode: "overwrite" });
  const [first, second] = await Promise.allSettled([
    write(store),
    write(new URL(`file://${store}/`)),
  ]);
  expect(first?.status).toBe("fulfilled");
  expect(second).toMatchObject({
    reason: {
      name: "ZarrError",
      message:
        "a.zarr/v is being written by another computation; wait for it, or choose another path",
    },
  });
  await write(store);
});

describe("what cannot be written leaves nothing behind", () => {
  const big = cw.ones([1 << 14, 1 << 10], { chunks: [-1, 1] });

  it.each(["create", "overwrite"] as const)("memory too small, mode %s", async (mode) => {
    const path = mode === "create" ? "new/deep" : "u";
    const error = await refused(() =>
      big.toZarr(store, { path, mode, chunks: [-1, -1], memory: "1MiB" }),
    );
    expect(error).toBeInstanceOf(cw.MemoryLimitError);
  });
  it("an existing array", async () => {
    const error = await refused(() => ramp(5).toZarr(store, { path: "u" }));
    expect(error.message).toBe(
      'a.zarr/u is an existing Zarr array; choose another path, or mode: "overwrite" to replace it',
    );
  });
  it("an unknown codec", async () => {
    const error = await refused(() => ramp(5).toZarr(store, { path: "w", codecs: "zst" as never }));
    expect(error).toBeInstanceOf(cw.ZarrError);
  });
  it("a signal that fired", async () => {
    const error = await refused(() =>
      ramp(5).toZarr(store, { path: "w", signal: AbortSignal.abort("enough") }),
    );
    expect(error).toBeInstanceOf(cw.AbortError);
  });
});
