/** What a subcommand is, and the one way in which it says that it was called wrongly. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** Where a command prints. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether somebody watches standard error, and progress is worth drawing there. */
  readonly isTerminal: boolean;
}

export interface Command {
  readonly name: string;
  /** One line for the program's help. */
  readonly summary: string;
  /** The whole text of `chunkwise <command> --help`. */
  readonly help: string;
  /** Runs to the end or throws; `signal` is aborted by Ctrl-C. */
  readonly run: (args: readonly string[], terminal: Terminal, signal: AbortSignal) => Promise<void>;
}

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "UsageError";
    this.hint = hint;
  }
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/**
 * `parseArgs` with our errors: unknown options and missing values are a {@link UsageError}, and so is a number of
 * positional arguments that differs from the names in `positionals`.
 */
export function parseCommandLine<T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
  positionals: readonly string[],
): Parsed<T> {
  const hint = `see chunkwise ${command} --help`;
  let parsed: Parsed<T>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const unknown = /^Unknown option '--?([^']+)'/.exec(text)?.[1];
    const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(options));
    const meant = near === undefined ? "" : `did you mean --${near}? `;
    throw new UsageError(firstSentence(text), `${meant}${hint}`);
  }
  const given = parsed.positionals.length;
  if (given < positionals.length) {
    throw new UsageError(`${command} needs ${positionals.slice(given).join(" and ")}`, hint);
  }
  if (given > positionals.length) {
    throw new UsageError(`unexpected argument '${parsed.positionals[positionals.length]}'`, hint);
  }
  return parsed;
}

/** The word that was meant, if one is near: at most two letters, or a third of them, are wrong, or it was cut short. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(word.length / 3));
  const far = words.map((w) => ({ w, d: distance(word, w) })).filter(({ d }) => d <= most);
  far.sort((a, b) => a.d - b.d);
  const begun = words.filter((w) => word.length > 2 && w.startsWith(word));
  return far[0]?.w ?? (begun.length === 1 ? begun[0] : undefined);
}

/** Levenshtein distance: insertions, deletions and replacements, one row of the table at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Node's messages go on to explain themselves; the first sentence says what is wrong. */
function firstSentence(text: string): string {
  const sentence = text.split(/\.(?:\s|$)/)[0] ?? text;
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** A whole number in [min, max], or a {@link UsageError} that names the option. */
export function parseCount(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`--${option}=${text} is not a number`, `give a whole number >= ${min}`);
  }
  return value;
}

/** One of a few words, or a {@link UsageError} that names the option; undefined stays undefined. */
export function parseWord<T extends string>(
  option: string,
  text: string | undefined,
  words: readonly T[],
): T | undefined {
  const word = words.find((w) => w === text);
  if (word !== undefined || text === undefined) return word;
  const near = nearest(text, words);
  const meant = near === undefined ? "" : `did you mean ${near}? `;
  throw new UsageError(`--${option}=${text} is not known`, `${meant}give ${words.join(" or ")}`);
}

/** The file of --trace, or a {@link UsageError}: before anything is read. */
export function parseTrace(text: string | undefined): string | undefined {
  if (text === undefined || /\.(html|json)$/.test(text)) return text;
  throw new UsageError(`--trace=${text} is no page and no trace`, "give a name in .html or .json");
}
