/** Zarr over HTTP, from a server of this process that can be told to fail in every way that servers fail. */
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { FetchStore } from "@zarrita/storage";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
const fixtures = new URL("../fixtures/zarr/stores/", import.meta.url);

interface Seen {
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}
let seen: Seen[] = [];
/** Answers a request itself, or leaves it to the server. `n` counts requests of the same URL. */
type Fault = (request: http.IncomingMessage, response: http.ServerResponse, n: number) => boolean;
let fault: Fault = () => false;
let ranges = true;

const server = http.createServer((request, response) => {
  const url = request.url ?? "";
  const { range, authorization } = request.headers;
  const n = seen.filter((s) => s.url === url).length;
  seen.push({ url, range, authorization });
  if (fault(request, response, n)) return;
  const file = path.join(folder, decodeURIComponent(new URL(url, "http://x").pathname));
  if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  send(response, fs.readFileSync(file), ranges ? range : undefined);
});

function send(response: http.ServerResponse, bytes: Buffer, range: string | undefined): void {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (range === undefined) {
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    return;
  }
  const start = from === "" ? Math.max(0, bytes.length - Number(to)) : Number(from);
  const end = from === "" || to === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
  if (start >= bytes.length) {
    response.writeHead(416).end();
    return;
  }
  response
    .writeHead(206, {
      "content-length": end - start,
      "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
    })
    .end(bytes.subarray(start, end));
}

let base = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of [
    "v3_shard_start",
    "v3_shard_missing",
    "v3_missing",
    "v2_blosc",
    "v2_missing",
  ]) {
    fs.cpSync(new URL(name, fixtures), path.join(folder, name), { recursive: true });
  }
  const x = cw.arange(1000, { chunks: 100 });
  await cw.store(
    { x, "a b/y": x.reshape([10, 100]).rechunk([10, 10]) },
    path.join(folder, "plain.zarr"),
    {
      arrays: { "a b/y": { codecs: "raw" } },
    },
  );
});
beforeEach(() => {
  seen = [];
  fault = () => false;
  ranges = true;
});
afterAll(async () => {
  await cw.shutdown();
  server.closeAllConnections();
  server.close();
});

const local = (name: string): string => path.join(folder, name);
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing was refused",
    (e: Error) => `${e.name}: ${e.message}`,
  );

