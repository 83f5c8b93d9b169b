/** Cards, drawings and numbers for people. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { borders, svgDrawing, textDrawing } from "../../dist/display/drawing.js";
import {
  bytesText,
  countText,
  escapeHtml,
  progressLine,
  secondsText,
} from "../../dist/display/index.js";
import * as cw from "../../dist/index.js";
import { uniformCuts, wholeCuts } from "../../dist/ir/cuts.js";

describe("numbers", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [1048575, "1 MiB"],
    [16 * 1024 ** 2, "16 MiB"],
    [123.4 * 1024 ** 3, "123 GiB"],
    [5000 * 1024 ** 5, "5000 PiB"],
  ])("%d bytes are %s", (n, text) => expect(bytesText(n)).toBe(text));

  it.each([
    [0.0851, "85 ms"],
    [3.21, "3.2 s"],
    [245, "4 min 05 s"],
    [7385, "2 h 03 min"],
  ])("%d seconds are %s", (n, text) => expect(secondsText(n)).toBe(text));

  it("groups digits", () => {
    expect([0, 999, 1000, 1234567].map(countText)).toEqual(["0", "999", "1,000", "1,234,567"]);
  });
});

describe("progress", () => {
  const base = { tasksTotal: 8, bytesRead: 0, bytesWritten: 0 };
  it("says how far, how much and how long", () => {
    expect(progressLine({ ...base, tasksDone: 2, bytesRead: 2048, seconds: 3 })).toBe(
      "[######                  ]  25 %  2/8 tasks  2 KiB read  3.0 s, 9.0 s left",
    );
    expect(progressLine({ ...base, tasksDone: 8, bytesWritten: 10, seconds: 3 })).toBe(
      "[########################] 100 %  8/8 tasks  10 B written  3.0 s",
    );
    expect(progressLine({ ...base, tasksTotal: 0, tasksDone: 0, seconds: 0 })).toContain("100 %");
  });
  it("says how fast, in how many blocks and how much memory, and what is spilled", () => {
    const state = {
      ...base,
      tasksDone: 2,
      seconds: 3,
      bytesPerSecond: 410 * 1024 ** 2 + 0.5,
      memoryUsed: 1.1 * 1024 ** 3,
      memoryLimit: 2 * 1024 ** 3,
      blocksHeld: 12,
      bytesSpilled: 3 * 1024 ** 3,
    };
    expect(progressLine(state)).toBe(
      "[######                  ]  25 %  2/8 tasks  3.0 s, 9.0 s left  410 MiB/s  12 blocks in 1.1 of 2 GiB  3 GiB spilled",
    );
    expect(progressLine({ ...state, memoryUsed: 5 * 1024 ** 2, blocksHeld: 1 })).toContain(
      "  1 block in 5 MiB of 2 GiB",
    );
  });
});

describe("drawings", () => {
  it("thins out what the eye cannot tell apart", () => {
    expect(borders(uniformCuts(1_000_000_000, 10)).length).toBeLessThanOrEqual(25);
    expect(borders(uniformCuts(10, 4))).toEqual([0, 0.4, 0.8, 1]);
    expect(borders(wholeCuts(0))).toEqual([0, 1]);
  });

  it("draws planes of characters", () => {
    const lines = textDrawing([uniformCuts(10, 5), uniformCuts(10, 5)], 10);
    expect(lines).toEqual(["┌───┬───┐", "│   │   │", "├───┼───┤", "│   │   │", "└───┴───┘"]);
    expect(textDrawing([])).toEqual([]);
  });

  it("draws any rank as SVG of bounded size", () => {
    expect(svgDrawing([])).toBe("");
    for (let ndim = 1; ndim <= 5; ndim++) {
      const svg = svgDrawing(Array.from({ length: ndim }, () => uniformCuts(1e6, 1)));
      expect(svg.length).toBeLessThan(20_000);
      expect(svg.match(/<line /g)?.length ?? 0).toBeGreaterThanOrEqual(4);
    }
  });
});

describe("cards", () => {
  const x = cw.zeros([1000, 500], { chunks: [250, -1], dtype: "float32" });

  it("tells the console what it is", () => {
    const text = inspect(x.add(1).sum({ axis: 0 }));
    expect(text.split("\n")[0]).toBe("LazyArray<float32> 500");
    expect(text).toContain("sum over axis 0 <- add <- constant");
    expect(text).toContain("3 nodes, no sources");
    expect(inspect(x)).toContain("1.91 MiB   (block: 488 KiB)");
    expect(inspect(cw.asarray(1))).toContain("LazyArray<float64> scalar");
  });

  it("shows long and wide expressions in a line", () => {
    let y = x;
    for (let i = 0; i < 20_000; i++) y = y.add(i) as typeof y;
    expect(inspect(y).length).toBeLessThan(2000);
    expect(inspect(y)).toContain("20,001 nodes");
  });

  it("gives notebooks text and HTML", () => {
    const display = Reflect.get(x, Symbol.for("Jupyter.display")) as () => Record<string, string>;
    const bundle = display.call(x);
    expect(Object.keys(bundle)).toEqual(["text/plain", "text/html"]);
    expect(bundle).toEqual(x.mimeBundle());
    expect(bundle["text/html"]).toContain("<svg");
    expect(bundle["text/html"]).not.toMatch(
      /<script|https?:(?!\/\/www\.w3\.org\/2000\/svg)| on\w+=/,
    );
  });

  it("escapes whatever names hold", () => {
    const name = `<img src=x onerror="alert('&')">\u001b[31m`;
    const y = cw.fromSource({
      shape: [2],
      dtype: "int8",
      chunks: [2],
      name,
      readInto: () => undefined,
    });
    const html = y.mimeBundle()["text/html"] as string;
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;");
    expect(y.mimeBundle()["text/plain"]).not.toContain("\u001b");
    expect(escapeHtml(`<>&"'`)).toBe("&lt;&gt;&amp;&quot;&#39;");
  });
});
