/**
 * The arrows between the folders of src/ (CONTRIBUTING.md, "The house"), as rules: a folder may import itself,
 * the error family and the folders listed for it, and nothing else. Type imports count too: an arrow is about
 * what one must know to read a folder.
 */

/** Finds and loads the program's own files. */
const LOAD = "load\\.ts$";
/** Folder -> the folders that it may import besides itself; patterns below src/. */
const ARROWS = {
  ir: [],
  expr: [],
  ops: ["ir/", "expr/"],
  planner: ["ir/"],
  kernels: ["ir/"],
  display: ["ir/"],
  io: ["ir/", "kernels/"],
  exec: ["ir/", "kernels/", "planner/", "io/", LOAD],
  // The debug engine compute({ engine: "reference" }) is the one user of kernels/reference outside the tests.
  api: ["ir/", "expr/", "ops/", "planner/", "display/", "io/", "exec/", "kernels/reference/", LOAD],
  cli: ["index\\.ts$", LOAD],
};
const PURE = "^src/(?:ir|expr|ops|planner|kernels|display)/";
const REFERENCE = "^src/kernels/reference/";
const NPM = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-bundled", "npm-no-pkg", "unknown"];

const arrows = Object.entries(ARROWS).map(([folder, targets]) => ({
  name: `arrows-of-${folder}`,
  severity: "error",
  comment: `src/${folder} may import itself, errors.ts${targets.map((t) => `, ${t}`).join("")}.`,
  from: { path: `^src/${folder}/` },
  to: {
    path: "^src/",
    pathNot: ["^src/errors\\.ts$", `^src/${folder}/`, ...targets.map((t) => `^src/${t}`)],
  },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: "errors-stand-alone",
      severity: "error",
      comment: "Everything may import errors.ts, so it imports nothing.",
      from: { path: "^src/errors\\.ts$" },
      to: {},
    },
    {
      name: "load-stands-alone",
      severity: "error",
      comment: "load.ts finds files by their paths; it imports nothing of ours.",
      from: { path: "^src/load\\.ts$" },
      to: { path: "^src/" },
    },
    {
      name: "index-is-the-public-face",
      severity: "error",
      comment:
        "index.ts re-exports the public API; it reaches past api/ only for the types of ir/.",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/", pathNot: ["^src/(?:api|ops|ir|io)/", "^src/errors\\.ts$"] },
    },
    {
      name: "pure-needs-no-node",
      severity: "error",
      comment: "Pure folders import nothing from Node: they run in a browser and do no I/O.",
      from: { path: PURE },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "pure-needs-no-packages",
      severity: "error",
      comment:
        "Pure folders stand on their own; the planner may use graphology for its stage graph.",
      from: { path: PURE, pathNot: [REFERENCE] },
      to: { dependencyTypes: NPM, pathNot: "(?:^|/)node_modules/(?:@types/)?graphology(?:-|/)" },
    },
    {
      name: "graphology-is-for-the-planner",
      severity: "error",
      comment: "The stage graph is the planner's; no other folder needs a graph library.",
      from: { path: "^src/", pathNot: "^src/planner/" },
      to: { path: "(?:^|/)node_modules/(?:@types/)?graphology(?:-|/)" },
    },
    {
      name: "reference-needs-ndarray-only",
      severity: "error",
      comment:
        "The reference interpreter walks ndarray views and uses ndarray-ops where it is right.",
      from: { path: REFERENCE },
      to: { dependencyTypes: NPM, pathNot: "(?:^|/)node_modules/(?:@types/)?ndarray(?:-ops)?/" },
    },
    {
      name: "reference-stays-out-of-the-main-path",
      severity: "error",
      comment:
        "kernels/reference is the oracle: only tests and the debug engine in api/ import it.",
      from: { path: "^src/", pathNot: ["^src/api/", REFERENCE] },
      to: { path: REFERENCE },
    },
    {
      name: "no-cycles",
      severity: "error",
      comment:
        "A cycle means that two files are one. Types may meet: an array's methods are typed by what they return.",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "An import that does not resolve fails at run time; an optional peer may be absent.",
      from: {},
      to: { couldNotResolve: true, pathNot: "^zstd-napi/" },
    },
    {
      name: "declared-packages-only",
      severity: "error",
      comment: "src/ may use what package.json lists under dependencies or peerDependencies.",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "no-folder-but-the-known",
      severity: "error",
      comment: "A new folder of src/ needs its arrows in this file first.",
      from: {
        path: "^src/",
        pathNot: [`^src/(?:${Object.keys(ARROWS).join("|")})/`, "^src/(?:index|errors|load)\\.ts$"],
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
