/** store() and the modes of toZarr: what is read back is what was asked for, and what is refused changes nothing. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

const root = fs.mkdtempSync(join(tmpdir(), "chunkwise-store-"));
const url = join(root, "a.zarr");
beforeEach(() => fs.rmSync(url, { recursive: true, force: true }));
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(root, { recursive: true, force: true });
});

const nested = async (path: string, store: cw.StoreLike = url): Promise<unknown> =>
  (await (await cw.openZarr(store, { path, decode: false })).compute()).toNested();
const files = (): Record<string, string> =>
  Object.fromEntries(
    (fs.existsSync(url) ? fs.readdirSync(url, { recursive: true, withFileTypes: true }) : [])
      .filter((f) => f.isFile())
      .map((f) => join(f.parentPath, f.name))
      .sort()
      .map((f) => [f.slice(url.length), fs.readFileSync(f, "base64")]),
  );
const json = (path: string): unknown => JSON.parse(fs.readFileSync(join(url, path), "utf8"));

async function refused(work: () => Promise<unknown>): Promise<Error> {
  const before = files();
  const error = await work().then(
    () => undefined,
    (e: Error) => e,
  );
  expect(error).toBeInstanceOf(cw.ChunkwiseError);
  expect(files()).toEqual(before);
  expect(runtime.account().used).toBe(0);
  return error as Error;
}

/** `n` rows of `width` running numbers from `first` on, as the engine and as lists. */
const rows = (
  n: number,
  width: number,
  first = 0,
): { x: cw.LazyArray<"int32">; list: number[][] } => ({
  x: cw
    .arange(first, first + n * width, { dtype: "int32" })
    .reshape([n, width]) as cw.LazyArray<"int32">,
  list: Array.from({ length: n }, (_, i) =>
    Array.from({ length: width }, (_, k) => first + i * width + k),
  ),
});

