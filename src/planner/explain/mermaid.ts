/** The stage graph as a Mermaid flowchart, which Markdown viewers draw. */
import type { PlanReport } from "../../ir/report.js";
import { stageGraph } from "./graph.js";
import { bytesText } from "./words.js";

/** Mermaid has no quotes inside quotes: what could end a label is written by its number. */
const escaped = (text: string): string =>
  text.replace(/[&<>"'#;\\`[\]{}()|]/g, (c) => `#${c.charCodeAt(0)};`);

const OPEN = { source: ["[(", ")]"], stage: ["[", "]"], result: ["([", "])"] } as const;

/**
 * @example
 * flowchart LR
 *   source_0[("x<br/>...")]:::read
 *   source_0 -->|"7.81 KiB"| stage_0
 */
export function mermaidText(report: PlanReport): string {
  const graph = stageGraph(report);
  const id = (key: string): string => key.replace(" ", "_");
  const lines = ["flowchart LR"];
  graph.forEachNode((key, { type, role, lines: words }) => {
    const [open, close] = OPEN[type];
    lines.push(`  ${id(key)}${open}"${words.map(escaped).join("<br/>")}"${close}:::${role}`);
  });
  graph.forEachEdge((_edge, { bytes }, from, to) => {
    lines.push(`  ${id(from)} -->|"${escaped(bytesText(bytes))}"| ${id(to)}`);
  });
  // Colours that show on dark and on light pages.
  lines.push(
    "  classDef read stroke:#2f81d8,fill:#2f81d822",
    "  classDef compute stroke:#8a8f98,fill:#8a8f9822",
    "  classDef write stroke:#2da15a,fill:#2da15a22",
  );
  return lines.join("\n");
}
