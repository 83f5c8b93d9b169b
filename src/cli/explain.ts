/** `chunkwise explain`: the plan of an expression over stored arrays, from metadata alone. */
import * as cw from "../index.js";
import { type Command, parseCommandLine, parseCount, parseWord, UsageError } from "./command.js";
import { EXPRESSION_HELP, openInputs } from "./expression.js";

const HELP = `Usage: chunkwise explain EXPR --in NAME=STORE… [options]

Shows how chunkwise compute would run an expression: its stages, what each reads, moves and computes, what that costs,
how much memory the plan takes, and why it is not better. Reads metadata only; nothing is computed, unless --analyze
is given.

${EXPRESSION_HELP}
  --level LEVEL    plan (default), or rules: everything that the planner did, and declined and why
  --format FORMAT  text (default), json, svg (a drawing) or mermaid (a drawing as text, for Markdown)
  --analyze        run it, drop the result, and show what happened beside what was expected
  --memory SIZE    memory budget, as 512MiB or 4GiB (default: half of the memory that is there)
  --workers N      compute threads (default: one for each core)
  -h, --help       show this help

Examples:
  chunkwise explain 'mean(u**2, axis=0)' --in u=era5.zarr/u --memory 1GiB
  chunkwise explain 'mean(u**2, axis=0)' --in u=era5.zarr/u --format svg > plan.svg
`;

export const explain: Command = {
  name: "explain",
  summary: "show how an expression would be computed",
  help: HELP,
  run: async (args, terminal, signal) => {
    const known = {
      in: { type: "string", multiple: true },
      level: { type: "string" },
      format: { type: "string" },
      analyze: { type: "boolean" },
      memory: { type: "string" },
      workers: { type: "string" },
    } as const;
    const { values, positionals } = parseCommandLine("explain", args, known, ["EXPR"]);
    const workers =
      values.workers === undefined ? undefined : parseCount("workers", values.workers, 1, 1024);
    const level = parseWord("level", values.level, ["plan", "rules"]);
    const format = parseWord("format", values.format, ["text", "json", "svg", "mermaid"]);
    if (values.analyze === true && level !== undefined) {
      throw new UsageError("--analyze shows the plan as it ran", "give --level or --analyze");
    }
    const arrays = await openInputs(values.in);
    const expression = cw.expr(positionals[0] as string, arrays);
    const options = { memory: values.memory, workers, format };
    const answer: string | cw.PlanReport =
      values.analyze === true
        ? await expression.analyze({ ...options, signal, progress: terminal.isTerminal })
        : expression.explain({ ...options, level });
    terminal.out(`${typeof answer === "string" ? answer : JSON.stringify(answer, null, 2)}\n`);
  },
};