describe("several arrays", () => {
  it("are one plan, in groups, with options for all and for each", async () => {
    let reads = 0;
    const source = cw.fromSource({
      shape: [8, 3],
      dtype: "float64",
      chunks: [4, 3],
      name: "ramp",
      readInto: ([y, x], { data, offset, stride }) => {
        reads++;
        for (let i = y?.start ?? 0; i < (y?.stop ?? 0); i++) {
          for (let k = x?.start ?? 0; k < (x?.stop ?? 0); k++) {
            const at =
              (i - (y?.start ?? 0)) * (stride[0] ?? 0) + (k - (x?.start ?? 0)) * (stride[1] ?? 0);
            data[offset + at] = 3 * i + k;
          }
        }
      },
    });
    const stats = await cw.store(
      {
        u: source.add(1),
        "winds/mean": source.mean({ axis: 0 }),
        "winds/v": source.astype("int16"),
      },
      url,
      {
        path: "era5",
        codecs: "blosc",
        attributes: { title: "test" },
        arrays: {
          u: {
            attributes: { units: "m/s" },
            dimensionNames: ["y", null],
            chunks: [5, 2],
            fillValue: -1,
          },
          "winds/mean": { codecs: "gzip" },
        },
      },
    );
    expect(reads).toBe(2);
    expect(stats.bytesWritten).toBe(8 * 3 * 8 + 3 * 8 + 8 * 3 * 2);
    const group = await cw.openGroup(url, { path: "era5" });
    expect(group.attributes).toEqual({ title: "test" });
    expect(Object.keys(group.arrays)).toEqual(["u"]);
    const { u } = group.arrays;
    expect(u).toMatchObject({
      attributes: { units: "m/s" },
      dimensionNames: ["y", null],
      fillValue: -1,
    });
    expect(u?.codecs).toEqual(["bytes(little)", "blosc"]);
    expect(u?.chunks).toEqual([
      [5, 3],
      [2, 1],
    ]);
    expect((await u?.at(7).compute())?.toNested()).toEqual([22, 23, 24]);
    const winds = group.groups["winds"];
    expect(winds?.path).toBe("era5/winds");
    expect(winds?.arrays["mean"]?.codecs).toEqual(["bytes(little)", "gzip"]);
    expect((await winds?.arrays["mean"]?.compute())?.toNested()).toEqual([10.5, 11.5, 12.5]);
    expect(winds?.arrays["v"]?.dtype).toBe("int16");
    expect(runtime.account().used).toBe(0);
  });

  it("add attributes to a group that is there", async () => {
    await cw.store({ u: cw.zeros([2]) }, url, { attributes: { a: 1, b: 1 } });
    await cw.store({ v: cw.zeros([2]) }, url, { attributes: { b: 2 } });
    const group = await cw.openGroup(url);
    expect(group.attributes).toEqual({ a: 1, b: 2 });
    expect(Object.keys(group.arrays)).toEqual(["u", "v"]);
  });

  it("are all checked before anything is written", async () => {
    const x = cw.zeros([4]);
    await x.toZarr(url, { path: "there" });
    const two = (options: cw.StoreOptions, b: cw.LazyArray = x): Promise<unknown> =>
      cw.store({ a: x, b }, url, { attributes: { t: 1 }, ...options });
    const table: [() => Promise<unknown>, string, string][] = [
      [
        () => cw.store({ a: x, there: x }, url),
        "ZarrError",
        "a.zarr/there is an existing Zarr array",
      ],
      [
        () => cw.store({ a: x, "there/b": x }, url),
        "ZarrError",
        'a.zarr/there/b would lie inside the array at "there"',
      ],
      [
        () => cw.store({ a: x, "a/b": x }, url),
        "OptionError",
        "store: a/b would lie inside the array a",
      ],
      [() => cw.store({ a: x, "/a/": x }, url), "OptionError", 'store: "a" is given twice'],
      [() => cw.store({ "": x }, url), "OptionError", 'store: "" is no path of an array'],
      [() => cw.store({ "../a": x }, url), "ZarrError", 'array path "../a" has the segment ".."'],
      [
        () => two({ arrays: { b: { codecs: "lzma" } } }),
        "ZarrError",
        'store: b: codec "lzma" cannot be written',
      ],
      [() => two({ arrays: { c: {} } }), "OptionError", 'store: arrays: unknown option "c"'],
      [
        () => two({ arrays: { b: { codec: "zstd" } as never } }),
        "OptionError",
        'store: b: unknown option "codec"; did you mean codecs?',
      ],
      [() => two({ arrays: { b: { mode: "append" } } }), "ZarrError", "a.zarr/b does not exist"],
      [() => two({ path: "there" }), "ZarrError", "a.zarr/there is a Zarr array, not a group"],
      [
        () => two({ memory: "1kB" }, cw.zeros([1 << 20], { chunks: -1 })),
        "MemoryLimitError",
        "the computation does not fit",
      ],
      [() => two({ signal: AbortSignal.abort() }), "AbortError", "the computation was aborted"],
      [
        () => two({ zarrFormat: 2 }),
        "ZarrError",
        'a.zarr/a would lie inside the Zarr v3 group at ""',
      ],
    ];
    for (const [work, name, message] of table) {
      const error = await refused(work);
      expect([error.name, error.message.slice(0, message.length)]).toEqual([name, message]);
    }
  });

  it("cannot be written over what the same plan reads", async () => {
    const { x } = rows(4, 2);
    await cw.store({ u: x, v: x.add(1) }, url);
    const u = await cw.openZarr(url, { path: "u", dtype: "int32" });
    for (const work of [
      () =>
        cw.store({ v: u, w: u, u: x }, url, {
          arrays: { u: { mode: "overwrite" }, v: { mode: "overwrite" } },
        }),
      () => u.toZarr(url, { path: "u", mode: "append" }),
      () => u.flip({ axis: 0 }).toZarr(url, { path: "u", mode: "region", region: [] }),
    ]) {
      const error = await refused(work);
      expect(error.message).toMatch(/: a\.zarr\/u is read by the expression that would replace it/);
    }
  });
});

