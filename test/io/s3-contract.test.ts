/** What every S3-compatible server must make possible: run against our own, and against moto's where it is installed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import type { S3Options } from "../../dist/io/index.js";
import { emulators } from "./s3-emulators.js";

const fixtures = fileURLToPath(new URL("../fixtures/zarr/stores/", import.meta.url));
const index = new URL("../../dist/index.js", import.meta.url).href;

afterAll(() => cw.shutdown());

const values = async (x: cw.LazyArray): Promise<unknown> => (await x.compute()).toNested();

describe.each(emulators)("$name", (emulator) => {
  describe.skipIf(!emulator.isThere)("does", () => {
    let options: S3Options = {};
    let count = 0;
    beforeAll(async () => {
      options = await emulator.start();
    });
    afterAll(() => emulator.stop());
    const fresh = (own: S3Options = {}): cw.S3Store =>
      cw.s3Store(`s3://bucket/store${count++}.zarr`, { ...options, ...own });

    for (const zarrFormat of [2, 3] as const) {
      for (const codecs of ["raw", "zstd"] as const) {
        it(`write and read arrays of v${zarrFormat}, ${codecs}, inline and on threads`, async () => {
          const x = cw.arange(1000, { dtype: "float32" }).reshape([20, 50]).rechunk([7, 20]);
          const expected = await values(x);
          for (const executor of ["inline", "threads"] as const) {
            const store = fresh();
            await cw.toZarr(x, store, {
              path: "a b/x",
              codecs,
              zarrFormat,
              attributes: { units: "K" },
              executor,
              workers: 2,
            });
            const back = await cw.openZarr(store, { path: "a b/x" });
            expect(back.attributes).toEqual({ units: "K" });
            expect((await back.compute({ executor, workers: 2 })).toNested()).toEqual(expected);
            expect((await back.at("13, 5:8").compute()).toNested()).toEqual([655, 656, 657]);
          }
          expect(runtime.account().used).toBe(0);
        });
      }
    }

    it.each(["v3_shard_start", "v2_blosc"])("give %s as the directory does", async (name) => {
      const store = fresh();
      const folder = path.join(fixtures, name);
      for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = path.join(entry.parentPath, entry.name);
        const key = path.relative(folder, file).split(path.sep).join("/");
        await store.set(`/${key}`, fs.readFileSync(file));
      }
      expect(await values(await cw.openZarr(store))).toEqual(
        await values(await cw.openZarr(folder)),
      );
    });

    it("take regions and appended chunks, and be overwritten", async () => {
      const store = fresh();
      const to = { path: "x" };
      await cw.toZarr(cw.zeros([10], { dtype: "int32", chunks: 4 }), store, to);
      const patch = cw.arange(5, { dtype: "int32" });
      await cw.toZarr(patch, store, { ...to, mode: "region", region: "3:8" });
      await cw.toZarr(patch.add(10), store, { ...to, mode: "append" });
      expect(await values(await cw.openZarr(store, to))).toEqual([
        0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 10, 11, 12, 13, 14,
      ]);
      await expect(cw.toZarr(patch, store, to)).rejects.toThrow(/x is an existing Zarr array/);
      await cw.toZarr(patch.rechunk([5]), store, { ...to, mode: "overwrite" });
      expect(await store.list("/x")).toEqual(["/x/c/0", "/x/zarr.json"]);
      expect(await values(await cw.openZarr(store, to))).toEqual([0, 1, 2, 3, 4]);
    });

    it("take shards, which readers ask for single chunks, and parts of them", async () => {
      const store = fresh();
      const x = cw.arange(1000, { dtype: "float32" }).reshape([20, 50]);
      const shards = { chunks: [5, 10], shards: [10, 50], inlineBytes: 0, workers: 2 } as const;
      await cw.toZarr(x, store, shards);
      expect(await store.list("/c")).toEqual(["/c/0/0", "/c/1/0"]);
      expect(await values(await cw.openZarr(store))).toEqual(await values(x));
      const part = cw.full([4, 4], -1, { dtype: "float32" });
      await cw.toZarr(part, store, { mode: "region", region: "8:12, 3:7", inlineBytes: 0 });
      expect(await values(await cw.openZarr(store))).toEqual(
        await values(cw.setItem(x, [cw.slice(8, 12), cw.slice(3, 7)], part)),
      );
    });

    it("list groups without consolidated metadata", async () => {
      const store = fresh();
      const x = cw.arange(6, { chunks: 2 });
      await cw.store({ x, "winds/u": x.add(1), "winds/v": x.add(2) }, store, {
        attributes: { title: "t" },
      });
      const group = await cw.openGroup(store);
      expect(group.attributes).toEqual({ title: "t" });
      expect(Object.keys(group.arrays)).toEqual(["x"]);
      const winds = group.groups["winds"];
      expect(Object.keys(winds?.arrays ?? {})).toEqual(["u", "v"]);
      expect(await values(winds?.arrays["v"] as cw.ZarrArray)).toEqual([2, 3, 4, 5, 6, 7]);
      expect(await cw.describeStore(store)).toMatchObject({ kind: "group", children: [{}, {}] });
    });

    it("keep keys with odd characters apart", async () => {
      const store = fresh();
      const keys = [
        "a b",
        "a+b",
        "a%20b",
        "a&b=c?d#e",
        "x'(1)!*",
        "~t",
        "<k>&amp;",
        'q"q',
        "ü/é/日本",
        "a:b@c,d;e$f",
        "100%",
      ];
      for (const key of keys) await store.set(`/${key}`, Buffer.from(key));
      for (const key of keys) {
        expect(Buffer.from((await store.get(`/${key}`)) ?? []).toString()).toBe(key);
        expect(await store.has(`/${key}`)).toBe(true);
      }
      expect([...(await store.list("/"))].sort()).toEqual(keys.map((k) => `/${k}`).sort());
      expect(await store.folders("/")).toEqual(["ü"]);
      expect(await store.list("/ü")).toEqual(["/ü/é/日本"]);
      for (const key of keys) await store.delete(`/${key}`);
      expect(await store.list("/")).toEqual([]);
      await store.delete("/a b");
      expect(await store.has("/a b")).toBe(false);
    });

    it("read parts, of what is there", async () => {
      const store = fresh();
      await store.set("/v", Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
      const part = async (range: Parameters<cw.S3Store["getRange"]>[1]): Promise<unknown> => {
        const bytes = await store.getRange("/v", range);
        return bytes && [...bytes];
      };
      expect(await part({ offset: 3, length: 4 })).toEqual([3, 4, 5, 6]);
      expect(await part({ offset: 8, length: 4 })).toEqual([8, 9]);
      expect(await part({ offset: 20, length: 4 })).toEqual([]);
      expect(await part({ offset: 2, length: 0 })).toEqual([]);
      expect(await part({ suffixLength: 3 })).toEqual([7, 8, 9]);
      expect(await part({ suffixLength: 30 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await store.getRange("/w", { offset: 0, length: 1 })).toBeUndefined();
      expect(await store.get("/w")).toBeUndefined();
    });

    it("send large values in parts", async () => {
      const store = fresh({ partSize: 5 << 20 });
      const value = new Uint8Array(new SharedArrayBuffer((12 << 20) + 7));
      for (let i = 0; i < value.length; i += 1 << 10) value[i] = (i >> 10) % 251;
      await store.set("/large", value);
      const back = await store.get("/large");
      expect(back !== undefined && Buffer.compare(back, value)).toBe(0);
      await expect(store.get("/large", { limit: 1 << 20 })).rejects.toThrow(
        /large has 12582919 bytes, more than the 1048576 that it can have/,
      );
    });

    it("list more keys than fit on a page", async () => {
      const store = fresh();
      const keys = Array.from({ length: 1010 }, (_, i) => `/many/${i}/c`);
      for (let i = 0; i < keys.length; i += 50) {
        const some = keys.slice(i, i + 50) as `/${string}`[];
        await Promise.all(some.map((key) => store.set(key, new Uint8Array(1))));
      }
      await store.set("/manyfold", new Uint8Array(1));
      expect([...(await store.list("/many"))].sort()).toEqual([...keys].sort());
      expect((await store.folders("/many")).length).toBe(1010);
    });

    it("let one of many writers create", async () => {
      const store = fresh();
      const writers = Array.from({ length: 8 }, (_, i) =>
        store.setIfAbsent("/one", Uint8Array.from([i])),
      );
      const first = (await Promise.all(writers)).flatMap((isFirst, i) => (isFirst ? [i] : []));
      expect(first.length).toBe(1);
      expect([...((await store.get("/one")) ?? [])]).toEqual(first);
    });

    it("let one of two processes create an array; both end by themselves", async () => {
      const url = `s3://bucket/race${count++}.zarr`;
      const run = async (value: number): Promise<string> => {
        const program = `
          import * as cw from ${JSON.stringify(index)};
          const store = cw.s3Store(${JSON.stringify(url)}, ${JSON.stringify(options)});
          const x = cw.full([6], ${value}, { dtype: "int16", chunks: 2 });
          const done = cw.toZarr(x, store, { path: "x", executor: "threads", workers: 1 });
          console.log(await done.then(() => "created", (e) => e.name + ": " + e.message));`;
        const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
        const [out, err] = await Promise.all([
          text(child.stdout),
          text(child.stderr),
          child.exitCode ?? once(child, "exit"),
        ]);
        return out.trim() + err;
      };
      const said = await Promise.all([run(1), run(2)]);
      const winner = said.indexOf("created") + 1;
      expect(winner, said.join("\n")).toBeGreaterThan(0);
      expect(said[2 - winner]).toMatch(
        /^ZarrError: race\d+\.zarr\/x (?:is an existing Zarr array|was created by another writer)/,
      );
      const x = await cw.openZarr(cw.s3Store(url, options), { path: "x" });
      expect(await values(x)).toEqual(Array(6).fill(winner));
    });
  });
});
