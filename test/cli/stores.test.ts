/** The commands on real stores, in processes of their own as a shell runs them. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as cw from "../../dist/index.js";

const program = resolve(import.meta.dirname, "../../dist/cli/main.js");

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-cli-"));
});
afterAll(async () => {
  await cw.shutdown();
  await rm(scratch, { recursive: true, force: true });
});

/** Runs the command below `scratch`. `during` may act on the running process. */
function chunkwise(
  args: readonly string[],
  during?: (kill: () => void) => Promise<void>,
): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: scratch });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    child.on("error", fail);
    child.on("close", (code) => {
      done({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
    during?.(() => void child.kill("SIGINT")).catch(fail);
  });
}

/** Every file below a directory, as relative paths. */
const filesBelow = async (directory: string): Promise<string[]> =>
  (await readdir(join(scratch, directory), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("info", () => {
  beforeAll(async () => {
    const store = join(scratch, "weather.zarr");
    const t = cw.arange(24, { dtype: "int16" }).reshape([2, 3, 4]).rechunk([1, 3, 2]);
    await t.toZarr(store, {
      path: "surface/t2m",
      codecs: "gzip",
      attributes: { units: "K", scale_factor: 0.5 },
      dimensionNames: ["time", "lat", "lon"],
    });
    await cw.linspace(0, 1, 5).toZarr(store, { path: "level", codecs: "raw" });
  });

  test("draws the tree", async () => {
    const { code, out, err } = await chunkwise(["info", "weather.zarr"]);
    expect([code, err]).toEqual([0, ""]);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("weather.zarr");
    expect(lines[1]).toMatch(/^├── level {2,}float64 {2}\(5\) {2,}chunks \(5\) {2,}raw {3,}40 B$/);
    expect(lines[2]).toBe("└── surface/");
    expect(lines[3]).toMatch(
      /^ {4}└── t2m {2}int16 {4}\(time 2, lat 3, lon 4\) {2}chunks \(1, 3, 2\) {2}gzip {2}48 B$/,
    );
    expect(lines).toHaveLength(4);
  });

  test("shows attributes when asked", async () => {
    const { out } = await chunkwise(["info", "weather.zarr", "--attributes"]);
    expect(out).toMatch(/^ {10}units: K$/m);
    expect(out).toMatch(/^ {10}scale_factor: 0\.5$/m);
    expect((await chunkwise(["info", "weather.zarr"])).out).not.toContain("units");
  });

  test("shows one array of the store", async () => {
    const { code, out } = await chunkwise(["info", "weather.zarr", "--path", "surface/t2m"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^weather\.zarr surface\/t2m {2}int16/);
    expect(out.trimEnd().split("\n")).toHaveLength(1);
  });

  test("--json is JSON with the same facts", async () => {
    const { out } = await chunkwise(["info", "weather.zarr", "--json"]);
    const root = JSON.parse(out) as {
      kind: string;
      children: { path: string; children?: object[] }[];
    };
    expect(root.kind).toBe("group");
    expect(root.children.map((c) => c.path)).toEqual(["level", "surface"]);
    expect(root.children[1]?.children).toEqual([
      expect.objectContaining({
        kind: "array",
        path: "surface/t2m",
        shape: [2, 3, 4],
        chunks: [1, 3, 2],
        dtype: "int16",
        attributes: { units: "K", scale_factor: 0.5 },
        dimensionNames: ["time", "lat", "lon"],
      }),
    ]);
  });

  test("shows and copies what is behind a URL", async () => {
    const server = createServer((request, response) => {
      readFile(join(scratch, request.url ?? "")).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/weather.zarr`;
    const array = await chunkwise(["info", url, "--path", "surface/t2m"]);
    const group = await chunkwise(["info", url]);
    const copied = await chunkwise([
      "rechunk",
      url,
      "near.zarr",
      "--path=surface/t2m",
      "--chunks=2,3,4",
    ]);
    server.closeAllConnections();
    server.close();
    expect(array.err).toBe("");
    expect(array.out).toContain("surface/t2m  int16  (time 2, lat 3, lon 4)");
    expect(group).toMatchObject({ code: 1, out: "" });
    expect(group.err).toContain("this store cannot list its keys and has no consolidated metadata");
    expect(copied).toMatchObject({ code: 0, err: "" });
    const near = await cw.openZarr(join(scratch, "near.zarr"), { path: "surface/t2m" });
    expect((await near.max().compute()).item()).toBe(11.5);
  });

  test("an array that is not understood does not hide the others", async () => {
    const store = join(scratch, "odd.zarr");
    await cw.ones([2]).toZarr(store, { path: "good" });
    const document = JSON.parse(await readFile(join(store, "good", "zarr.json"), "utf8")) as object;
    await mkdir(join(store, "strange"));
    await writeFile(
      join(store, "strange", "zarr.json"),
      JSON.stringify({ ...document, data_type: "qubit" }),
    );
    const { code, out } = await chunkwise(["info", "odd.zarr"]);
    expect(code).toBe(0);
    expect(out).toMatch(/good +float64/);
    expect(out).toMatch(/strange +not readable: .*qubit/);
  });

  test("nothing there is one line on standard error and code 1", async () => {
    const { code, out, err } = await chunkwise(["info", "absent.zarr"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^chunkwise: [^\n]*absent\.zarr[^\n]*\n$/);
  });
});

describe("rechunk", () => {
  const values = Array.from({ length: 7 * 10 }, (_, i) => i - 30);
  beforeAll(async () => {
    await cw
      .asarray(values, { dtype: "int16" })
      .reshape([7, 10])
      .rechunk([2, 10])
      .toZarr(join(scratch, "in.zarr"), {
        path: "deep/t",
        attributes: { units: "K", scale_factor: 0.5, note: { nested: [1, 2] } },
        dimensionNames: ["time", null],
        fillValue: -999,
      });
  });

  test("copies values as they are stored, with all that belongs to them", async () => {
    const { code, out, err } = await chunkwise([
      ..."rechunk in.zarr out.zarr --path deep/t --chunks=-1,3 --memory 64MiB --workers 1 --codec gzip".split(
        " ",
      ),
    ]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^out\.zarr deep\/t: int16 \(7, 10\) in chunks of \(7, 3\), 140 B in [\d.]+ m?s, peak [\d.]+ [KM]?i?B\n$/,
    );
    const copy = await cw.openZarr(join(scratch, "out.zarr"), { path: "deep/t", decode: false });
    expect(copy.dtype).toBe("int16");
    expect(copy.chunks).toEqual([[7], [3, 3, 3, 1]]);
    expect((await copy.reshape([70]).compute()).toNested()).toEqual(values);
    const metadata = async (store: string): Promise<Record<string, unknown>> =>
      JSON.parse(await readFile(join(scratch, store, "deep/t/zarr.json"), "utf8")) as Record<
        string,
        unknown
      >;
    const [before, after] = [await metadata("in.zarr"), await metadata("out.zarr")];
    for (const key of ["shape", "data_type", "fill_value", "attributes", "dimension_names"]) {
      expect(after[key], key).toEqual(before[key]);
    }
    expect(JSON.stringify(after["codecs"])).toContain("gzip");
  });

  test("refuses what is there, and replaces it when told", async () => {
    const args = ["rechunk", "in.zarr", "there.zarr", "--path=deep/t", "--chunks=5,5"];
    expect((await chunkwise(args)).code).toBe(0);
    const again = await chunkwise(args);
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/^chunkwise: [^\n]*\n$/);
    expect((await chunkwise([...args, "--mode=overwrite"])).code).toBe(0);
  });

  test.each([
    ["a chunk too many", ["--chunks=1,1,1"]],
    ["memory that is no size", ["--chunks=1,1", "--memory=much"]],
  ])("%s is wrong usage: one line, code 2, nothing written", async (_name, options) => {
    const { code, err } = await chunkwise([
      "rechunk",
      "in.zarr",
      "never.zarr",
      "--path=deep/t",
      ...options,
    ]);
    expect(code).toBe(2);
    expect(err).toMatch(/^chunkwise: [^\n]*\n$/);
    await expect(readdir(join(scratch, "never.zarr"))).rejects.toThrow("ENOENT");
  });

  test("keeps the missing values and the names of packed v2 arrays", async () => {
    // xarray keeps _FillValue in fill_value here; v3 does not read missing values from there.
    const store = join(scratch, "v2.zarr");
    await mkdir(store);
    await writeFile(
      join(store, ".zarray"),
      JSON.stringify({
        zarr_format: 2,
        shape: [4],
        chunks: [4],
        dtype: "<i2",
        compressor: null,
        fill_value: -999,
        order: "C",
        filters: null,
      }),
    );
    await writeFile(
      join(store, ".zattrs"),
      JSON.stringify({ scale_factor: 0.5, _ARRAY_DIMENSIONS: ["time"] }),
    );
    await writeFile(join(store, "0"), Buffer.from(Int16Array.of(2, -999, 4, 6).buffer));
    expect((await chunkwise(["rechunk", "v2.zarr", "v3.zarr", "--chunks=2"])).err).toBe("");
    const copy = await cw.openZarr(join(scratch, "v3.zarr"));
    expect((await copy.compute()).toNested()).toEqual([1, Number.NaN, 2, 3]);
    expect(copy.dimensionNames).toEqual(["time"]);
    expect(copy.attributes).toEqual({ scale_factor: 0.5, _FillValue: -999 });
  });

  test("Ctrl-C ends with 130, and leaves whole chunks only", async () => {
    // A store of a hundred million values that holds nothing but metadata, into a million chunks: long enough.
    const store = join(scratch, "large.zarr");
    await mkdir(store);
    const extent = 10_000;
    await writeFile(
      join(store, "zarr.json"),
      JSON.stringify({
        zarr_format: 3,
        node_type: "array",
        shape: [extent, extent],
        data_type: "uint8",
        chunk_grid: { name: "regular", configuration: { chunk_shape: [1000, 1000] } },
        chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
        fill_value: 7,
        codecs: [{ name: "bytes" }],
        attributes: {},
      }),
    );
    const args = [
      "rechunk",
      "large.zarr",
      "small.zarr",
      "--chunks=10,10",
      "--memory=64MiB",
      "--workers=1",
    ];
    const outcome = await chunkwise(args, async (interrupt) => {
      for (;;) {
        const started = await readFile(join(scratch, "small.zarr", "zarr.json")).then(
          () => true,
          () => false,
        );
        if (started) break;
        await new Promise((next) => setTimeout(next, 5));
      }
      interrupt();
    });
    expect(outcome).toEqual({ code: 130, out: "", err: "chunkwise: interrupted\n" });
    const files = await filesBelow("small.zarr");
    const whole = files.filter((path) => /small\.zarr\/(?:zarr\.json|c\/\d+\/\d+)$/.test(path));
    expect(files).toEqual(whole);
  });
});