describe.each(["inline", "threads"] as const)("append, executor %s", (executor) => {
  it.each([
    [6, 3, 4, 2],
    [6, 4, 5, 2],
    [5, 3, 1, 2],
    [2, 8, 3, 2],
    [0, 3, 4, 2],
    [4, 3, 0, 2],
  ])("%i rows in chunks of %i, and %i more", async (before, chunk, after, width) => {
    const old = rows(before, width);
    const more = rows(after, width, 1000);
    await old.x.toZarr(url, { path: "u", chunks: [chunk, 2], codecs: "raw", executor });
    await more.x.toZarr(url, { path: "u", mode: "append", executor, workers: 2 });
    expect(await nested("u")).toEqual([...old.list, ...more.list]);
    expect(runtime.account().used).toBe(0);
  });

  it("along another axis, again and again", async () => {
    const { x, list } = rows(3, 7);
    await (x.at(null, cw.slice(0, 2)) as cw.LazyArray).toZarr(url, { chunks: [2, 3], executor });
    for (const [from, to] of [
      [2, 3],
      [3, 4],
      [4, 7],
    ] as const) {
      await x.at(null, cw.slice(from, to)).toZarr(url, { mode: "append", axis: -1, executor });
    }
    expect(await nested("")).toEqual(list);
  });
});

describe("append", () => {
  it("shows the new shape when all chunks are there, and nothing after a failure", async () => {
    const { x, list } = rows(5, 2);
    await x.toZarr(url, { path: "u", chunks: [3, 2] });
    const seen: unknown[] = [];
    const bad = cw.fromSource({
      shape: [9, 2],
      dtype: "int32",
      chunks: [1, 2],
      readInto: async ([y]) => {
        seen.push((json("u/zarr.json") as { shape: unknown }).shape);
        if (y?.start === 7) throw new Error("torn cable");
      },
    });
    const error = await bad.toZarr(url, { path: "u", mode: "append", executor: "inline" }).then(
      () => undefined,
      (e: Error) => e,
    );
    expect(error).toBeInstanceOf(cw.SourceError);
    expect(new Set(seen.map((s) => JSON.stringify(s)))).toEqual(new Set(["[5,2]"]));
    expect(await nested("u")).toEqual(list);
    const more = rows(1, 2, 50);
    await more.x.toZarr(url, { path: "u", mode: "append" });
    expect(await nested("u")).toEqual([...list, ...more.list]);
  });

  it("has one writer at a time, also for the shape", async () => {
    const { x } = rows(2, 2);
    await x.toZarr(url, { path: "u" });
    const both = await Promise.allSettled(
      [1, 2].map(() => x.toZarr(url, { path: "u", mode: "append" })),
    );
    expect(both.map((r) => r.status)).toEqual(["fulfilled", "rejected"]);
    expect(await nested("u")).toHaveLength(4);
  });

  it("keeps consolidated metadata true", async () => {
    const { x } = rows(2, 2);
    await x.toZarr(url, { path: "g/u" });
    const group = json("zarr.json") as object;
    const inline = { kind: "inline", must_understand: false, metadata: {} };
    fs.writeFileSync(
      join(url, "zarr.json"),
      JSON.stringify({ ...group, consolidated_metadata: inline }),
    );
    await x.toZarr(url, { path: "g/v" });
    await x.toZarr(url, { path: "g/v", mode: "append" });
    await cw.store({ w: x }, url, { path: "g", attributes: { t: 1 } });
    expect(json("zarr.json")).toMatchObject({
      consolidated_metadata: {
        metadata: {
          g: { attributes: { t: 1 }, node_type: "group" },
          "g/v": { shape: [4, 2] },
          "g/w": { shape: [2, 2] },
        },
      },
    });
  });
});

