/** What `import "chunkwise"` loads (nothing heavy), and that every way of loading it works. */
import { execFile } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "chunkwise-imports-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Runs ES module code in a fresh Node below the package root, where `chunkwise` names the package itself. */
const runModule = async (code: string, ...flags: string[]): Promise<string> =>
  (await run(process.execPath, [...flags, "--input-type=module", "--eval", code], { cwd: root }))
    .stdout;

/** URLs and paths of the modules that importing `specifier` loads: ES modules by a hook, CommonJS by its cache. */
async function modulesLoadedBy(specifier: string): Promise<string[]> {
  const log = join(scratch, "loaded.txt");
  const hooks = join(scratch, "hooks.mjs");
  const setup = join(scratch, "setup.mjs");
  await writeFile(log, "");
  await writeFile(
    hooks,
    `import { appendFileSync } from "node:fs";
     export async function load(url, context, next) {
       appendFileSync(${JSON.stringify(log)}, url + "\\n");
       return next(url, context);
     }`,
  );
  await writeFile(
    setup,
    `import { register } from "node:module"; register(${JSON.stringify(pathToFileURL(hooks))});`,
  );
  const cached = await runModule(
    `import { createRequire } from "node:module";
     await import(${JSON.stringify(specifier)});
     console.log(Object.keys(createRequire(import.meta.url).cache).join("\\n"));`,
    "--import",
    pathToFileURL(setup).href,
  );
  const urls = (await readFile(log, "utf8")).split("\n");
  return [...new Set([...urls, ...cached.split("\n")])]
    .filter((name) => name !== "" && !name.startsWith("node:"))
    .map((name) => (name.startsWith("file:") ? fileURLToPath(name) : name))
    .filter((name) => name !== hooks && name !== setup);
}

describe('import "chunkwise"', () => {
  test("loads its own files and no package", async () => {
    const loaded = await modulesLoadedBy("chunkwise");
    expect(loaded).toContain(join(root, "lib", "index.js"));
    // Few files: each takes a millisecond to find and link.
    expect(loaded.length).toBeLessThanOrEqual(12);
    const foreign = loaded.filter((name) => name.includes("node_modules"));
    expect(foreign).toEqual([]);
    const late = /(?:kernels|planner|worker|reference|display|explain)[^/\\]*\.js$|io-[^/\\]*\.js$/;
    expect(loaded.filter((name) => late.test(name.slice(root.length)))).toEqual([]);
  });

  test("is what the modules of dist/ export", async () => {
    const names = await runModule(
      `const [lib, dist] = await Promise.all([import("chunkwise"), import("./dist/index.js")]);
       console.log(JSON.stringify([Object.keys(lib), Object.keys(dist)]));`,
    );
    const [lib, dist] = JSON.parse(names) as [string[], string[]];
    expect(lib.toSorted()).toEqual(dist.toSorted());
  });

  test("finds every file that is loaded late", async () => {
    const sources = await readdir(join(root, "src"), { recursive: true });
    const named = /(?:load|fileOf)\(\s*"([^"]+\.c?js)"/g;
    const files: string[] = [];
    for (const name of sources.filter((n) => n.endsWith(".ts"))) {
      const text = await readFile(join(root, "src", name), "utf8");
      files.push(...[...text.matchAll(named)].map((m) => m[1] as string));
    }
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) await access(join(root, "lib", file));
  });

  test("the list would show a package that is loaded", async () => {
    const loaded = await modulesLoadedBy("ndarray-ops");
    expect(loaded.some((name) => name.includes(join("node_modules", "ndarray-ops")))).toBe(true);
    expect(loaded.some((name) => name.includes(join("node_modules", "cwise-compiler")))).toBe(true);
  });

  test("starts no thread, timer or handle", async () => {
    const counts = await runModule(
      `const before = process.getActiveResourcesInfo().length;
       await import("chunkwise");
       await new Promise((done) => setTimeout(done, 20)); // the loader's own file handles close
       console.log(process.getActiveResourcesInfo().length - before);`,
    );
    expect(counts).toBe("0\n");
  });
});

test("require() works: no top-level await in what index.js imports statically", async () => {
  const names = await runModule(
    `import { createRequire } from "node:module";
     const cw = createRequire(import.meta.url)("chunkwise");
     console.log(typeof cw.asarray, typeof cw.openZarr);`,
    "--no-warnings",
  );
  expect(names).toBe("function function\n");
});

describe("package.json", () => {
  interface Manifest {
    readonly [field: string]: unknown;
    readonly main: string;
    readonly types: string;
    readonly exports: Readonly<Record<string, unknown>>;
    readonly bin: Readonly<Record<string, string>>;
    readonly dependencies: Readonly<Record<string, string>>;
  }
  let manifest: Manifest;
  beforeAll(async () => {
    manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
  });

  test("is ESM only, with the fields that older resolvers read", () => {
    expect(manifest["type"]).toBe("module");
    expect(manifest.main).toBe("./lib/index.js");
    expect(manifest.types).toBe("./dist/index.d.ts");
    expect(manifest["typesVersions"]).toEqual({ "*": { ".": ["./dist/index.d.ts"] } });
    // "default", not "import": require() of an ES module does not look at "import".
    expect(manifest.exports["."]).toEqual({
      types: "./dist/index.d.ts",
      default: "./lib/index.js",
    });
  });

  test("names only files that the build made", async () => {
    const files = [manifest.main, manifest.types, ...Object.values(manifest.bin)];
    for (const file of files)
      expect((await readFile(join(root, file), "utf8")).length).toBeGreaterThan(0);
  });

  test("the command starts with its interpreter", async () => {
    for (const file of Object.values(manifest.bin)) {
      expect((await readFile(join(root, file), "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
    }
  });

  test("what is packed holds the build, its sources and the documents, and nothing else", async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
    });
    const packed: unknown = JSON.parse(stdout);
    const [first] = (Array.isArray(packed) ? packed : Object.values(packed as object)) as {
      files: { path: string }[];
    }[];
    const paths = (first?.files ?? []).map((f) => f.path);
    expect(paths).toEqual(
      expect.arrayContaining(["lib/index.js", "dist/index.d.ts", "LICENSE", "README.md"]),
    );
    const others = paths.filter(
      (p) =>
        !/^(?:lib|src|docs)\/|^dist\/.*\.d\.ts(?:\.map)?$|^(?:README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/.test(
          p,
        ),
    );
    expect(others).toEqual([]);
  });
});
