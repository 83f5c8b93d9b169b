/**
 * Notebooks with the real tslab kernel: what a user sees of arrays, results and progress. Opt-in, because it installs
 * tslab and needs a Python with nbclient: CHUNKWISE_NOTEBOOK=1, and CHUNKWISE_PYTHON if it is not among the usual ones.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Cell,
  findPython,
  makeProject,
  type Project,
  printed,
  shown,
  sourceOf,
} from "./kernel.js";

const wanted = !["", "0", undefined].includes(process.env["CHUNKWISE_NOTEBOOK"]);
const climate = resolve(import.meta.dirname, "../../examples/notebooks/climate.ipynb");
const scratch = wanted ? await mkdtemp(join(tmpdir(), "chunkwise-notebook-")) : "";
const python = wanted ? await findPython(scratch) : undefined;
const why = wanted ? "no Python with nbclient to be had" : "opt-in: CHUNKWISE_NOTEBOOK=1";

afterAll(async () => {
  if (scratch !== "") await rm(scratch, { recursive: true, force: true });
});

test("the example is kept without outputs", async () => {
  const { cells } = JSON.parse(await readFile(climate, "utf8")) as { cells: Cell[] };
  const code = cells.filter((cell) => cell.cell_type === "code");
  expect(code.length).toBeGreaterThan(5);
  for (const cell of code) {
    expect(cell.outputs).toEqual([]);
    expect(cell).toHaveProperty("execution_count", null);
  }
});

describe.skipIf(python === undefined)(`tslab${python === undefined ? ` (${why})` : ""}`, () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject(scratch, python as string);
  }, 240_000);

  describe("the example", () => {
    let cells: readonly Cell[] = [];
    /** The one cell whose source has this text. */
    const having = (text: string): Cell => {
      const found = cells.filter((c) => c.cell_type === "code" && sourceOf(c).includes(text));
      expect(found).toHaveLength(1);
      return found[0] as Cell;
    };
    beforeAll(async () => {
      cells = (await project.execute(climate)).filter((cell) => cell.cell_type === "code");
    }, 240_000);

    test("runs through without errors", () => {
      expect(
        cells.filter((c) => (c as { execution_count?: number }).execution_count == null),
      ).toEqual([]);
      expect(
        cells.flatMap((c) => c.outputs ?? []).filter((o) => o.output_type === "error"),
      ).toEqual([]);
      // tslab reports exceptions and type errors on standard error.
      expect(cells.map((c) => printed(c, "stderr")).join("")).toBe("");
    });

    test("shows the card of what is opened, and a line of text", () => {
      const cell = having("openZarr");
      const [card, ...more] = shown(cell);
      expect(more).toEqual([]);
      expect(card).toContain("<b>ZarrArray</b>");
      expect(card).toContain("3,650 x 36 x 72");
      expect(card).toContain("365 x 18 x 36");
      expect(card).toContain("time, lat, lon");
      expect(card).toContain("air temperature at 2 m, degC");
      expect(card).toContain("<svg");
      expect(printed(cell)).toBe("ZarrArray<float32>[3650, 36, 72]\n");
    });

    test.each(["toZarr(store", "cw.compute("])("updates one bar in place: %s", (text) => {
      const cell = having(text);
      const bars = shown(cell).filter((html) => html.includes('role="progressbar"'));
      expect(bars).toHaveLength(1);
      expect(bars[0]).toContain('aria-valuenow="100"');
      expect(bars[0]).toContain(">done<");
      const updates = (cell.metadata.updates ?? []).map((data) => data["text/html"] ?? "");
      expect(updates.length).toBeGreaterThan(0);
      expect(updates.at(-1)).toBe(bars[0]);
      expect(updates.slice(0, -1).filter((html) => html.includes(">done<"))).toEqual([]);
    });

    test("explains the plan", () => {
      expect(printed(having("cw.explain"))).toMatch(
        /^float32\[10\][\s\S]*\nraw {6}\d+ nodes.*\nplanned {2}\d+ stages/,
      );
    });

    test("prints the anomalies that plain loops find", () => {
      const lines = printed(having("result.anomaly.data")).trim().split("\n");
      const expected = anomalies();
      expect(lines).toHaveLength(expected.length);
      lines.forEach((line, year) => {
        const [, value] = /^year \d+: (-?\d+\.\d{3})$/.exec(line) ?? [];
        expect(Math.abs(Number(value) - (expected[year] as number))).toBeLessThan(2e-3);
      });
    });

    test("shows the elements of the result", () => {
      const table = shown(having("cw.compute(")).find((html) => html.includes("<b>NDArray</b>"));
      expect(table).toContain("36 x 365");
      const first = /<td[^>]*>(-?[\d.]+)<\/td>/.exec(table ?? "")?.[1];
      expect(Math.abs(Number(first) - usual(0, 0))).toBeLessThan(1e-2);
    });
  });

  test("shows cards at the top only, results in full, and survives a broken display", async () => {
    const [, card, nested, several, scalar, matrix, kept, fake] = await project.executeCells(
      'import * as cw from "chunkwise";\nconst x = cw.ones([4, 6], { dtype: "float32" }).rechunk([2, 3]);',
      "x",
      "({ x: x, list: [x, { y: x.sum() }] })",
      'console.log("of", x)',
      "await x.sum().compute()",
      "await x.at(cw.slice(0, 2), cw.slice(0, 3)).compute()",
      "const kept = await x.persist();\nkept",
      "const tslab = (globalThis as any).__tslab__;\nconst load = tslab.require;\n" +
        'tslab.require = () => { throw new Error("no display"); };\nconsole.log(x);\n' +
        "const sum = await x.sum().compute({ progress: true });\ntslab.require = load;\nsum.item()",
    );
    const htmlOf = (cell: Cell | undefined): string[] => shown(cell as Cell);
    const textOf = (cell: Cell | undefined): string => printed(cell as Cell);
    expect(htmlOf(card)).toHaveLength(1);
    expect(textOf(card)).toBe("LazyArray<float32>[4, 6]\n");
    expect(htmlOf(nested)).toEqual([]);
    expect(textOf(nested).match(/LazyArray<float32>\[/g)).toHaveLength(3);
    expect(htmlOf(several)).toHaveLength(1);
    expect(textOf(several)).toBe("of LazyArray<float32>[4, 6]\n");
    expect(htmlOf(scalar)).toEqual([]);
    expect(textOf(scalar)).toBe("NDArray<float32> 24\n");
    expect(htmlOf(matrix)[0]?.match(/<td/g)).toHaveLength(6);
    expect(textOf(matrix)).toBe("NDArray<float32>[2, 3]\n");
    expect(htmlOf(kept)[0]).toContain("held in memory");
    expect(textOf(kept)).toBe("PersistedArray<float32>[4, 6]\n");
    expect(htmlOf(fake)).toEqual([]);
    expect(textOf(fake)).toContain("LazyArray<float32> 4 x 6\n  bytes");
    expect(textOf(fake)).toMatch(/\n24\n$/);
  }, 120_000);

  test("a cell with a wrong type is told so, a right one runs", async () => {
    const [right, wrong] = await project.executeCells(
      'import * as cw from "chunkwise";\n' +
        'const r: cw.NDArray<"int16"> = await cw.asarray([3, 4], { dtype: "int16" }).compute();\n' +
        "const data: Int16Array = r.data;\ndata.join()",
      'const w: cw.NDArray<"float32"> = r;',
    );
    expect(printed(right as Cell, "stderr")).toBe("");
    expect(printed(right as Cell)).toBe("3,4\n");
    expect(printed(wrong as Cell, "stderr")).toContain("is not assignable to type");
  }, 120_000);

  test("TypeScript 5.0 reads the declarations, and the dtypes get through", async () => {
    const file = join(project.directory, "check.ts");
    const head = 'import * as cw from "chunkwise";\nexport async function f() {\n';
    const right = `
      const x = cw.arange(12, { dtype: "float32" }).reshape([3, 4]);
      const r: cw.NDArray<"float32"> = await x.multiply(2).sum({ axis: 0 }).compute();
      const data: Float32Array = r.data;
      const { a, b } = await cw.compute({ a: x.greater(1), b: x.astype("int64") });
      const bools: cw.NDArray<"bool"> = a;
      const integers: BigInt64Array = b.data;
      return [data, bools, integers];\n}`;
    await writeFile(file, head + right);
    expect(await project.check(file, "--skipLibCheck")).toEqual([]);

    // What is wrong in declarations is not shown in notebooks: types fall back to any in silence. Only the engine's
    // own (generic views over shared memory) may, and nothing may fail to parse.
    const strict = await project.check(file);
    const errors = strict.filter((line) => /error TS\d+/.test(line));
    expect(errors.filter((line) => !/chunkwise\/dist\/exec\//.test(line))).toEqual([]);
    expect(errors.filter((line) => /error TS1\d{3}:/.test(line))).toEqual([]);

    const wrong = `const r = await cw.ones([2], { dtype: "float32" }).compute();\nconst s: string = r.data;\n}`;
    await writeFile(file, head + wrong);
    expect((await project.check(file, "--skipLibCheck")).join("\n")).toContain(
      "Type 'Float32Array' is not assignable to type 'string'",
    );
  }, 120_000);
});

// The example's climate, in plain loops.
const [YEARS, DAYS, ROWS, COLUMNS] = [10, 365, 36, 72] as const;
function temperature(time: number, row: number, column: number): number {
  const latitude = ((87.5 - 5 * row) * Math.PI) / 180;
  const longitude = (2 * Math.PI * column) / (COLUMNS - 1);
  const season = -14 * Math.cos((time * 2 * Math.PI) / DAYS) * Math.sin(latitude);
  const waves = 2 * Math.sin(3 * longitude + 0.21 * time) * Math.cos(latitude);
  return 45 * Math.cos(latitude) - 18 + season + waves + 0.03 * Math.floor(time / DAYS);
}
/** Means of every year less the mean of all: subtracting the climatology first changes nothing in a mean. */
function anomalies(): number[] {
  const means = Array.from({ length: YEARS }, (_, year) => {
    let sum = 0;
    for (let t = year * DAYS; t < (year + 1) * DAYS; t++)
      for (let row = 0; row < ROWS; row++)
        for (let column = 0; column < COLUMNS; column++) sum += temperature(t, row, column);
    return sum / (DAYS * ROWS * COLUMNS);
  });
  const all = means.reduce((a, b) => a + b, 0) / YEARS;
  return means.map((mean) => mean - all);
}
/** The usual temperature of a row on a day of the year. */
function usual(row: number, day: number): number {
  let sum = 0;
  for (let year = 0; year < YEARS; year++)
    for (let column = 0; column < COLUMNS; column++)
      sum += temperature(year * DAYS + day, row, column);
  return sum / (YEARS * COLUMNS);
}
