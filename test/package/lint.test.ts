/** The lint must be able to fail: every arrow of the house, broken once in a scratch tree, is reported by name. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** A file of the scratch tree that breaks one rule, and the rule that must say so. */
const VIOLATIONS: readonly { file: string; text: string; rule: string }[] = [
  { rule: "arrows-of-ir", file: "ir/a.ts", text: 'import "../ops/good.js";' },
  { rule: "arrows-of-ops", file: "ops/a.ts", text: 'import "../kernels/good.js";' },
  { rule: "arrows-of-planner", file: "planner/a.ts", text: 'import "../exec/good.js";' },
  { rule: "arrows-of-kernels", file: "kernels/a.ts", text: 'import "../planner/good.js";' },
  { rule: "arrows-of-display", file: "display/a.ts", text: 'import "../api/good.js";' },
  { rule: "arrows-of-io", file: "io/a.ts", text: 'import "../exec/good.js";' },
  { rule: "arrows-of-exec", file: "exec/a.ts", text: 'import "../api/good.js";' },
  { rule: "arrows-of-api", file: "api/a.ts", text: 'import "../cli/good.js";' },
  { rule: "arrows-of-cli", file: "cli/a.ts", text: 'import "../api/good.js";' },
  // Types are arrows too.
  {
    rule: "arrows-of-ir",
    file: "ir/b.ts",
    text: 'import type { Good } from "../api/good.js"; export type A = Good;',
  },
  { rule: "errors-stand-alone", file: "errors.ts", text: 'import "./ir/good.js";' },
  { rule: "pure-needs-no-node", file: "ops/b.ts", text: 'import "node:fs";' },
  { rule: "pure-needs-no-node", file: "kernels/reference/b.ts", text: 'import "node:os";' },
  { rule: "pure-needs-no-packages", file: "ops/c.ts", text: 'import "zarrita";' },
  { rule: "pure-needs-no-packages", file: "planner/c.ts", text: 'void import("piscina");' },
  { rule: "graphology-is-for-the-planner", file: "exec/c.ts", text: 'void import("graphology");' },
  {
    rule: "reference-needs-ndarray-only",
    file: "kernels/reference/c.ts",
    text: 'import "zarrita";',
  },
  {
    rule: "reference-stays-out-of-the-main-path",
    file: "exec/d.ts",
    text: 'import "../kernels/reference/good.js";',
  },
  {
    rule: "reference-stays-out-of-the-main-path",
    file: "kernels/d.ts",
    text: 'import "./reference/good.js";',
  },
  { rule: "no-cycles", file: "io/e.ts", text: 'import "./f.js";' },
  { rule: "resolvable", file: "api/g.ts", text: 'import "../ir/missing.js";' },
  { rule: "declared-packages-only", file: "io/h.ts", text: 'import "fast-check";' },
  { rule: "no-folder-but-the-known", file: "attic/a.ts", text: 'import "../errors.js";' },
];

const FOLDERS = [
  "ir",
  "ops",
  "planner",
  "kernels",
  "kernels/reference",
  "display",
  "io",
  "exec",
  "api",
  "cli",
];
/** What must stay allowed beside them. */
const ALLOWED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(FOLDERS.map((f) => [`${f}/good.ts`, "export type Good = 1;"])),
  "errors.ts": "export class Oops extends Error {}",
  "io/f.ts": 'import "./e.js";',
  "index.ts": 'export * from "./api/good.js";',
  "cli/ok.ts":
    'import "node:util"; import "../index.js"; import "../errors.js"; import "./good.js";',
  "api/ok.ts":
    'import "../kernels/reference/good.js"; import "../ops/good.js"; import "../exec/good.js";',
  "exec/ok.ts": 'import "node:worker_threads"; import "piscina"; import "../io/good.js";',
  "io/ok.ts": 'import "zarrita"; import "../kernels/good.js";',
  "planner/ok.ts": 'void import("graphology"); void import("graphology-dag");',
  "kernels/reference/ok.ts": 'import "ndarray"; import "ndarray-ops"; import "../good.js";',
};

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-lint-"));
  for (const name of [".dependency-cruiser.cjs", "biome.json", "tsconfig.json", "package.json"]) {
    await cp(join(root, name), join(scratch, name));
  }
  await symlink(join(root, "node_modules"), join(scratch, "node_modules"), "dir");
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function writeTree(files: Readonly<Record<string, string>>): Promise<void> {
  await rm(join(scratch, "src"), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(scratch, "src", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${text}\n`);
  }
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
}

async function node(...args: string[]): Promise<Outcome> {
  try {
    return { code: 0, stdout: (await run(process.execPath, args, { cwd: scratch })).stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, stdout };
  }
}

const cruise = (format: "err" | "json"): Promise<Outcome> =>
  node(
    join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs"),
    "--config",
    ".dependency-cruiser.cjs",
    "--output-type",
    format,
    "src",
  );

async function brokenRules(): Promise<string[]> {
  const { stdout } = await cruise("json");
  const report = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return report.summary.violations.map((v) => `${v.rule.name}: ${v.from}`);
}

describe("dependency-cruiser", () => {
  test("reports every broken arrow and nothing that is allowed", async () => {
    await writeTree({ ...ALLOWED, ...Object.fromEntries(VIOLATIONS.map((v) => [v.file, v.text])) });
    expect((await cruise("err")).code).toBeGreaterThan(0);
    const broken = await brokenRules();
    expect(broken).toEqual(
      expect.arrayContaining(VIOLATIONS.map(({ rule, file }) => `${rule}: src/${file}`)),
    );
    const guilty = new Set(VIOLATIONS.map(({ file }) => `src/${file}`));
    guilty.add("src/io/f.ts"); // the other half of the cycle
    const innocent = broken
      .map((line) => line.split(": ")[1] ?? line)
      .filter((f) => !guilty.has(f));
    expect(innocent).toEqual([]);
  });

  test("passes a tree that keeps the arrows", async () => {
    const { "io/f.ts": _half, ...allowed } = ALLOWED;
    await writeTree(allowed);
    expect(await brokenRules()).toEqual([]);
    expect((await cruise("err")).code).toBe(0);
  });
});

describe("biome", () => {
  const biome = (): Promise<Outcome> =>
    node(
      join(root, "node_modules/@biomejs/biome/bin/biome"),
      "check",
      "--vcs-enabled=false",
      "--reporter=json",
      "src",
    );

  test.each([
    ["noRestrictedGlobals", "ops/a.ts", "export const home: unknown = process.env;"],
    ["noExplicitAny", "api/a.ts", "export const loose = (x: any): unknown => x;"],
    ["noConsole", "exec/a.ts", 'console.log("here");'],
    ["format", "io/a.ts", "export   const  x: number = 1"],
  ])("%s fails", async (rule, file, text) => {
    await writeTree({ [file]: text });
    const { code, stdout } = await biome();
    expect(code).not.toBe(0);
    expect(stdout).toContain(rule);
  });

  test("passes clean code", async () => {
    await writeTree({ "ops/a.ts": "export const x: number = 1;" });
    expect((await biome()).code).toBe(0);
  });
});
