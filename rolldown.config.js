/**
 * The program as it is installed: lib/, made of the sources, in few files, because every file that Node has to find and
 * link costs a millisecond of each start, of a program and of each of its threads. What is loaded late or by another
 * thread (src/load.ts) is a file of its own; packages stay outside. Tests look at the parts of the program in dist/,
 * where every module is a file.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

const ENTRIES = [
  "index",
  "api/expr/evaluate",
  "api/samples",
  "cli/main",
  "display/index",
  "exec/coordinator/thread",
  "exec/memory/beside",
  "exec/runtime",
  "exec/trace/index",
  "exec/worker",
  "expr/selector",
  "io/stores/http",
  "io/stores/s3",
  "ops/blocks/index",
  "planner/explain/index",
  "planner/index",
];
/** Not TypeScript modules: Node loads the threads' first file as CommonJS. */
const COPIED = "exec/worker-entry.cjs";

const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const packages = Object.keys({ ...dependencies, ...peerDependencies });

export default defineConfig({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
  platform: "node",
  // Files of entries may serve others as well; index.js has no code of its own, and exports what src/index.ts does.
  preserveEntrySignatures: "allow-extension",
  external: (id) =>
    id.startsWith("node:") || packages.some((name) => id === name || id.startsWith(`${name}/`)),
  resolve: { extensionAlias: { ".js": [".ts"] } },
  output: {
    dir: "lib",
    cleanDir: true,
    format: "esm",
    sourcemap: true,
    // Flat: src/load.ts finds the others from the folder that its own code lies in.
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "core", test: /src\/(?:ir\/|errors|load)/, minShareCount: 2 },
        { name: "face", test: /src\/(?:api|ops)\//, minShareCount: 2 },
      ],
    },
  },
  plugins: [
    {
      name: "files-beside",
      writeBundle() {
        mkdirSync("lib/exec", { recursive: true });
        copyFileSync(`dist/${COPIED}`, `lib/${COPIED}`);
        chmodSync("lib/cli/main.js", 0o755);
      },
    },
  ],
});