describe.each(["inline", "threads"] as const)("region, executor %s", (executor) => {
  const regions: [string, readonly cw.BasicSelector[], (list: number[][]) => void][] = [
    ["inside one chunk", [cw.slice(1, 3), cw.slice(1, 2)], (l) => put(l, [1, 3], [1, 2])],
    ["over borders", [cw.slice(2, 6), cw.slice(1, 5)], (l) => put(l, [2, 6], [1, 5])],
    ["whole chunks", [cw.slice(3, 6), cw.slice(0, 4)], (l) => put(l, [3, 6], [0, 4])],
    ["to the end", [cw.slice(-2), cw.slice(-1)], (l) => put(l, [6, 8], [6, 7])],
    ["a row", [3], (l) => put(l, [3, 4], [0, 7])],
    ["a column", [cw.ellipsis, -1], (l) => put(l, [0, 8], [6, 7])],
    ["one element", [7, 6], (l) => put(l, [7, 8], [6, 7])],
    ["all", [], (l) => put(l, [0, 8], [0, 7])],
    ["nothing", [cw.slice(2, 2)], () => undefined],
  ];
  const put = (list: number[][], [y0, y1]: [number, number], [x0, x1]: [number, number]): void => {
    let n = 1000;
    for (let i = y0; i < y1; i++) for (let k = x0; k < x1; k++) (list[i] as number[])[k] = n++;
  };

  it("as a text", async () => {
    const { x, list } = rows(8, 7);
    await x.toZarr(url, { chunks: [3, 4] });
    const row = cw.arange(1000, 1003, { dtype: "int32" });
    await row.toZarr(url, { mode: "region", region: "-1, 2:5", executor });
    put(list, [7, 8], [2, 5]);
    expect(await nested("")).toEqual(list);
  });

  it.each(regions)("%s", async (_, region, change) => {
    const { x, list } = rows(8, 7);
    await x.toZarr(url, { chunks: [3, 4], codecs: "blosc", fillValue: 7 });
    const shape = x.at(...region).shape as number[];
    const count = shape.reduce((n, m) => n * m, 1);
    const patch = cw
      .arange(1000, 1000 + count, { dtype: "int32" })
      .reshape(shape)
      .rechunk(2);
    await patch.toZarr(url, { mode: "region", region, executor, workers: 2 });
    change(list);
    expect(await nested("")).toEqual(list);
    expect(runtime.account().used).toBe(0);
  });
});

it("any box of any array, appended to and written in part in any order", async () => {
  let state = 20;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < 25; round++) {
    const executor = round % 2 === 0 ? "inline" : "threads";
    const rank = 1 + below(3);
    const shape = Array.from({ length: rank }, () => 1 + below(7));
    const chunks = shape.map(() => 1 + below(4));
    const codecs = ["raw", "zstd", "blosc"][below(3)] as cw.CodecChoice;
    const order = { name: "transpose", order: "F" };
    const chain = below(2) === 0 ? codecs : [order, codecs as string].filter((c) => c !== "raw");
    const zarrFormat = (2 + below(2)) as 2 | 3;
    const at = `r${round}`;
    const path = `v${zarrFormat}/${at}`;
    const store = join(url, `v${zarrFormat}`);
    const fill = (lengths: readonly number[]): cw.LazyArray =>
      cw
        .arange(below(1000), { dtype: "int32" })
        .sum()
        .astype("int32")
        .add(
          cw.arange(
            lengths.reduce((n, m) => n * m, 1),
            { dtype: "int32" },
          ),
        )
        .reshape(lengths);
    let model = await fill(shape).compute();
    const base = cw.asarray(model);
    await base.toZarr(store, { path: at, chunks, codecs: chain as cw.CodecChoice, zarrFormat });
    for (let step = 0; step < 4; step++) {
      if (below(2) === 0) {
        const axis = below(rank);
        const more = await fill(model.shape.map((n, i) => (i === axis ? below(6) : n))).compute();
        await cw.asarray(more).toZarr(store, { path: at, mode: "append", axis, executor });
        model = await cw.concat([cw.asarray(model), cw.asarray(more)], { axis }).compute();
      } else {
        const lo = model.shape.map((n) => below(n + 1));
        const hi = lo.map((l, i) => l + below((model.shape[i] as number) - l + 1));
        const region = lo.map((l, i) => cw.slice(l, hi[i]));
        const patch = await fill(lo.map((l, i) => (hi[i] as number) - l)).compute();
        await cw.asarray(patch).toZarr(store, { path: at, mode: "region", region, executor });
        for (const point of pointsOf(patch.shape)) {
          model.set(...point.map((p, i) => p + (lo[i] as number)), patch.get(...point));
        }
      }
      expect(await nested(at, store), `${path} ${step}`).toEqual(model.toNested());
    }
  }
  expect(runtime.account().used).toBe(0);
});

function* pointsOf(shape: readonly number[]): Generator<number[]> {
  const count = shape.reduce((n, m) => n * m, 1);
  for (let n = 0; n < count; n++) {
    let rest = n;
    yield shape
      .toReversed()
      .map((m) => {
        const p = rest % m;
        rest = Math.floor(rest / m);
        return p;
      })
      .toReversed();
  }
}

