/**
 * The stage graph: sources, stages and results as nodes, what flows between them as edges. Tens of nodes, never one
 * per chunk.
 */
import { DirectedGraph } from "graphology";
import { topologicalGenerations } from "graphology-dag";
import type { FlowEdge, FlowNode, PlanReport, StageFlow, StageReport } from "../../ir/report.js";
import { bytesText, counted, secondsText, shapeText } from "./words.js";

type Attributes = { -readonly [K in keyof FlowNode]: FlowNode[K] };
type Flowing = Pick<FlowEdge, "bytes">;
export type StageGraph = DirectedGraph<Attributes, Flowing>;

/** `source 0`, `stage 0` and `result 0` are the keys of nodes. */
export function stageGraph(report: PlanReport): StageGraph {
  const graph = new DirectedGraph<Attributes, Flowing>();
  const flow = (from: string, to: string, bytes: number): void => {
    graph.updateEdge(from, to, (known) => ({ bytes: (known.bytes ?? 0) + bytes }));
  };
  for (const stage of report.stages) {
    const key = `stage ${stage.id}`;
    const copies = stage.kind === "map" && stage.ops.length === 0;
    const reads = copies && stage.inputs.some((input) => input.from === "source");
    const role = stage.kind === "write" ? "write" : reads ? "read" : "compute";
    graph.addNode(key, { type: "stage", role, lines: stageLines(stage) });
    for (const input of stage.inputs) {
      if (input.stage !== undefined) flow(`stage ${input.stage}`, key, input.bytes);
      else {
        const source = `source ${input.source}`;
        graph.mergeNode(source, {
          type: "source",
          role: "read",
          lines: [
            input.name,
            `${input.dtype}${shapeText(input.shape)}`,
            `stored ${shapeText(input.chunks)}`,
          ],
        });
        flow(source, key, input.bytes);
      }
    }
  }
  report.roots.forEach(({ dtype, shape, bytes, stage }, i) => {
    // What is written shows that itself.
    if (report.stages[stage]?.kind === "write") return;
    const key = `result ${i}`;
    graph.addNode(key, {
      type: "result",
      role: "write",
      lines: ["result", `${dtype}${shapeText(shape)}`],
    });
    flow(`stage ${stage}`, key, bytes);
  });
  return graph;
}

function stageLines(stage: StageReport): string[] {
  const lines = [
    `#${stage.id} ${stage.kind}`,
    stage.label,
    `${counted(stage.tasks, "task")} of ${bytesText(stage.taskBytes)}`,
  ];
  const { actual } = stage;
  if (actual === undefined) return [...lines, `about ${secondsText(stage.seconds)}`];
  return [...lines, `${secondsText(stage.seconds)} | ${secondsText(actual.seconds)}`];
}

/** The graph by depth, as plain data. */
export function stageFlow(report: PlanReport): StageFlow {
  const graph = stageGraph(report);
  return {
    layers: topologicalGenerations(graph),
    nodes: new Map(graph.mapNodes((key, { type, role, lines }) => [key, { type, role, lines }])),
    edges: graph.mapEdges((_edge, { bytes }, from, to) => ({ from, to, bytes })),
  };
}
