/** `chunkwise rechunk` as a tool: groups, formats, codecs, plans without a run, and going on after a kill. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as cw from "../../dist/index.js";

const program = resolve(import.meta.dirname, "../../dist/cli/main.js");

interface Outcome {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

let scratch = "";
const at = (...parts: string[]): string => join(scratch, ...parts);
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-rechunk-"));
  await makeGroup(at("in3.zarr"), 3);
  await makeGroup(at("in2.zarr"), 2);
});
afterAll(async () => {
  await cw.shutdown();
  await rm(scratch, { recursive: true, force: true });
});

/** Runs the command below `scratch`; `during` may kill it. */
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
    child.on("close", (code, signal) => {
      const [o, e] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
      done({ code: signal ?? code, out: o, err: e });
    });
    during?.(() => void child.kill("SIGKILL")).catch(fail);
  });
}

const json = async (...path: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(at(...path), "utf8")) as Record<string, unknown>;
const filesBelow = async (directory: string): Promise<string[]> =>
  (await readdir(at(directory), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(at(directory).length + 1))
    .sort();
const nested = async (store: string, path: string): Promise<unknown> => {
  const array = await cw.openZarr(at(store), { path, decode: false });
  return (await array.compute()).toNested({ bigint: "number" });
};

/** Two variables and a coordinate in groups with attributes. */
async function makeGroup(store: string, zarrFormat: 2 | 3): Promise<void> {
  const run = { zarrFormat } as const;
  await cw.createGroup(store, { attributes: { title: "weather" }, ...run });
  await cw.createGroup(store, { path: "surface", attributes: { level: 0 }, ...run });
  await cw.createGroup(store, { path: "empty", attributes: { note: "nothing yet" }, ...run });
  const t = cw
    .arange(6 * 8 * 10, { dtype: "int16" })
    .reshape([6, 8, 10])
    .rechunk([2, 8, 10]);
  await t.toZarr(store, {
    ...run,
    path: "surface/t2m",
    codecs: { name: "blosc", cname: "lz4", clevel: 3, shuffle: "bitshuffle" },
    attributes: { units: "K", scale_factor: 0.5, _FillValue: -999 },
    dimensionNames: ["time", "lat", "lon"],
    fillValue: -999,
  });
  await cw.linspace(0, 5, 6).toZarr(store, {
    ...run,
    path: "time",
    codecs: "gzip",
    attributes: { units: "hours" },
    dimensionNames: ["time"],
  });
  await cw.asarray(7n).toZarr(store, { ...run, path: "count", codecs: "raw" });
}

describe("a group", () => {
  test.each([
    ["in3.zarr", "3"],
    ["in2.zarr", "3"],
    ["in3.zarr", "2"],
    ["in2.zarr", "2"],
  ] as const)("%s to v%s: all that is in it goes along", async (input, format) => {
    const output = `out-${input}-${format}.zarr`;
    const { code, out, err } = await chunkwise([
      ...["rechunk", input, output, "--chunks=time:-1,lon:5", "--zarr-format", format],
      ...["--memory=64MiB", "--workers=1"],
    ]);
    expect([code, err]).toEqual([0, ""]);
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(
      /surface\/t2m: int16 \(6, 8, 10\) in chunks of \(6, 8, 5\), 960 B in /,
    );
    expect(lines[3]).toMatch(/^out-[^ ]+: 3 arrays, 1016 B in [\d.]+ m?s$/);
    for (const path of ["surface/t2m", "time", "count"]) {
      expect(await nested(output, path), path).toEqual(await nested(input, path));
    }
    const root = await cw.openGroup(at(output));
    expect(root.attributes).toEqual({ title: "weather" });
    expect(root.groups["surface"]?.attributes).toEqual({ level: 0 });
    expect(root.groups["empty"]?.attributes).toEqual({ note: "nothing yet" });
    const copy = root.groups["surface"]?.arrays["t2m"];
    expect(copy?.dimensionNames).toEqual(["time", "lat", "lon"]);
    expect(copy?.attributes).toMatchObject({ units: "K", scale_factor: 0.5, _FillValue: -999 });
    // What the values mean is the same too, whichever format says it how.
    const before = await cw.openZarr(at(input), { path: "surface/t2m" });
    expect((await copy?.compute())?.toNested()).toEqual((await before.compute()).toNested());
    const document = await json(output, "surface/t2m", format === "3" ? "zarr.json" : ".zarray");
    const codec =
      format === "3"
        ? (document["codecs"] as { configuration: unknown }[])[1]?.configuration
        : document["compressor"];
    expect(codec).toMatchObject({
      cname: "lz4",
      clevel: 3,
      shuffle: format === "3" ? "bitshuffle" : 2,
    });
    expect(document["zarr_format"]).toBe(Number(format));
  });

  test("keeps the chunks of arrays with other axes, and leaves out what is excluded", async () => {
    const { code, out } = await chunkwise(
      "rechunk in3.zarr part.zarr --chunks=3,-1,2 --exclude time --exclude empty --codec raw".split(
        " ",
      ),
    );
    expect(code).toBe(0);
    expect(out).toContain("in chunks of (3, 8, 2)");
    const root = await cw.openGroup(at("part.zarr"));
    expect([Object.keys(root.arrays), Object.keys(root.groups)]).toEqual([["count"], ["surface"]]);
    expect(root.groups["surface"]?.arrays["t2m"]?.codecs).toEqual(["bytes(little)"]);
  });

  test("is refused as a whole, before anything is written", async () => {
    await cw.ones([2]).toZarr(at("taken.zarr"), { path: "time" });
    const taken = await chunkwise("rechunk in3.zarr taken.zarr --chunks=time:1".split(" "));
    expect(taken.code).toBe(1);
    expect(taken.err).toMatch(/^chunkwise: taken\.zarr\/time is an existing Zarr array[^\n]*\n$/);
    expect(await filesBelow("taken.zarr")).toEqual(["time/c/0", "time/zarr.json", "zarr.json"]);
    await mkdir(at("odd.zarr"));
    await writeFile(
      at("odd.zarr", "zarr.json"),
      JSON.stringify({ zarr_format: 3, node_type: "group" }),
    );
    const document = await json("in3.zarr", "time", "zarr.json");
    await mkdir(at("odd.zarr", "words"));
    await writeFile(
      at("odd.zarr", "words", "zarr.json"),
      JSON.stringify({ ...document, data_type: "string" }),
    );
    const odd = await chunkwise("rechunk odd.zarr never.zarr --chunks=1".split(" "));
    expect([odd.code, odd.out]).toEqual([2, ""]);
    expect(odd.err).toMatch(
      /words cannot be read: .*string.*\(leave it out with --exclude words\)\n$/,
    );
    await expect(readdir(at("never.zarr"))).rejects.toThrow("ENOENT");
  });
});

describe("shards", () => {
  const grids = async (store: string, path: string): Promise<unknown> => {
    const node = await cw.describeStore(at(store), { path });
    return "chunks" in node ? [node.chunks, node.shards] : node;
  };
  const T2M = "surface/t2m";

  test("are written as they are asked for, by the names of dimensions", async () => {
    const args = "rechunk in3.zarr shards.zarr --chunks=time:2,lat:4,lon:5 --shards=time:4,lon:-1";
    const dry = await chunkwise([...args.split(" "), "--dry-run"]);
    expect(dry.out).toContain(
      "surface/t2m: int16 (6, 8, 10), chunks (2, 8, 10) -> (2, 4, 5) in shards (4, 4, 10)\n",
    );
    expect(dry.out).toMatch(/^ {2}written {2}960 B in 4 shards$/m);
    // A list of lengths names the axes of the arrays that have as many.
    expect(dry.out).toMatch(/ time: float64 \(6\), chunks \(6\) -> \(2\) in shards \(4\)$/m);
    const { code, out, err } = await chunkwise(args.split(" "));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("in chunks of (2, 4, 5) in shards (4, 4, 10), 960 B in ");
    expect(await grids("shards.zarr", T2M)).toEqual([
      [2, 4, 5],
      [4, 4, 10],
    ]);
    expect((await filesBelow("shards.zarr")).filter((f) => f.includes("t2m/c/"))).toHaveLength(4);
    for (const path of [T2M, "time", "count"]) {
      expect(await nested("shards.zarr", path)).toEqual(await nested("in3.zarr", path));
    }
    const codecs = (await json("shards.zarr", T2M, "zarr.json"))["codecs"];
    expect(codecs).toMatchObject([
      {
        name: "sharding_indexed",
        configuration: { codecs: [{ name: "bytes" }, { configuration: { cname: "lz4" } }] },
      },
    ]);
  });

  test.each([
    ["as they are", "--chunks=lat:4", [2, 4, 10], [4, 8, 10], ""],
    ["with smaller chunks", "--chunks=time:1,lat:2,lon:5", [1, 2, 5], [4, 8, 10], ""],
    [
      "in whole chunks",
      "--chunks=time:3,lat:3",
      [3, 3, 10],
      [3, 6, 10],
      "its shards (4, 8, 10) become (3, 6, 10)",
    ],
    // A shard that holds the whole axis is shorter along the others.
    [
      "with as many elements",
      "--chunks=time:-1,lat:2,lon:2",
      [6, 2, 2],
      [6, 8, 6],
      "its shards (4, 8, 10) become (6, 8, 6)",
    ],
    [
      "as chunks where one is as large",
      "--chunks=-1,-1,5",
      [6, 8, 5],
      undefined,
      "its shards become chunks",
    ],
    ["and not", "--shards=none", [2, 4, 5], undefined, ""],
    ["others", "--shards=2,8,5", [2, 4, 5], [2, 8, 5], ""],
    ["longer ones", "--shards=time:-1", [2, 4, 5], [6, 8, 10], ""],
    [
      "not to v2",
      "--chunks=lat:4 --zarr-format=2",
      [2, 4, 5],
      undefined,
      "its shards become chunks",
    ],
  ] as const)("are carried over: %s", async (_, options, chunks, shards, note) => {
    const source = "carried.zarr";
    await rm(at(source), { recursive: true, force: true });
    await rm(at("onto.zarr"), { recursive: true, force: true });
    await cw
      .arange(480, { dtype: "int16" })
      .reshape([6, 8, 10])
      .toZarr(at(source), {
        chunks:
          options.startsWith("--chunks=lat:4 --") || options.includes("shards")
            ? [2, 4, 5]
            : [2, 8, 10],
        shards: [4, 8, 10],
        dimensionNames: ["time", "lat", "lon"],
      });
    const { code, err } = await chunkwise(["rechunk", source, "onto.zarr", ...options.split(" ")]);
    expect([code, err]).toEqual([0, note === "" ? "" : `chunkwise: ${source}: ${note}\n`]);
    expect(await grids("onto.zarr", "")).toEqual([[...chunks], shards]);
    expect(await nested("onto.zarr", "")).toEqual(await nested(source, ""));
  });
});

describe("--dry-run", () => {
  test("prints the plan of every array, and writes nothing", async () => {
    const { code, out, err } = await chunkwise(
      "rechunk in3.zarr dry.zarr --chunks=time:-1,lon:5 --dry-run --memory 64MiB --workers 2".split(
        " ",
      ),
    );
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(
      "dry.zarr surface/t2m: int16 (6, 8, 10), chunks (2, 8, 10) -> (6, 8, 5)\n",
    );
    expect(out).toMatch(/^ {2}read {5}960 B in 3 chunks$/m);
    expect(out).toMatch(/^ {2}written {2}960 B in 2 chunks$/m);
    expect(out).toMatch(/^ {2}spilled {2}0 B$/m);
    expect(out).toMatch(/^ {2}peak {5}[\d.]+ .iB of 64\.0 MiB$/m);
    expect(out).toMatch(/^ {2}time {5}about \d+ ms on 2 workers$/m);
    expect(out).toMatch(/^3 arrays: peak /m);
    await expect(readdir(at("dry.zarr"))).rejects.toThrow("ENOENT");
  });

  test("tells what goes over the disk, and the run agrees", async () => {
    const x = cw
      .arange(4096 * 2048, { dtype: "float32" })
      .reshape([4096, 2048])
      .rechunk([16, 2048]);
    await x.toZarr(at("tall.zarr"), { codecs: "raw" });
    const args = "rechunk tall.zarr wide.zarr --chunks=-1,16 --memory 8MiB --workers 1".split(" ");
    const { out } = await chunkwise([...args, "--dry-run"]);
    expect(out).toMatch(/^ {2}spilled {2}32\.0 MiB$/m);
    const none = "rechunk tall.zarr wide.zarr --chunks=-1,16 --memory 1GiB --dry-run".split(" ");
    expect((await chunkwise(none)).out).toMatch(/^ {2}spilled {2}0 B$/m);
    await mkdir(at("spill"));
    const ran = await chunkwise([...args, "--spill-directory=spill"]);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(await readdir(at("spill"))).toEqual([]);
    const copy = await cw.openZarr(at("wide.zarr"));
    expect((await copy.equal(x).all().compute()).item()).toBe(true);
    const lost = await chunkwise([...args, "--mode=overwrite", "--spill-directory=absent/folder"]);
    expect(lost.code).not.toBe(0);
    expect(lost.err).toContain("absent");
  });
});

describe("--resume", () => {
  test("goes on after a kill, to the same store", async () => {
    const store = at("many.zarr");
    await cw.createGroup(store, { attributes: { title: "many" } });
    const x = cw
      .arange(2048 * 1024, { dtype: "float32" })
      .reshape([2048, 1024])
      .rechunk([64, 1024]);
    await cw.store({ a: x, b: x.add(1) }, store, { codecs: "raw" });
    const args =
      "rechunk many.zarr copy.zarr --chunks=32,64 --memory 8MiB --workers 1 --resume".split(" ");
    const killed = await chunkwise(args, async (kill) => {
      const there = async (): Promise<number> =>
        (await filesBelow("copy.zarr").catch(() => [])).length;
      for (let n = 0; n < 4000 && (await there()) < 200; n++) {
        await new Promise((next) => setTimeout(next, 2));
      }
      kill();
    });
    expect(killed.code).toBe("SIGKILL");
    const before = await filesBelow("copy.zarr");
    expect(before.some((file) => file.endsWith(".chunkwise-journal"))).toBe(true);
    const other = await chunkwise([...args, "--codec=gzip"]);
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/cannot be resumed: .*another codecs/);
    const { code, err, out } = await chunkwise(args);
    expect([code, err]).toEqual([0, ""]);
    const [a] = out.split("\n");
    expect(a).not.toContain(" 8.0 MiB in ");
    const whole = await chunkwise(args.map((arg) => arg.replace("copy", "whole")));
    expect(whole.code).toBe(0);
    expect(await filesBelow("copy.zarr")).toEqual(await filesBelow("whole.zarr"));
    for (const file of await filesBelow("whole.zarr")) {
      const equal = (await readFile(at("copy.zarr", file))).equals(
        await readFile(at("whole.zarr", file)),
      );
      expect(equal, file).toBe(true);
    }
    expect((await chunkwise(args)).out).toMatch(
      /a: .*, complete already\n.*b: .*, complete already\n/,
    );
    expect((await chunkwise(args.slice(0, -1))).err).toContain("is an existing Zarr array");
  }, 60_000);
});