describe("reading", () => {
  it.each([
    "v3_shard_start",
    "v3_shard_missing",
    "v3_missing",
    "v2_blosc",
    "v2_missing",
    "plain.zarr/x",
  ])(
    "%s: the values of the directory, inline and on threads, with ranges and without",
    async (name) => {
      const expected = (await (await cw.openZarr(local(name))).compute()).data;
      for (const known of [true, false]) {
        ranges = known;
        const array = await cw.openZarr(`${base}/${name}`);
        for (const executor of ["inline", "threads"] as const) {
          expect((await array.compute({ executor, workers: 2 })).data).toEqual(expected);
        }
      }
      expect(runtime.account().used).toBe(0);
    },
  );

  it("of a part of a shard asks for its index and the inner chunks alone", async () => {
    const array = await cw.openZarr(`${base}/v3_shard_start`);
    seen = [];
    await array.at(...array.shape.map(() => 0)).compute();
    expect(seen.length).toBe(2);
    for (const { range } of seen) expect(range).toMatch(/^bytes=\d+-\d+$/);
  });

  it("names with spaces, a URL object, and a store of zarrita", async () => {
    const expected = (await (await cw.openZarr(local("plain.zarr"), { path: "a b/y" })).compute())
      .data;
    for (const store of [
      `${base}/plain.zarr/`,
      new URL(`${base}/plain.zarr`),
      new FetchStore(`${base}/plain.zarr`),
    ]) {
      const array = await cw.openZarr(store, { path: "a b/y" });
      expect((await array.compute()).data).toEqual(expected);
    }
  });

  it("of a group needs consolidated metadata", async () => {
    expect(await message(cw.openGroup(`${base}/plain.zarr`))).toMatch(
      /^ZarrError: this store cannot list its keys and has no consolidated metadata/,
    );
    const file = path.join(local("plain.zarr"), "zarr.json");
    const kept = fs.readFileSync(file, "utf8");
    const at = (name: string): unknown =>
      JSON.parse(fs.readFileSync(path.join(local("plain.zarr"), name, "zarr.json"), "utf8"));
    const metadata = { x: at("x"), "a b": at("a b"), "a b/y": at("a b/y") };
    fs.writeFileSync(
      file,
      JSON.stringify({ ...JSON.parse(kept), consolidated_metadata: { kind: "inline", metadata } }),
    );
    seen = [];
    const group = await cw.openGroup(`${base}/plain.zarr`);
    fs.writeFileSync(file, kept);
    expect(seen.map((s) => s.url)).toEqual(["/plain.zarr/zarr.json"]);
    const y = group.groups["a b"]?.arrays["y"];
    expect((await y?.at(9, 99).compute())?.item()).toBe(999);
  });

  it("sends credentials and query with every request, and tells them to nobody", async () => {
    const secret = base.replace("//", "//me:p%40ss@");
    const x = await cw.openZarr(`${secret}/plain.zarr?key=hidden`, { path: "x" });
    await x.sum().compute();
    expect(new Set(seen.map((s) => s.authorization))).toEqual(
      new Set([`Basic ${Buffer.from("me:p@ss").toString("base64")}`]),
    );
    expect(seen.every((s) => s.url.endsWith("?key=hidden"))).toBe(true);
    fault = (_, response) => response.writeHead(403).end() !== undefined;
    // Several tasks ask at once; whose answer comes first is not fixed.
    expect((await message(x.sum().compute())).replace(/c\/\d+:/, "c/0:")).toBe(
      `SourceError: ${base}/plain.zarr/x/c/0: the server answered 403 Forbidden; check the credentials`,
    );
    expect(await message(cw.openZarr(`${secret}/none.zarr?key=hidden`))).toBe(
      `SourceError: ${base}/none.zarr/zarr.json: the server answered 403 Forbidden; check the credentials`,
    );
    fault = () => false;
    expect(await message(cw.openZarr(`${secret}/none.zarr?key=hidden`))).toBe(
      `ZarrError: none.zarr holds no Zarr array or group in ${base}/none.zarr; an array has a zarr.json (v3) or a .zarray (v2) document`,
    );
  });
});

/** A body that states all its bytes and ends half way. */
const torn: Fault = (request, response) => {
  response.writeHead(200, { "content-length": 1000 });
  response.write(Buffer.alloc(500), () => setTimeout(() => request.socket.destroy(), 5));
  return true;
};
const PASSING: readonly [string, Fault, string][] = [
  [
    "status 500",
    (_, r) => r.writeHead(500).end() !== undefined,
    "the server answered 500 Internal Server Error",
  ],
  [
    "status 503",
    (_, r) => r.writeHead(503).end("busy") !== undefined,
    "the server answered 503 Service Unavailable",
  ],
  [
    "status 429",
    (_, r) => r.writeHead(429).end() !== undefined,
    "the server answered 429 Too Many Requests",
  ],
  ["a reset", (q) => q.socket.resetAndDestroy() !== undefined, "the connection failed: "],
  ["a torn body", torn, "the connection failed: "],
  ["silence", () => true, "the server was silent for 400 ms"],
];

