/** Stores and sources that are slow, fail, or fill up: the right error, and nothing half-written or half-kept. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import {
  expectHealthy,
  filesIn,
  ramp,
  rejection,
  THREADS,
  temporaryFolder,
  triangle,
  wait,
} from "./support.js";

afterAll(() => cw.shutdown());

describe.each(["inline", "threads"] as const)("a source, executor %s", (executor) => {
  const options = { executor, workers: 2, memory: "64MiB" } as const;

  it("that answers late and out of order gives the right values", async () => {
    const slow = ramp(2000, 50, ([x]) => wait((Number(x?.start) * 7) % 11));
    expect((await slow.add(1).sum().compute(options)).item()).toBe(triangle(2000) + 2000);
    await expectHealthy();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("torn cable");
      },
    ],
    ["rejects", () => Promise.reject(new Error("torn cable"))],
  ])("that %s is a SourceError that names it and the region", async (_, before) => {
    const error = await rejection(ramp(1000, 100, before).sum().compute(options));
    expect(error).toBeInstanceOf(cw.SourceError);
    expect(error.message).toMatch(/source ramp failed to read \[\d+:\d+\]: torn cable/);
    expect(error.cause).toMatchObject({ message: "torn cable" });
    await expectHealthy();
  });

  it("that throws the third time fails the run, and serves the next one", async () => {
    let calls = 0;
    const x = ramp(1000, 100, () => {
      if (++calls === 3) throw new Error("third");
    });
    const sum = x.multiply(2).sum();
    expect(await rejection(sum.compute(options))).toBeInstanceOf(cw.SourceError);
    expect((await sum.compute(options)).item()).toBe(2 * triangle(1000));
    await expectHealthy();
  });
});

/** A store that keeps values until `room` of them are there, and then fails as a full disk does. */
class FullStore {
  readonly values = new Map<string, Uint8Array>();
  readonly #room: number;
  readonly #late: boolean;
  constructor(room: number, late: boolean) {
    this.#room = room;
    this.#late = late;
  }
  get(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }
  set(key: string, value: Uint8Array): unknown {
    const put = (): void => {
      if (this.values.size >= this.#room) {
        throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      }
      this.values.set(key, value.slice());
    };
    return this.#late ? wait(2).then(put) : put();
  }
}

describe.each(["inline", "threads"] as const)(
  "a store that is written to, executor %s",
  (executor) => {
    const options = { executor, workers: 2, memory: "64MiB", codecs: "zstd" } as const;
    const x = cw.arange(1000, { chunks: 100 });

    it.each([
      ["at once, before anything is written", 0, false],
      ["at once, after some chunks", 4, false],
      ["later, after some chunks", 4, true],
    ])(
      "and is full %s: SourceError, and every chunk that is there is whole",
      async (_, room, late) => {
        const store = new FullStore(room, late);
        const error = await rejection(x.toZarr(store, options));
        expect(error).toBeInstanceOf(cw.SourceError);
        expect(error.message).toContain("ENOSPC");
        expect(error.cause).toMatchObject({ message: "ENOSPC: no space left on device" });
        expect(store.values.size).toBeLessThanOrEqual(room);
        if (room > 0) await expectWhole(store, 1000, 100);
        await expectHealthy();
      },
    );
  },
);