describe("arrays of other writers", () => {
  const fixtures = new URL("../fixtures/zarr/stores/", import.meta.url);
  it.each([
    "v2_f4_big",
    "v2_zlib_f_order",
    "v2_blosc",
    "v2_lz4",
    "v2_gzip",
    "v2_zstd_slash",
    "v2_shuffle_zlib",
    "v3_transpose",
    "v3_blosc_lz4_bitshuffle",
    "v3_complex64_big",
    "v3_two_compressors",
    "v3_v2keys_slash",
    "v3_missing",
    "v3_bool_big",
    "v3_shard_start",
    "v3_shard_missing",
    "v3_shard_big_index",
    "v3_shard_inner_transpose",
    "v3_shard_outer_transpose",
    "v3_shard_both_transposes",
  ])("%s: append and region keep what they do not touch", async (name) => {
    fs.cpSync(new URL(name, fixtures), url, { recursive: true });
    const a = await cw.openZarr(url, { decode: false });
    const before = await (await a.persist()).compute();
    const old = a.shape as number[];
    const added = cw.zeros([3, ...old.slice(1)], { dtype: a.dtype });
    await added.toZarr(url, { mode: "append" });
    const grown = await cw.openZarr(url, { decode: false });
    expect(grown.shape).toEqual([(old[0] as number) + 3, ...old.slice(1)]);
    expect((await grown.at(cw.slice(0, old[0])).compute()).data).toEqual(before.data);
    expect((await grown.at(cw.slice(old[0])).compute()).data).toEqual((await added.compute()).data);
    const ones = cw.ones(old.slice(1), { dtype: a.dtype });
    await ones.toZarr(url, { mode: "region", region: [1] });
    const after = await cw.openZarr(url, { decode: false });
    expect((await after.at(1).compute()).data).toEqual((await ones.compute()).data);
    expect((await after.at(0).compute()).data).toEqual((await grown.at(0).compute()).data);
    expect((await after.at(cw.slice(2, old[0])).compute()).data).toEqual(
      before.data.slice((before.data.length / (old[0] as number)) * 2) as never,
    );
  });

  it.each([
    ["v3_float16_big", "stores float16 elements, which cannot be written"],
    ["v2_delta_i4", "is stored with codec delta, which cannot be written"],
    ["v2_blosc_blosclz_1_blocks", "is stored with codec blosc, which cannot be written"],
  ])("%s is refused", async (name, message) => {
    fs.cpSync(new URL(name, fixtures), url, { recursive: true });
    const a = await cw.openZarr(url, { decode: false });
    const error = await refused(() =>
      cw.zeros(a.shape as number[]).toZarr(url, { mode: "append" }),
    );
    expect(error).toBeInstanceOf(cw.ZarrError);
    expect(error.message).toContain(message);
  });
});

