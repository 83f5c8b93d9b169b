/** `chunkwise compute` and `explain` on real stores: what they print and write, and how they say what is wrong. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placeOf } from "../../dist/cli/expression.js";
import { run } from "../../dist/cli/run.js";
import { arrayText } from "../../dist/cli/text.js";
import * as cw from "../../dist/index.js";

let store = "";
let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-compute-"));
  store = join(scratch, "wind.zarr");
  const u = cw.arange(24, { dtype: "float32" }).reshape([2, 3, 4]);
  await u.rechunk([1, 3, 2]).toZarr(store, { path: "surface/u" });
  await u.multiply(2).toZarr(store, { path: "v" });
  await cw.arange(3000, { dtype: "int16" }).toZarr(join(scratch, "long"));
});
afterAll(async () => {
  await cw.shutdown();
  await rm(scratch, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function chunkwise(...args: string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    isTerminal: false,
  };
  const code = await run(args, terminal, new AbortController().signal);
  return { code, out: out.join(""), err: err.join("") };
}
const inputs = (): string[] => ["--in", `u=${store}/surface/u`, "--in", `v=${store}/v`];
const long = (): string[] => ["--in", `x=${join(scratch, "long")}`];

describe("compute", () => {
  test("prints a small result", async () => {
    expect(await chunkwise("compute", "mean(u**2 + v, axis=0)", ...inputs())).toEqual({
      code: 0,
      // ((k^2 + 2k) + ((k + 12)^2 + 2(k + 12))) / 2 = k^2 + 14k + 84 for k = 0..11
      out: "[[ 84,  99, 116, 135],\n [156, 179, 204, 231],\n [260, 291, 324, 359]]\n",
      err: "",
    });
  });

  test("prints a scalar as a number, and an integer as one", async () => {
    expect((await chunkwise("compute", "u.mean()", ...inputs())).out).toBe("11.5\n");
    expect((await chunkwise("compute", "argmax(u)", ...inputs())).out).toBe("23\n");
    expect(
      (await chunkwise("compute", "x.sum()", ...long(), "--memory=64MiB", "--workers=1")).out,
    ).toBe("4498500\n");
  });

  test("writes a result to a store, at a path", async () => {
    const out = `${join(scratch, "out.zarr")}/speed/all`;
    const args = ["compute", "sqrt(u**2 + v**2)", ...inputs(), "--out", out];
    const outcome = await chunkwise(...args, "--chunks=2,-1,1", "--codec=gzip", "--memory=64MiB");
    expect(outcome.err).toBe("");
    expect(outcome.out).toMatch(/speed\/all: float32 \(2, 3, 4\), 96 B in .*, peak .*\n$/);
    const stored = await cw.openZarr(join(scratch, "out.zarr"), { path: "speed/all" });
    expect(stored.chunks).toEqual([[2], [3], [1, 1, 1, 1]]);
    expect(JSON.stringify(stored.codecs)).toContain("gzip");
    const u = await cw.openZarr(store, { path: "surface/u", dtype: "float32" });
    const expected = await u.pow(2).add(u.multiply(2).pow(2)).sqrt().compute();
    expect((await stored.compute()).toNested()).toEqual(expected.toNested());

    const again = await chunkwise(...args);
    expect(again.code).toBe(1);
    expect(again.err).toContain("is an existing Zarr array");
    expect((await chunkwise(...args, "--mode=overwrite")).code).toBe(0);
  });

  test("does not print what nobody would read", async () => {
    expect(await chunkwise("compute", "x * 2", ...long())).toEqual({
      code: 2,
      out: "",
      err: "chunkwise: the result has 3000 elements, shape (3000) (write it with --out STORE, or select at most 1000)\n",
    });
    expect((await chunkwise("compute", "x[:1000]", ...long())).code).toBe(0);
  });

  test("mistakes in the expression are shown at their place", async () => {
    expect(await chunkwise("compute", "1 + meen(u)", ...inputs())).toEqual({
      code: 2,
      out: "",
      err: "chunkwise: unknown function 'meen' (did you mean mean?)\n\n  1 + meen(u)\n      ^^^^\n",
    });
    expect(await chunkwise("compute", "u + (u[1:, 1:])", ...inputs())).toEqual({
      code: 1,
      out: "",
      err:
        "chunkwise: add: shapes [2, 3, 4] and [1, 2, 4] do not broadcast " +
        "(lengths of axis -2 must be equal or 1, got 3 and 2)\n\n  u + (u[1:, 1:])\n  ^^^^^^^^^^^^^^^\n",
    });
  });

  test.each<[string, string[], string]>([
    ["no expression", [], "compute needs EXPR (see chunkwise compute --help)"],
    [
      "an input without a name",
      ["x", "--in", "store"],
      "--in store names no array (give NAME=STORE, as in --in u=era5.zarr/u)",
    ],
    [
      "an input without a store",
      ["x", "--in", "x="],
      "--in x= names no array (give NAME=STORE, as in --in u=era5.zarr/u)",
    ],
    [
      "a name that is none",
      ["x", "--in", "1x=a"],
      "--in 1x=a names no array (give NAME=STORE, as in --in u=era5.zarr/u)",
    ],
    [
      "a name twice",
      ["x", "--in", "x=a", "--in", "x=b"],
      "--in x is given twice (names are different)",
    ],
    [
      "chunks of nothing",
      ["x", "--chunks=1"],
      "--chunks is for a result that is written (give --out STORE)",
    ],
    [
      "a codec for nothing",
      ["x", "--codec=gzip"],
      "--codec is for a result that is written (give --out STORE)",
    ],
    ["a bad codec", ["x", "--codec=lzma"], "--codec=lzma is not known (give zstd or gzip or raw)"],
    ["bad workers", ["x", "--workers=0"], "--workers=0 is not a number (give a whole number >= 1)"],
  ])("%s", async (_name, args, message) => {
    expect(await chunkwise("compute", ...args)).toEqual({
      code: 2,
      out: "",
      err: `chunkwise: ${message}\n`,
    });
  });
});

describe("explain", () => {
  test("shows the plan and computes nothing", async () => {
    const { code, out } = await chunkwise(
      "explain",
      "u.mean(axis=0)",
      ...inputs(),
      "--memory=64MiB",
    );
    expect(code).toBe(0);
    expect(out).toContain("float32[3, 4]");
    expect(out).toContain("#0 reduce ");
    expect(out).toContain("of 64");
  });

  test("as data, as a drawing, and beside what happened", async () => {
    const data = await chunkwise("explain", "u.mean(axis=0)", ...inputs(), "--format=json");
    expect(JSON.parse(data.out)).toMatchObject({ version: 1, roots: [{ shape: [3, 4] }] });
    const svg = await chunkwise("explain", "u.mean(axis=0)", ...inputs(), "--format=svg");
    expect(svg.out).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const rules = await chunkwise("explain", "u.mean(axis=0)", ...inputs(), "--level=rules");
    expect(rules.out).toContain("\nrules that fired");
    const ran = await chunkwise("explain", "u.mean(axis=0)", ...inputs(), "--analyze");
    expect(ran.out).toMatch(/estimate \| actual: tasks \d+ \| \d+/);
  });

  test.each([
    [["--format=pdf"], "--format=pdf is not known (give text or json or svg or mermaid)"],
    [
      ["--analyze", "--level=rules"],
      "--analyze shows the plan as it ran (give --level or --analyze)",
    ],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await chunkwise("explain", "u.mean(axis=0)", ...inputs(), ...args);
    expect([code, err]).toEqual([2, `chunkwise: ${message}\n`]);
  });

  test("mistakes are shown at their place", async () => {
    const { code, err } = await chunkwise("explain", "u +", ...inputs());
    expect(code).toBe(2);
    expect(err).toBe("chunkwise: expected a value, found the end\n\n  u +\n     ^\n");
  });
});

test.each(["compute", "explain"])(
  "%s has its own help, of at most 120 columns",
  async (command) => {
    const { out } = await chunkwise(command, "--help");
    expect(out).toContain(`Usage: chunkwise ${command} EXPR`);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect((await chunkwise("--help")).out).toMatch(new RegExp(`^ {2}${command} `, "m"));
  },
);

test.each<[string, string, string | undefined]>([
  ["era5.zarr", "era5.zarr", undefined],
  ["era5.zarr/", "era5.zarr", undefined],
  ["era5.zarr/u", "era5.zarr", "u"],
  ["/data/era5.zarr/surface/u/", "/data/era5.zarr", "surface/u"],
  ["https://host/a.zarr/u", "https://host/a.zarr", "u"],
  ["plain/folder", "plain/folder", undefined],
  ["my.zarrs/u", "my.zarrs/u", undefined],
])("%s is a store and a path", (text, where, path) => {
  expect(placeOf(text)).toEqual({ store: where, path });
});

describe("arrays as text", () => {
  test.each<[string, cw.LazyArray]>([
    ["7.5", cw.asarray(7.5)],
    ["[1, 2]", cw.asarray([1, 2])],
    [
      "[[ 1, 20],\n [-3, -0]]",
      cw.asarray([
        [1, 20],
        [-3, -0],
      ]),
    ],
    ["[[[1],\n  [2]],\n\n [[3],\n  [4]]]", cw.asarray([1, 2, 3, 4]).reshape([2, 2, 1])],
    ["[ true, false]", cw.asarray([true, false])],
    ["[NaN, Infinity]", cw.asarray([Number.NaN, Infinity])],
    ["[9007199254740993]", cw.asarray([9007199254740993n])],
    ["[1+0j, 2+0j]", cw.asarray([1, 2]).astype("complex64")],
    ["[] float64 (0, 3)", cw.zeros([0, 3])],
  ])("%s", async (text, array) => {
    const shown = arrayText(await array.compute());
    expect(shown.replace(/\[ +N/, "[N")).toBe(text);
  });
});

describe("--trace", () => {
  const events = async (file: string): Promise<readonly cw.ChromeEvent[]> =>
    (JSON.parse(await readFile(join(scratch, file), "utf8")) as cw.ChromeTrace).traceEvents;
  const kinds = async (file: string): Promise<(string | undefined)[]> =>
    (await events(file)).map((e) => e.cat);

  test("writes a page, or Chrome's trace, of what was computed", async () => {
    const page = join(scratch, "run.html");
    expect((await chunkwise("compute", "u.max()", ...inputs(), "--trace", page)).code).toBe(0);
    const html = await readFile(page, "utf8");
    expect(html.startsWith("<!doctype html>")).toBe(true);
    expect(html).toContain("wind.zarr/surface/u");
    const out = ["--out", join(scratch, "sum.zarr"), "--trace", join(scratch, "run.json")];
    expect((await chunkwise("compute", "u + v", ...inputs(), ...out)).code).toBe(0);
    const seen = await kinds("run.json");
    for (const kind of ["task", "read", "decode", "write", "store"]) expect(seen).toContain(kind);
  });

  test("writes a file for each array of a group that is rechunked", async () => {
    const target = [store, join(scratch, "turned.zarr"), "--chunks=-1,1,1"];
    const { code, err } = await chunkwise(
      "rechunk",
      ...target,
      "--trace",
      join(scratch, "copy.json"),
    );
    expect([code, err]).toEqual([0, ""]);
    expect(await kinds("copy-surface-u.json")).toContain("write");
    expect(await kinds("copy-v.json")).toContain("write");
    await expect(events("copy.json")).rejects.toThrow("ENOENT");
  });

  test.each([
    ["compute", "u", "--in", "u=nowhere"],
    ["rechunk", "nowhere", "out", "--chunks=1"],
  ])("is looked at before anything is read: %s", async (...args) => {
    const { code, err } = await chunkwise(...args, "--trace=run.txt");
    expect(code).toBe(2);
    expect(err).toBe(
      "chunkwise: --trace=run.txt is no page and no trace (give a name in .html or .json)\n",
    );
  });
});