describe.each(PASSING)("%s", (what, how, words) => {
  // Only silence is waited for, long enough for a healthy answer of a busy machine.
  const timeout = what === "silence" ? 400 : 30_000;
  const isFaulty = (url = ""): boolean => (what === "silence" ? /c\/3$/ : /./).test(url);
  it("passes", async () => {
    const options = { timeout, retries: 3 };
    fault = (q, r, n) => n < 1 && isFaulty(q.url) && how(q, r, n);
    const x = await cw.openZarr(cw.httpStore(`${base}/plain.zarr`, options), { path: "x" });
    expect((await x.sum().compute()).item()).toBe(499_500);
    expect(runtime.account().used).toBe(0);
  });
  it("lasts: SourceError with the URL, and the next run is served", async () => {
    const options = { timeout, retries: 1 };
    const x = await cw.openZarr(cw.httpStore(`${base}/plain.zarr`, options), { path: "x" });
    fault = (q, r, n) => /c\/3$/.test(q.url ?? "") && how(q, r, n);
    for (const executor of ["inline", "threads"] as const) {
      const text = await message(x.sum().compute({ executor, workers: 2 }));
      expect(text.startsWith(`SourceError: ${base}/plain.zarr/x/c/3: ${words}`)).toBe(true);
      expect(text.endsWith("; it was asked 2 times")).toBe(true);
      expect(runtime.account().used).toBe(0);
    }
    fault = () => false;
    expect((await x.sum().compute()).item()).toBe(499_500);
  });
});

describe("answers that are wrong", () => {
  const open = (): Promise<cw.ZarrArray> =>
    cw.openZarr(cw.httpStore(`${base}/plain.zarr`, { retries: 1 }), { path: "x" });

  it("a chunk that is too long is refused before it is taken", async () => {
    const x = await open();
    let sent = 0;
    fault = (_, response) => {
      response.writeHead(200, { "content-length": 2 ** 40 });
      const more = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(Buffer.alloc(65_536), () => setTimeout(more, 1));
      };
      more();
      return true;
    };
    expect(await message(x.sum().compute({ executor: "inline" }))).toMatch(
      /^ZarrError: array plain\.zarr\/x, chunk \/x\/c\/0: .*\/x\/c\/0 has 1099511627776 bytes, more than the \d+ that it can have$/,
    );
    expect(sent).toBeLessThan(2 ** 24);
    // Without a stated length it is stopped when it is more than can be.
    fault = (_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setTimeout(more, 1));
      };
      more();
      return true;
    };
    expect(await message(x.sum().compute({ executor: "inline" }))).toMatch(
      /more than the \d+ that it can have$/,
    );
  });

  it("a damaged chunk is named", async () => {
    const x = await open();
    fault = (q, response) =>
      /c\/4$/.test(q.url ?? "") && response.writeHead(200).end("nonsense") !== undefined;
    expect(await message(x.sum().compute())).toMatch(
      /^ZarrError: array plain\.zarr\/x, chunk \/x\/c\/4: damaged zstd data/,
    );
  });

  it("another range than was asked for", async () => {
    const x = await cw.openZarr(`${base}/v3_shard_start`);
    fault = (_, response) => {
      response.writeHead(206, { "content-range": "bytes 7-9/99", "content-length": 3 }).end("abc");
      return true;
    };
    expect(await message(x.compute())).toMatch(/the server sent bytes from 7, 0 was asked for/);
  });

  it("a missing page with status 200 is no metadata", async () => {
    fault = (_, response) => response.writeHead(200).end("<html>not here</html>") !== undefined;
    expect(await message(cw.openZarr(`${base}/a.zarr`))).toMatch(
      /^ZarrError: \/zarr\.json is not valid JSON/,
    );
  });
});

it("an abort ends the wait", async () => {
  const x = await cw.openZarr(`${base}/plain.zarr`, { path: "x" });
  fault = () => true;
  for (const executor of ["inline", "threads"] as const) {
    const controller = new AbortController();
    const running = message(x.sum().compute({ executor, workers: 2, signal: controller.signal }));
    setTimeout(() => controller.abort("enough"), 50);
    expect(await running).toBe("AbortError: the computation was aborted");
    expect(runtime.account().used).toBe(0);
  }
  const opening = message(
    cw.openZarr(`${base}/plain.zarr`, { path: "x", signal: AbortSignal.timeout(30) }),
  );
  expect(await opening).toMatch(/^AbortError/);
});
