/**
 * The documents tell the truth: every `ts` block of the README and of docs/ is type-checked against the published
 * types and executed, each in a fresh directory; a `text` block that follows it is what it prints.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

interface Example {
  /** `docs/guide.md:42`, the line of the block's first line. */
  readonly place: string;
  readonly file: string;
  readonly code: string;
  readonly prints: string | undefined;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
  /** Whether nothing but blank lines stands between the block before and this one. */
  readonly adjacent: boolean;
}

function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  let adjacent = false;
  markdown.split("\n").forEach((line, i) => {
    const fence = /^```(\w*)\s*$/.exec(line);
    if (open !== undefined && fence === null) open.lines.push(line);
    else if (open !== undefined) {
      blocks.push({ ...open, text: open.lines.join("\n"), adjacent });
      open = undefined;
      adjacent = true;
    } else if (fence !== null) open = { language: fence[1] ?? "", line: i + 2, lines: [] };
    else if (line.trim() !== "") adjacent = false;
  });
  if (open !== undefined) throw new Error(`the block at line ${open.line} is never closed`);
  return blocks;
}

function examplesOf(document: string, markdown: string): Example[] {
  const blocks = fencedBlocks(markdown);
  return blocks.flatMap((block, i) => {
    if (block.language !== "ts") return [];
    const next = blocks[i + 1];
    return {
      place: `${document}:${block.line}`,
      file: `${document.replace(/\W/g, "_")}_${block.line}`,
      code: block.text,
      prints: next?.language === "text" && next.adjacent ? next.text : undefined,
    };
  });
}

const documents = [
  "README.md",
  ...(await readdir(join(root, "docs"))).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));
const texts = new Map<string, string>();
for (const name of documents) texts.set(name, await readFile(join(root, name), "utf8"));
const examples = [...texts].flatMap(([name, text]) => examplesOf(name, text));

let scratch = "";
let typeErrors = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-docs-"));
  await mkdir(join(scratch, "node_modules"));
  await symlink(root, join(scratch, "node_modules", "chunkwise"), "dir");
  await writeFile(join(scratch, "package.json"), '{ "type": "module" }');
  const options = {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noPropertyAccessFromIndexSignature: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
    outDir: "out",
    rootDir: ".",
    noEmitOnError: false,
    skipLibCheck: true,
  };
  const files = examples.map(({ file }) => `${file}.ts`);
  await writeFile(
    join(scratch, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files }),
  );
  for (const { file, code } of examples)
    await writeFile(join(scratch, `${file}.ts`), `${code}\nexport {};\n`);
  typeErrors = await run(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", scratch],
    { cwd: scratch },
  ).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test("there are examples, and the README and the guide are among the documents", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", "docs/guide.md"]));
  expect(examples.length).toBeGreaterThan(5);
});

describe.each(examples)("$place", ({ file, prints }) => {
  test("has no type error", () => {
    const own = typeErrors.split("\n").filter((line) => line.startsWith(`${file}.ts`));
    expect(own).toEqual([]);
  });

  test("runs, and prints what it says", async () => {
    const directory = await mkdtemp(join(scratch, "run-"));
    const { stdout } = await run(process.execPath, [join(scratch, "out", `${file}.js`)], {
      cwd: directory,
      env: { ...process.env, NO_COLOR: "1" },
    });
    if (prints !== undefined) expect(stdout.trimEnd()).toBe(prints);
  });
});

test("type errors are found at all", () => {
  // A failure of tsc itself (a broken option, a missing file) must not pass as "no errors in this file".
  const lines = typeErrors.split("\n").filter((line) => line.trim() !== "");
  const known = lines.filter(
    (line) => examples.some(({ file }) => line.startsWith(`${file}.ts`)) || /^\s/.test(line),
  );
  expect(lines.filter((line) => !known.includes(line))).toEqual([]);
});

test("every npm script that the documents name exists", async () => {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const contributing = await readFile(join(root, "CONTRIBUTING.md"), "utf8");
  const all = [...texts.values(), contributing].join("\n");
  const named = [...all.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
});

test("every local link of the documents leads somewhere", async () => {
  for (const [name, text] of texts) {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map((match) => match[1] ?? "");
    const folder = join(root, name, "..");
    for (const link of links) {
      const exists = await readdir(join(folder, link)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === "ENOTDIR",
      );
      expect(exists, `${name} links to ${link}`).toBe(true);
    }
  }
});
