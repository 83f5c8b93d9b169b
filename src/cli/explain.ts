/** `chunkwise explain`: the plan of an expression over stored arrays, from metadata alone. */
import * as cw from "../index.js";
import { type Command, parseCommandLine, parseCount } from "./command.js";
import { EXPRESSION_HELP, openInputs } from "./expression.js";

const HELP = `Usage: chunkwise explain EXPR --in NAME=STORE… [--memory SIZE] [--workers N]

Shows how chunkwise compute would run an expression: its stages, what each reads, keeps and computes, and how much
memory the plan takes. Reads metadata only; nothing is computed.

${EXPRESSION_HELP}
  --memory SIZE    memory budget, as 512MiB or 4GiB (default: half of the memory that is there)
  --workers N      compute threads (default: one for each core)
  -h, --help       show this help

Example:
  chunkwise explain 'mean(u**2, axis=0)' --in u=era5.zarr/u --memory 1GiB
`;

export const explain: Command = {
  name: "explain",
  summary: "show how an expression would be computed",
  help: HELP,
  run: async (args, terminal) => {
    const options = {
      in: { type: "string", multiple: true },
      memory: { type: "string" },
      workers: { type: "string" },
    } as const;
    const { values, positionals } = parseCommandLine("explain", args, options, ["EXPR"]);
    const workers =
      values.workers === undefined ? undefined : parseCount("workers", values.workers, 1, 1024);
    const arrays = await openInputs(values.in);
    const expression = cw.expr(positionals[0] as string, arrays);
    terminal.out(`${expression.explain({ memory: values.memory, workers })}\n`);
  },
};
