/** The command line itself: help, usage errors and exit codes, without any store. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseChunks } from "../../dist/cli/chunks.js";
import { run } from "../../dist/cli/run.js";
import { alignColumns, formatBytes, formatSeconds } from "../../dist/cli/text.js";
import * as cw from "../../dist/index.js";

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

describe("help and version", () => {
  test("--help goes to standard output and names every command", async () => {
    for (const args of [["--help"], ["-h"], ["help"]]) {
      const { code, out, err } = await chunkwise(...args);
      expect(code).toBe(0);
      expect(err).toBe("");
      expect(out).toContain("Usage: chunkwise <command>");
      expect(out).toMatch(/^ {2}info /m);
      expect(out).toMatch(/^ {2}rechunk /m);
    }
  });

  test.each([
    ["info", "--attributes"],
    ["rechunk", "--chunks=SPEC"],
  ])("%s has its own help", async (command, word) => {
    for (const args of [
      [command, "--help"],
      [command, "x", "-h"],
      ["help", command],
    ]) {
      const { code, out } = await chunkwise(...args);
      expect(code).toBe(0);
      expect(out).toContain(`Usage: chunkwise ${command}`);
      expect(out).toContain(word);
    }
  });

  test("help fits a terminal of 120 columns", async () => {
    for (const args of [["--help"], ["info", "--help"], ["rechunk", "--help"]]) {
      const { out } = await chunkwise(...args);
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    }
  });

  test("--version prints the version of the package", async () => {
    const manifest = await readFile(resolve(import.meta.dirname, "../../package.json"), "utf8");
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await chunkwise("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

test("--codecs tells what does the work", async () => {
  const { zstd } = await cw.describeCodecs();
  expect(["node:zlib", "zstd-napi", "@foxglove/wasm-zstd"]).toContain(zstd);
  expect(await chunkwise("--codecs")).toEqual({ code: 0, out: `zstd  ${zstd}\n`, err: "" });
});

describe("usage errors", () => {
  test("no command shows the help on standard error", async () => {
    const { code, out, err } = await chunkwise();
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: chunkwise");
  });

  test.each<[string, string[], string]>([
    [
      "unknown command",
      ["inof", "x"],
      "unknown command 'inof' (the commands are info, rechunk, compute and explain)",
    ],
    [
      "unknown option",
      ["--frobnicate"],
      "unknown option '--frobnicate' (the commands are info, rechunk, compute and explain)",
    ],
    ["missing store", ["info"], "info needs STORE (see chunkwise info --help)"],
    [
      "missing stores",
      ["rechunk", "--chunks=1"],
      "rechunk needs IN and OUT (see chunkwise rechunk --help)",
    ],
    [
      "one argument too many",
      ["info", "a", "b"],
      "unexpected argument 'b' (see chunkwise info --help)",
    ],
    [
      "an option of another command",
      ["info", "a", "--chunks=1"],
      "unknown option '--chunks' (see chunkwise info --help)",
    ],
    ["no chunks", ["rechunk", "a", "b"], "rechunk needs --chunks (as in --chunks=100,-1,-1)"],
    [
      "bad chunks",
      ["rechunk", "a", "b", "--chunks=10,x"],
      "--chunks=10,x is not a chunk shape: 'x' (give a number > 0, -1 or auto for each axis, or one size as 64MiB)",
    ],
    [
      "zero chunks",
      ["rechunk", "a", "b", "--chunks=0"],
      "--chunks=0 is not a chunk shape: '0' (give a number > 0, -1 or auto for each axis, or one size as 64MiB)",
    ],
    [
      "bad workers",
      ["rechunk", "a", "b", "--chunks=1", "--workers=two"],
      "--workers=two is not a number (give a whole number >= 1)",
    ],
    [
      "no workers",
      ["rechunk", "a", "b", "--chunks=1", "--workers=0"],
      "--workers=0 is not a number (give a whole number >= 1)",
    ],
    [
      "bad codec",
      ["rechunk", "a", "b", "--chunks=1", "--codec=lzma"],
      "--codec=lzma is not known (give zstd or blosc or gzip or raw)",
    ],
    [
      "bad mode",
      ["rechunk", "a", "b", "--chunks=1", "--mode=append"],
      "--mode=append is not known (give create or overwrite)",
    ],
  ])("%s", async (_name, args, message) => {
    expect(await chunkwise(...args)).toEqual({ code: 2, out: "", err: `chunkwise: ${message}\n` });
  });

  test("a missing value is one line with code 2", async () => {
    const { code, err } = await chunkwise("rechunk", "a", "b", "--chunks");
    expect(code).toBe(2);
    expect(err).toMatch(/^chunkwise: .*--chunks.*\(see chunkwise rechunk --help\)\n$/);
  });
});

describe("parseChunks", () => {
  test.each<[string, unknown]>([
    ["100,-1,-1", [100, -1, -1]],
    ["7", [7]],
    [" 3 , auto ", [3, "auto"]],
    ["auto", "auto"],
    ["64MiB", "64MiB"],
    ["1.5 GB", "1.5 GB"],
  ])("%s", (text, chunks) => {
    expect(parseChunks(text)).toEqual(chunks);
  });

  test.each(["", ",", "1,,2", "-2", "1.5", "1e3", "0x10", "MiB"])("%j is refused", (text) => {
    expect(() => parseChunks(text)).toThrow("is not a chunk shape");
  });
});

describe("text", () => {
  test("bytes", () => {
    expect([0, 1023, 1024, 1536, 2 ** 20, 5 * 2 ** 50, 2 ** 70].map(formatBytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "1.0 MiB",
      "5.0 PiB",
      "1024.0 EiB",
    ]);
  });

  test("seconds", () => {
    expect([0.0421, 1, 59.94, 75, 3600].map(formatSeconds)).toEqual([
      "42 ms",
      "1.0 s",
      "59.9 s",
      "1 min 15 s",
      "60 min 0 s",
    ]);
  });

  test("columns", () => {
    expect(alignColumns([["a", "bb"], [], ["ccc", "d", "e"]])).toEqual([
      "a    bb",
      "",
      "ccc  d   e",
    ]);
  });
});
