/** zarrita reads what is written here, of either version and any codec it knows; and its stores are stores here. */
import * as path from "node:path";
import { FileSystemStore, ZipFileStore } from "@zarrita/storage";
import { afterAll, describe, expect, it } from "vitest";
import * as zarr from "zarrita";
import * as cw from "../../dist/index.js";
import { temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => path.join(folder, `${count++}.zarr`);
afterAll(() => cw.shutdown());

const list = Array.from({ length: 7 * 11 }, (_, i) => (i * 37) % 101);
const array = (dtype: cw.DType): cw.LazyArray =>
  cw
    .asarray(Float64Array.from(list), { shape: [7, 11] })
    .astype(dtype)
    .rechunk([3, 4]);

async function theirs(store: zarr.Readable, at = ""): Promise<number[]> {
  const opened = await zarr.open(zarr.root(store).resolve(`/${at}`), { kind: "array" });
  // Transposed arrays come column by column.
  const { data, shape, stride } = await zarr.get(opened);
  const flat = Array.from(data as Iterable<number | bigint | boolean>, Number);
  const [rows = 0, columns = 0] = shape;
  const [down = 0, right = 0] = stride;
  return Array.from(
    { length: rows * columns },
    (_, i) => flat[Math.floor(i / columns) * down + (i % columns) * right] as number,
  );
}

const CODECS: readonly cw.CodecChoice[] = [
  "raw",
  "zstd",
  "gzip",
  "blosc",
  { name: "blosc", cname: "lz4", clevel: 5, shuffle: "bitshuffle" },
  { name: "blosc", cname: "lz4hc", clevel: 9 },
  { name: "blosc", cname: "zlib", shuffle: "noshuffle" },
  "lz4",
  "zlib",
  [{ name: "transpose", order: "F" }, "zstd"],
];

describe.each([2, 3] as const)("zarrita reads Zarr v%i", (zarrFormat) => {
  it.each(CODECS.map((c) => [c]))("%o", async (codecs) => {
    const dtypes = ["bool", "int8", "uint16", "int64", "float32", "float64"] as const;
    for (const dtype of dtypes) {
      const root = fresh();
      const x = array(dtype);
      await x.toZarr(root, { path: "g/u", codecs, zarrFormat, attributes: { units: "K" } });
      await x.at(cw.slice(0, 2)).toZarr(root, { path: "g/u", mode: "append" });
      const expected = dtype === "bool" ? list.map((v) => Number(v !== 0)) : list;
      const got = await theirs(new FileSystemStore(root), "g/u");
      expect(got, dtype).toEqual([...expected, ...expected.slice(0, 22)]);
    }
  });
});

describe("a store of zarrita", () => {
  it("over files is created, appended to and written in part", async () => {
    const store = new FileSystemStore(fresh());
    const x = array("int32");
    for (const executor of ["inline", "threads"] as const) {
      const at = `g/${executor}`;
      await cw.store({ [at]: x }, store, { codecs: "blosc", executor });
      await x.toZarr(store, { path: at, mode: "append", executor });
      await cw
        .full([2], -1, { dtype: "int32" })
        .toZarr(store, { path: at, mode: "region", region: [cw.slice(6, 8), 0], executor });
      const expected = [...list, ...list];
      expected[66] = -1;
      expected[77] = -1;
      expect(await theirs(store, at)).toEqual(expected);
      const ours = await cw.openZarr(store, { path: at });
      expect([...((await ours.compute({ executor })).data as Int32Array)]).toEqual(expected);
    }
    await expect(x.toZarr(store, { path: "g/inline", mode: "overwrite" })).rejects.toThrow(
      "store/g/inline: the store cannot overwrite an array, it has no list method",
    );
  });

  it("in a Map", async () => {
    const store = new Map<string, Uint8Array>();
    const x = array("float32");
    await cw.store({ u: x, v: x.negative() }, store);
    await x.toZarr(store, { path: "u", mode: "append" });
    expect(await theirs(store, "u")).toEqual([...list, ...list]);
    expect(Object.keys((await cw.openGroup(store)).arrays)).toEqual(["u", "v"]);
  });

  it("in a ZIP file", async () => {
    const store = new Map<string, Uint8Array>();
    const x = array("float32");
    await x.toZarr(store, { path: "u", codecs: "gzip" });
    const zip = ZipFileStore.fromBlob(new Blob([zipOf(store)]));
    const u = await cw.openZarr(zip, { path: "u" });
    expect([...((await u.compute()).data as Float32Array)]).toEqual(list);
    await expect(x.toZarr(zip as cw.Store, { path: "v" })).rejects.toThrow(
      "store/v: the store cannot be written, it has no set method",
    );
  });

  it("with consolidated metadata", async () => {
    const map = new Map<string, Uint8Array>();
    await cw.store({ "g/u": array("float32") }, map);
    const text = (key: string): object =>
      JSON.parse(new TextDecoder().decode(map.get(key))) as object;
    const metadata = { g: text("/g/zarr.json"), "g/u": text("/g/u/zarr.json") };
    const root = { ...text("/zarr.json"), consolidated_metadata: { kind: "inline", metadata } };
    map.set("/zarr.json", new TextEncoder().encode(JSON.stringify(root)));
    const store = await zarr.withConsolidatedMetadata({ get: async (key: string) => map.get(key) });
    const group = await cw.openGroup(store);
    const u = group.groups["g"]?.arrays["u"];
    expect((await u?.reshape(-1).compute())?.toNested()).toEqual(list);
  });
});

/** A ZIP file (PKWARE APPNOTE 4.3) of stored entries; checksums are left out, as nobody here looks at them. */
function zipOf(store: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [key, value] of store) {
    const name = Buffer.from(key.slice(1));
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt32LE(value.length, 18);
    local.writeUInt32LE(value.length, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt32LE(value.length, 20);
    entry.writeUInt32LE(value.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    parts.push(local, name, Buffer.from(value));
    directory.push(entry, name);
    offset += 30 + name.length + value.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(store.size, 8);
  end.writeUInt16LE(store.size, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, central, end]));
}
