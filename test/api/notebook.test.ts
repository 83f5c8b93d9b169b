/** What notebooks and consoles get to see, with a kernel that is only pretended. */
import { format, inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { installDisplay } from "../../dist/api/notebook.js";
import { notebookProgress, progressBar } from "../../dist/api/progress.js";
import * as cw from "../../dist/index.js";

/** Each list is one place in the output: what it showed, one after the other. */
type Places = string[][];
/** Puts what tslab puts there into the global scope. */
function pretendTslab(broken = false): Places {
  const places: Places = [];
  const placeOf = (): { html: (text: string) => void } => {
    const shown: string[] = [];
    places.push(shown);
    return {
      html(text) {
        if (broken) throw new Error("Not ready");
        shown.push(text);
      },
    };
  };
  const display = { html: (text: string): void => placeOf().html(text) };
  const require = (name: string): unknown =>
    name === "tslab" ? { display, newDisplay: placeOf } : undefined;
  Reflect.set(globalThis, "__tslab__", { require });
  return places;
}
afterEach(() => {
  Reflect.deleteProperty(globalThis, "__tslab__");
});

const x = cw.ones([4, 6], { dtype: "float32" });
const card = x.mimeBundle()["text/plain"];

describe("printing in tslab", () => {
  it("shows the card and prints a line", () => {
    const places = pretendTslab();
    expect(format(x)).toBe("LazyArray<float32>[4, 6]");
    expect(places).toEqual([[x.toHtml()]]);
  });

  it("shows results, text alone where that says all", async () => {
    const [rows, total] = await cw.compute([x.sum({ axis: 1 }), x.sum()]);
    const places = pretendTslab();
    expect(format(rows)).toBe("NDArray<float32>[4]");
    expect(format(total)).toBe("NDArray<float32> 24");
    expect(places).toEqual([[rows.mimeBundle()["text/html"]]]);
  });

  it("shows nothing for values inside others", () => {
    const places = pretendTslab();
    expect(format({ a: [x] })).toBe("{ a: [ LazyArray<float32>[4, 6] ] }");
    for (const depth of [null, Infinity]) inspect({ x }, { depth });
    expect(places).toEqual([]);
  });

  it.each([
    ["that throws", (): unknown => pretendTslab(true)],
    ["of another kind", (): unknown => Reflect.set(globalThis, "__tslab__", { require: () => 5 })],
    ["without require", (): unknown => Reflect.set(globalThis, "__tslab__", 7)],
    ["that is null", (): unknown => Reflect.set(globalThis, "__tslab__", null)],
    [
      "that may not be touched",
      (): unknown =>
        Object.defineProperty(globalThis, "__tslab__", {
          configurable: true,
          get: () => {
            throw new Error("private");
          },
        }),
    ],
  ])("prints the whole card with a display %s", async (_, pretend) => {
    pretend();
    expect(format(x)).toBe(card);
    expect((await x.sum().compute({ progress: true })).item()).toBe(24);
  });
});

describe("printing elsewhere", () => {
  it("prints the whole card, or a line inside other values", () => {
    expect(format(x)).toBe(card);
    expect(inspect(x, { depth: null })).toBe(card);
    expect(format([x])).toBe("[ LazyArray<float32>[4, 6] ]");
  });

  it("prints a line of values whose card fails", () => {
    const broken = {
      toString: (): string => "Broken[]",
      mimeBundle(): Record<string, string> {
        throw new Error("no card");
      },
    };
    installDisplay(broken);
    expect(format(broken)).toBe("Broken[]");
  });

  it("bundles by MIME type for Jupyter.display", async () => {
    const result = await x.compute();
    const kept = await x.persist();
    for (const value of [x, result, kept]) {
      const show = Reflect.get(value, Symbol.for("Jupyter.display")) as () => unknown;
      expect(show.call(value)).toEqual(value.mimeBundle());
      expect(Object.keys(value.mimeBundle())).toEqual(["text/plain", "text/html"]);
    }
    expect(String(kept)).toBe("PersistedArray<float32>[4, 6]");
    expect(kept.toHtml()).toContain("held in memory");
    kept.dispose();
    expect(kept.toHtml()).toContain("disposed");
    expect(kept.toHtml()).not.toContain("held in memory");
    expect(Object.keys(result)).toEqual(["data", "shape", "stride", "offset", "dtype"]);
  });

  it("says what Zarr says of an array", async () => {
    const store = cw.memoryStore();
    await x.toZarr(store, {
      path: "t",
      dimensionNames: ["lat", null],
      attributes: { units: "<K>", long_name: "warmth", standard_name: 7 },
    });
    const opened = await cw.openZarr(store, { path: "t" });
    const { "text/plain": text, "text/html": html } = opened.mimeBundle();
    expect(text).toMatch(/^ZarrArray<float32> 4 x 6\n/);
    expect(text).toMatch(/\n {2}axes {3}lat, -\n {2}what {3}warmth, <K>\n {2}codecs bytes.*zstd\n/);
    expect(html).toContain("warmth, &lt;K&gt;");
  });
});

describe("progress in tslab", () => {
  const event = {
    tasksDone: 1,
    tasksTotal: 4,
    bytesRead: 2048,
    bytesWritten: 0,
    memoryUsed: 0,
    memoryLimit: 1,
    bytesDone: 0,
    bytesSpilled: 0,
    blocksHeld: 0,
  };

  it("redraws one place ten times a second at the most, and the end always", () => {
    const shown: string[] = [];
    let now = 0;
    const bar = notebookProgress({ html: (t) => shown.push(t) }, 2, () => now);
    for (now = 0; now < 1000; now += 10) bar.show(event);
    expect(shown).toHaveLength(10);
    expect(shown[0]).toContain('aria-valuenow="25"');
    bar.show({ ...event, tasksDone: 4 });
    bar.end(true);
    expect(shown).toHaveLength(12);
    expect(shown.at(-1)).toContain('aria-valuenow="100"');
    expect(shown.at(-1)).toContain(
      'done<span style="opacity:0.65"> \u00b7 2 stages \u00b7 4/4 tasks \u00b7 2 KiB read \u00b7 1.0 s',
    );
  });

  it("tells a run that stopped from one that is done", () => {
    const places = pretendTslab();
    const bar = progressBar(1);
    bar.show(event);
    bar.end(false);
    expect(places).toHaveLength(1);
    expect(places[0]?.at(-1)).toContain(">stopped<");
    progressBar(1).end(true);
    expect(places[1]).toEqual([]);
  });

  it.each(["inline", "threads"] as const)("follows a run %s", async (executor) => {
    const places = pretendTslab();
    await x.rechunk([1, 6]).add(1).sum().compute({ progress: true, executor });
    expect(places).toHaveLength(1);
    expect(places[0]?.at(-1)).toContain('aria-valuenow="100"');
    expect(places[0]?.at(-1)).toContain(">done<");
    const fails = cw.fromSource({
      shape: [4],
      dtype: "int8",
      chunks: [1],
      readInto: ([at]) => {
        if (at?.start === 3) throw new Error("no more");
      },
    });
    await expect(fails.compute({ progress: true, executor })).rejects.toThrow("no more");
    // Workers may fail before there was anything to show.
    const states = (places[1] ?? []).slice(-1).map((html) => />(\w+)<span/.exec(html)?.[1]);
    if (executor === "inline" || states.length > 0) expect(states).toEqual(["stopped"]);
    await cw.shutdown();
  });
});