describe("Zarr v2", () => {
  it("is written with groups, attributes, names and keys of its own", async () => {
    const { x, list } = rows(4, 5);
    await cw.store({ "g/u": x, "g/v": x.astype("float64") }, url, {
      zarrFormat: 2,
      chunks: [2, 3],
      attributes: { title: "old" },
      arrays: {
        "g/u": {
          dimensionNames: ["y", "x"],
          attributes: { units: "K" },
          codecs: "blosc",
          separator: "/",
        },
        "g/v": { fillValue: -0, codecs: [{ name: "bytes", endian: "big" }, "shuffle", "zlib"] },
      },
    });
    expect(json(".zgroup")).toEqual({ zarr_format: 2 });
    expect(json(".zattrs")).toEqual({ title: "old" });
    expect(json("g/u/.zarray")).toEqual({
      zarr_format: 2,
      shape: [4, 5],
      chunks: [2, 3],
      dtype: "<i4",
      fill_value: 0,
      order: "C",
      filters: null,
      compressor: { id: "blosc", cname: "zstd", clevel: 1, shuffle: 1, blocksize: 0 },
      dimension_separator: "/",
    });
    expect(json("g/u/.zattrs")).toEqual({ units: "K", _ARRAY_DIMENSIONS: ["y", "x"] });
    expect(json("g/v/.zarray")).toMatchObject({
      dtype: ">f8",
      fill_value: -0,
      filters: [{ id: "shuffle", elementsize: 8 }],
      compressor: { id: "zlib", level: 1 },
      dimension_separator: ".",
    });
    expect(fs.existsSync(join(url, "g/u/1/1"))).toBe(true);
    expect(fs.existsSync(join(url, "g/v/1.1"))).toBe(true);
    expect((await cw.openZarr(url, { path: "g/u" })).dimensionNames).toEqual(["y", "x"]);
    expect(await nested("g/u")).toEqual(list);
    await x.toZarr(url, { path: "g/u", mode: "append" });
    expect(await nested("g/u")).toEqual([...list, ...list]);
    const error = await refused(() => x.toZarr(url, { path: "g/w" }));
    expect(error.message).toBe(
      'a.zarr/g/w would lie inside the Zarr v2 group at ""; write it with zarrFormat: 2, or into a store of its own',
    );
  });

  it("keeps consolidated metadata true", async () => {
    const { x } = rows(4, 5);
    await x.toZarr(url, { path: "u", zarrFormat: 2 });
    const metadata = { ".zgroup": { zarr_format: 2 } };
    fs.writeFileSync(
      join(url, ".zmetadata"),
      JSON.stringify({ zarr_consolidated_format: 1, metadata }),
    );
    await x.toZarr(url, { path: "g/v", zarrFormat: 2, attributes: { units: "K" } });
    await x.toZarr(url, { path: "g/v", mode: "append" });
    expect(json(".zmetadata")).toMatchObject({
      metadata: {
        "g/.zgroup": { zarr_format: 2 },
        "g/v/.zarray": { shape: [8, 5] },
        "g/v/.zattrs": { units: "K" },
      },
    });
  });
});

describe("openGroup", () => {
  it("decodes, names what cannot be read, and works on any store that lists", async () => {
    const packed = cw.asarray([1, 2], { dtype: "int16" });
    for (const store of [url, cw.memoryStore(), new Map<string, Uint8Array>()]) {
      await cw.store({ t: packed, "a/b/c": packed }, store, {
        arrays: { t: { attributes: { scale_factor: 0.5 } } },
      });
      if (store instanceof Map) {
        const document = JSON.parse(new TextDecoder().decode(store.get("/t/zarr.json")));
        store.set(
          "/names/zarr.json",
          Buffer.from(JSON.stringify({ ...document, data_type: "string" })),
        );
      }
      const group = await cw.openGroup(store);
      expect((await group.arrays["t"]?.compute())?.toNested()).toEqual([0.5, 1]);
      expect(group.groups["a"]?.groups["b"]?.arrays["c"]?.dtype).toBe("int16");
      expect(Object.keys(group.unreadable)).toEqual(store instanceof Map ? ["names"] : []);
      if (store instanceof Map)
        expect(group.unreadable["names"]).toMatch(/data_type "string" is not supported/);
      const raw = await cw.openGroup(store, { decode: false });
      expect(raw.arrays["t"]?.dtype).toBe("int16");
    }
  });

  it("uses consolidated metadata of stores that cannot list", async () => {
    const map = new Map<string, Uint8Array>();
    await cw.store({ "g/u": cw.zeros([2]) }, map);
    const bare: cw.Store = { get: (key) => map.get(key) };
    await expect(cw.openGroup(bare)).rejects.toThrow(
      "this store cannot list its keys and has no consolidated metadata; name an array with openZarr and the option path",
    );
    const text = (key: string): object =>
      JSON.parse(new TextDecoder().decode(map.get(key))) as object;
    const metadata = { g: text("/g/zarr.json"), "g/u": text("/g/u/zarr.json") };
    map.set(
      "/zarr.json",
      Buffer.from(
        JSON.stringify({
          ...text("/zarr.json"),
          consolidated_metadata: { kind: "inline", metadata },
        }),
      ),
    );
    const group = await cw.openGroup(bare);
    expect((await group.groups["g"]?.arrays["u"]?.compute())?.toNested()).toEqual([0, 0]);
  });
});