describe("usage", () => {
  test.each([
    [
      ["--chunk=1,1,1"],
      "unknown option '--chunk' (did you mean --chunks? see chunkwise rechunk --help)",
    ],
    [
      ["--chunks=1", "--resum"],
      "unknown option '--resum' (did you mean --resume? see chunkwise rechunk --help)",
    ],
    [
      ["--chunks=1", "--codec=zst"],
      "--codec=zst is not known (did you mean zstd? give zstd or blosc or gzip or raw)",
    ],
    [["--chunks=1", "--zarr-format=4"], "--zarr-format=4 is not known (give 2 or 3)"],
    [
      ["--chunks=1", "--shards=4", "--zarr-format=2"],
      "--shards: Zarr v2 has no shards (leave it out, or write --zarr-format=3)",
    ],
    [
      ["--shards=auto,1"],
      "--shards=auto,1 is not a shard shape: 'auto' (give a number > 0 or -1 for each axis, or none)",
    ],
    [
      ["--shards=:2"],
      "--shards=:2 is not a shard shape: ':2' names no dimension (give NAME:LENGTH for each of them, as in --shards=time:100,lat:-1)",
    ],
    [["--shards=depth:1"], "--shards fits no array in in3.zarr (dimensions are time, lat, lon)"],
    [
      ["--chunks=time:2", "--shards=time:3"],
      "--shards: 3 is no multiple of the chunks of 2 (axis 0) (right would be 2 or 4)",
    ],
    [["--chunks=time:1,time:2"], "--chunks=time:1,time:2 names time twice (give it once)"],
    [
      ["--chunks=:2"],
      "--chunks=:2 is not a chunk shape: ':2' names no dimension (give NAME:LENGTH for each of them, as in --chunks=time:100,lat:-1)",
    ],
    [["--chunks=depth:1"], "--chunks fits no array in in3.zarr (dimensions are time, lat, lon)"],
    [
      ["--chunks=depth:1", "--path=time"],
      "--chunks names no axis of the array in in3.zarr (dimensions are time)",
    ],
    [
      ["--chunks=1,1"],
      "--chunks fits no array in in3.zarr (give as many lengths as the array has axes)",
    ],
    [
      ["--chunks=time:1", "--exclude=wind"],
      "--exclude wind: there is nothing at this path (see chunkwise info in3.zarr)",
    ],
  ])("%j: one line, code 2, nothing written", async (options, message) => {
    expect(await chunkwise(["rechunk", "in3.zarr", "never.zarr", ...options])).toEqual({
      code: 2,
      out: "",
      err: `chunkwise: ${message}\n`,
    });
    await expect(readdir(at("never.zarr"))).rejects.toThrow("ENOENT");
  });
});
