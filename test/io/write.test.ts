/** Writing chunks: read back by ourselves and by zarrita; what other writers get wrong. */
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { FileSystemStore } from "@zarrita/storage";
import { describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import {
  type CreateOptions,
  createZarrArray,
  directoryStore,
  memoryStore,
  openReader,
  openWriter,
  openZarrArray,
  prepareCodecs,
} from "../../dist/io/index.js";
import { DTYPES } from "../../dist/ir/dtype.js";
import {
  base,
  bytesOf,
  filesIn,
  readAll,
  readBox,
  sample,
  signal,
  temporaryFolder,
  writeAll,
} from "./helpers.js";

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => path.join(folder, `store${count++}.zarr`);

describe("round trips", () => {
  const chains: CreateOptions["codecs"][] = [
    "raw",
    "zstd",
    "gzip",
    ["zstd", "crc32c"],
    [{ name: "zstd", configuration: { level: 3, checksum: true } }],
    [
      { name: "transpose", configuration: { order: [1, 0] } },
      { name: "bytes", configuration: { endian: "big" } },
    ],
  ];
  for (const codecs of chains) {
    test(`by ourselves: ${JSON.stringify(codecs)}`, async () => {
      for (const dtype of DTYPES) {
        const root = fresh();
        const oneByte = ["bool", "int8", "uint8"].includes(dtype);
        const chain =
          oneByte && Array.isArray(codecs)
            ? codecs.filter((c) => typeof c === "string" || c.name !== "bytes")
            : codecs;
        const sink = await createZarrArray(root, base({ dtype, codecs: chain, path: "a" }));
        const data = sample(dtype, sink.shape);
        await writeAll(sink, data);
        const { binding } = await openZarrArray(root, { path: "a" });
        expect(bytesOf(await readAll(binding)).equals(bytesOf(data)), dtype).toBe(true);
      }
    });
  }

  for (const codecs of ["raw", "zstd", "gzip", chains[4]] as const) {
    test(`by zarrita: ${JSON.stringify(codecs)}`, async () => {
      for (const dtype of DTYPES.filter((d) => !d.startsWith("complex"))) {
        const root = fresh();
        const sink = await createZarrArray(
          root,
          base({
            dtype,
            codecs,
            path: "g/a",
            dimensionNames: ["y", null],
            attributes: { units: "K" },
          }),
        );
        const data = sample(dtype, sink.shape);
        await writeAll(sink, data);
        const theirs = await zarr.open(zarr.root(directoryStore(root)).resolve("g/a"), {
          kind: "array",
        });
        expect(theirs.attrs).toEqual({ units: "K" });
        const got = await zarr.get(theirs);
        expect(
          [...(got.data as Iterable<unknown>)].map((v) => (typeof v === "boolean" ? Number(v) : v)),
          dtype,
        ).toEqual([...data]);
      }
    });
  }

  test("what zarrita writes, we read", async () => {
    for (const codec of ["zstd", "lz4", "blosc"]) {
      const store = new Map<string, Uint8Array>();
      const configuration =
        codec === "blosc"
          ? { cname: "zstd", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 }
          : { level: 1 };
      const theirs = await zarr.create(zarr.root(store), {
        shape: [50, 60],
        chunkShape: [20, 33],
        dtype: "float32",
        fillValue: 0,
        codecs: [
          { name: "bytes", configuration: { endian: "little" } },
          { name: codec, configuration },
        ],
      });
      const data = sample("float32", [50, 60]) as Float32Array;
      await zarr.set(theirs, null, { data: data.slice(), shape: [50, 60], stride: [60, 1] });
      const { binding } = await openZarrArray(store);
      expect(binding.thread).toBe("caller");
      expect([...(await readAll(binding))]).toEqual([...data]);
    }
  });

  test("through zarrita's stores", async () => {
    const root = fresh();
    const sink = await createZarrArray(new FileSystemStore(root), base({ path: "a" }));
    const data = sample("float32", sink.shape);
    await writeAll(sink, data);
    const { binding } = await openZarrArray(new FileSystemStore(root), { path: "a" });
    expect([...(await readAll(binding))]).toEqual([...data]);
  });

  test("through descriptions, as another thread does", async () => {
    const root = fresh();
    const sink = await createZarrArray(pathToFileURL(root), base());
    const data = sample("float32", sink.shape);
    const there = structuredClone(sink.description);
    await prepareCodecs(there);
    await writeAll({ ...sink, writer: openWriter(there as never) }, data);
    const { binding } = await openZarrArray(root);
    const back = structuredClone(binding.description);
    await prepareCodecs(back);
    const got = await readBox(openReader(back as never), "float32", [0, 0], [7, 11]);
    expect([...got]).toEqual([...data]);
  });

  test("a store that is a Map or a memory store keeps what it is given", async () => {
    for (const store of [new Map<string, Uint8Array>(), memoryStore()]) {
      for (const codecs of ["raw", "zstd"] as const) {
        const sink = await createZarrArray(store, base({ path: codecs, codecs }));
        const data = sample("float32", sink.shape);
        await writeAll(sink, data);
        const { binding } = await openZarrArray(store, { path: codecs });
        expect([...(await readAll(binding))]).toEqual([...data]);
      }
    }
  });

  test("rank 0, empty axes and chunks larger than the array", async () => {
    for (const [shape, chunks] of [
      [[], []],
      [
        [0, 3],
        [1, 2],
      ],
      [[2], [100]],
    ] as [number[], number[]][]) {
      const root = fresh();
      const sink = await createZarrArray(root, base({ shape, chunks, fillValue: 9 }));
      const data = sample("float32", shape);
      await writeAll(sink, data);
      const { binding } = await openZarrArray(root);
      expect([...(await readAll(binding))]).toEqual([...data]);
      expect(filesIn(root).length).toBe(shape.includes(0) ? 1 : 2);
    }
  });

  test("strided and reversed blocks are written as they are meant", async () => {
    const root = fresh();
    const sink = await createZarrArray(
      root,
      base({ shape: [3, 4], chunks: [3, 4], codecs: "raw" }),
    );
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    await sink.writer.writeChunk(
      [0, 0],
      { data, shape: [3, 4], stride: [-1, 3], offset: 2 },
      signal,
    );
    const { binding } = await openZarrArray(root);
    expect([...(await readAll(binding))]).toEqual([2, 5, 8, 11, 1, 4, 7, 10, 0, 3, 6, 9]);
  });
});

describe("what other writers and readers get wrong", () => {
  test("an edge chunk is written without being read", async () => {
    const inner = memoryStore();
    const sink = await createZarrArray(inner, base({ path: "a" }));
    const asked: string[] = [];
    const store = {
      ...inner,
      get: (key: `/${string}`) => {
        asked.push(key);
        return inner.get(key);
      },
    };
    const again = await createZarrArray(store, base({ path: "b" }));
    asked.length = 0;
    await writeAll(again, sample("float32", sink.shape));
    expect(asked).toEqual([]);
  });

  test("a block that is a view is written alone and not changed, in any byte order", async () => {
    for (const endian of ["little", "big"]) {
      const root = fresh();
      const codecs = [{ name: "bytes", configuration: { endian } }];
      const sink = await createZarrArray(root, base({ shape: [2, 2], chunks: [2, 2], codecs }));
      const arena = Float32Array.from({ length: 100 }, (_, i) => i);
      const data = arena.subarray(10, 50);
      await sink.writer.writeChunk(
        [0, 0],
        { data, shape: [2, 2], stride: [2, 1], offset: 5 },
        signal,
      );
      expect([...arena]).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(fs.statSync(path.join(root, "c/0/0")).size).toBe(16);
      const { binding } = await openZarrArray(root);
      expect([...(await readAll(binding))]).toEqual([15, 16, 17, 18]);
    }
  });

  test("reading does not change what a store holds", async () => {
    const store = new Map<string, Uint8Array>();
    const codecs = [{ name: "bytes", configuration: { endian: "big" } }];
    const sink = await createZarrArray(store, base({ codecs }));
    const data = sample("float32", sink.shape);
    await writeAll(sink, data);
    const { binding } = await openZarrArray(store);
    for (let i = 0; i < 2; i++) expect([...(await readAll(binding))]).toEqual([...data]);
  });

  test("a shard that is written anew is read anew", async () => {
    const shard = (values: readonly number[]): Uint8Array => {
      const bytes = new Uint8Array(2 + 32);
      const view = new DataView(bytes.buffer);
      values.forEach((v, i) => view.setUint8(i, v));
      // The two inner chunks of one byte lie in the order of their values.
      for (const [i, v] of values.entries()) {
        view.setBigUint64(2 + 16 * i, BigInt(values.length - 1 - i), true);
        view.setBigUint64(10 + 16 * i, BigInt(v > 0 ? 1 : 0), true);
      }
      return bytes;
    };
    const document = {
      zarr_format: 3,
      node_type: "array",
      shape: [2],
      data_type: "uint8",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [2] } },
      chunk_key_encoding: { name: "default" },
      fill_value: 0,
      codecs: [
        {
          name: "sharding_indexed",
          configuration: {
            chunk_shape: [1],
            codecs: ["bytes"],
            index_codecs: [{ name: "bytes", configuration: { endian: "little" } }],
          },
        },
      ],
    };
    const store = new Map([
      ["/zarr.json", Buffer.from(JSON.stringify(document))],
      ["/c/0", shard([1, 2])],
    ]);
    const { binding } = await openZarrArray(store);
    expect([...(await readAll(binding))]).toEqual([2, 1]);
    store.set("/c/0", shard([8, 9]));
    expect([...(await readAll(binding))]).toEqual([9, 8]);
  });
});
