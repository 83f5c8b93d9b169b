/**
 * Plans for people. Loaded when somebody asks, since the graph library takes longer to load than a small plan takes.
 *
 * - `report.ts`: every figure, as plain data (`ir/report.ts`); the others only arrange it
 * - `text.ts`: the text; `graph.ts`: the stage graph, for `mermaid.ts` and for drawings
 */
export { type StageGraph, stageFlow, stageGraph } from "./graph.js";
export { mermaidText } from "./mermaid.js";
export { figuresOf, type Planned, reportOf } from "./report.js";
export { reportText } from "./text.js";