describe.each(["inline", "threads"] as const)("several arrays at once, executor %s", (executor) => {
  const options = { executor, workers: 2, memory: "64MiB" } as const;

  it("and the store is full: SourceError, and every chunk that is there is whole", async () => {
    for (const room of [2, 3, 9]) {
      const store = new FullStore(room, true);
      const x = cw.arange(1000, { chunks: 100 });
      const error = await rejection(cw.store({ u: x, v: x }, store, options));
      expect(error).toBeInstanceOf(cw.SourceError);
      expect(error.message).toContain("ENOSPC");
      expect(store.values.size).toBeLessThanOrEqual(room);
      for (const name of ["u", "v"]) {
        if (store.values.has(`/${name}/zarr.json`)) await expectWhole(store, 1000, 100, name);
      }
      await expectHealthy();
    }
  });

  it("and the run is aborted: AbortError, no temporary file, and the places are free again", async () => {
    const folder = path.join(temporaryFolder(), "out.zarr");
    const controller = new AbortController();
    const x = ramp(1000, 100, ([r]) => {
      if (r?.start === 500) controller.abort("enough");
      return wait(2);
    });
    const { signal } = controller;
    const both = { u: x.add(1), v: x.multiply(2) };
    const error = await rejection(cw.store(both, folder, { ...options, signal }));
    expect(error).toBeInstanceOf(cw.AbortError);
    expect(filesIn(folder).filter((f) => f.endsWith(".tmp"))).toEqual([]);
    await expectHealthy();
    await cw.store(both, folder, { ...options, mode: "overwrite" });
    const v = await cw.openZarr(folder, { path: "v" });
    expect((await v.sum().compute(options)).item()).toBe(2 * triangle(1000));
    await expectHealthy();
  });

  it("and one appends when another fails: no array has grown", async () => {
    const folder = path.join(temporaryFolder(), "out.zarr");
    const x = cw.arange(250, { chunks: 100 });
    await cw.store({ u: x, v: x }, folder, options);
    const bad = ramp(300, 100, ([r]) => {
      if (r?.start === 200) throw new Error("torn cable");
    });
    const more = { u: cw.ones([300]), v: bad };
    const error = await rejection(cw.store(more, folder, { ...options, mode: "append" }));
    expect(error).toBeInstanceOf(cw.SourceError);
    for (const path of ["u", "v"]) {
      const array = await cw.openZarr(folder, { path });
      expect(array.shape).toEqual([250]);
      expect((await array.sum().compute(options)).item()).toBe(triangle(250));
    }
    await expectHealthy();
  });
});

/** Every chunk is either missing (zeros) or right. */
async function expectWhole(
  store: cw.StoreLike,
  length: number,
  chunk: number,
  path = "",
): Promise<void> {
  const values = (await (await cw.openZarr(store, { path })).compute()).data as Float64Array;
  for (let at = 0; at < length; at += chunk) {
    const piece = [...values.subarray(at, at + chunk)];
    if (piece.every((v) => v === 0)) continue;
    expect(piece).toEqual(Array.from({ length: chunk }, (_, i) => at + i));
  }
}

describe.each(["inline", "threads"] as const)("a directory that fails, executor %s", (executor) => {
  it("because a chunk's folder turns out to be a file: SourceError, and no temporary file", async () => {
    const folder = path.join(temporaryFolder(), "out.zarr");
    const x = ramp(1000, 100, ([r]) => {
      // Half way, something else takes the place of the folder of the chunks.
      if (r?.start !== 500) return;
      fs.rmSync(path.join(folder, "c"), { recursive: true, force: true });
      fs.writeFileSync(path.join(folder, "c"), "in the way");
    });
    const options = { executor, workers: 1, memory: "64MiB", codecs: "raw" } as const;
    const error = await rejection(x.add(1).toZarr(folder, options));
    expect(error).toBeInstanceOf(cw.SourceError);
    expect(error.message).toContain(path.join(folder, "c"));
    expect(filesIn(folder).sort()).toEqual(["c", "zarr.json"]);
    expect(fs.readFileSync(path.join(folder, "c"), "utf8")).toBe("in the way");
    await expectHealthy();
  });

  it("because a stored chunk was cut short: ZarrError that names array and chunk", async () => {
    const folder = path.join(temporaryFolder(), "in.zarr");
    await cw.arange(1000, { chunks: 100 }).toZarr(folder);
    fs.truncateSync(path.join(folder, "c", "7"), 20);
    const x = await cw.openZarr(folder);
    const error = await rejection(x.sum().compute({ executor, workers: 2, memory: "64MiB" }));
    expect(error).toBeInstanceOf(cw.ZarrError);
    expect(error.message).toMatch(/in\.zarr.*c\/7/);
    await expectHealthy();
    expect((await x.at(cw.slice(0, 700)).sum().compute(THREADS)).item()).toBe(triangle(700));
  });
});
