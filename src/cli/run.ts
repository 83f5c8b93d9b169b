/** The program around the commands: picks one, prints help, and turns errors into one line and an exit code. */
import { readFile } from "node:fs/promises";
import { fileOf } from "../load.js";
import type { Command, Terminal } from "./command.js";
import { UsageError } from "./command.js";
import { compute } from "./compute.js";
import { explain } from "./explain.js";
import { info } from "./info.js";
import { rechunk } from "./rechunk.js";

const COMMANDS: readonly Command[] = [info, rechunk, compute, explain];

/** Exit codes, as shells expect them: 128 + 2 is what a program ended by SIGINT reports. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

const HELP = `Usage: chunkwise <command> [options]

Lazy n-dimensional arrays: look at Zarr stores, rechunk them and compute with them inside a memory budget.

Commands:
${COMMANDS.map((c) => `  ${c.name.padEnd(10)}${c.summary}`).join("\n")}

Options:
  -h, --help     show this help; chunkwise <command> --help shows a command's
  --version      print the version
  --codecs       print what does the work of codecs that have several implementations

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.
`;

/**
 * Runs one command line and returns its exit code; never throws.
 *
 * @param args what stands after the program's name.
 * @param signal aborted when the user interrupts the program.
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  try {
    const [first, ...rest] = args;
    if (first === undefined) {
      terminal.err(HELP);
      return EXIT.usage;
    }
    if (first === "--version") terminal.out(`${await version()}\n`);
    else if (first === "--codecs") terminal.out(await codecs());
    else if (first === "--help" || first === "-h") terminal.out(HELP);
    else if (first === "help") terminal.out(rest[0] === undefined ? HELP : find(rest[0]).help);
    else await runCommand(find(first), rest, terminal, signal);
    return EXIT.ok;
  } catch (error) {
    return report(error, terminal, signal);
  }
}

async function runCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  if (options.includes("--help") || options.includes("-h")) terminal.out(command.help);
  else await command.run(args, terminal, signal);
}

function find(name: string): Command {
  const command = COMMANDS.find((c) => c.name === name);
  if (command !== undefined) return command;
  const what = name.startsWith("-") ? `unknown option '${name}'` : `unknown command '${name}'`;
  const names = COMMANDS.map((c) => c.name);
  const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  throw new UsageError(what, `the commands are ${list}`);
}

async function version(): Promise<string> {
  const text = await readFile(fileOf("../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function codecs(): Promise<string> {
  const { describeCodecs } = await import("../index.js");
  return Object.entries(await describeCodecs())
    .map(([name, by]) => `${name}  ${by}\n`)
    .join("");
}

/** Codes of errors that can only come from the values of the command line's options. */
const USAGE_CODES: ReadonlySet<unknown> = new Set(["OPTION", "CHUNK", "EXPRESSION"]);

function report(error: unknown, terminal: Terminal, signal: AbortSignal): number {
  if (signal.aborted) {
    terminal.err("chunkwise: interrupted\n");
    return EXIT.interrupted;
  }
  const { message, hint, code, picture } = describe(error);
  const place = picture === undefined ? "" : `\n${picture}\n`;
  terminal.err(`chunkwise: ${message}${hint === undefined ? "" : ` (${hint})`}\n${place}`);
  return error instanceof UsageError || USAGE_CODES.has(code) ? EXIT.usage : EXIT.failure;
}

interface Described {
  readonly message: string;
  readonly hint: string | undefined;
  readonly code: unknown;
  /** The line of an expression with a mark under the mistake. */
  readonly picture?: string | undefined;
}

/** How errors of expressions end. */
const PICTURE = /\n\n( {2}.*\n\s*\^+)$/;

/** What was wrong and what would help, on one line each. The errors of the library end their message with the hint. */
function describe(error: unknown): Described {
  if (!(error instanceof Error))
    return { message: oneLine(String(error)), hint: undefined, code: 0 };
  const { hint, code } = error as Error & { readonly hint?: unknown; readonly code?: unknown };
  const picture = PICTURE.exec(error.message)?.[1];
  const text = picture === undefined ? error.message : error.message.replace(PICTURE, "");
  if (typeof hint !== "string") return { message: oneLine(text), hint: undefined, code, picture };
  const tail = `; ${hint}`;
  const message = text.endsWith(tail) ? text.slice(0, -tail.length) : text;
  return { message: oneLine(message), hint: oneLine(hint), code, picture };
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, " ");
