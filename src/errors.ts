/**
 * The error family. Every error that chunkwise throws on purpose is one of these, so that a program can
 * tell a wrong argument from a full disk: `code` is stable and machine-readable, `hint` says what would be
 * right. Errors are thrown where the mistake is made; building an expression checks shapes and dtypes at once.
 */

export type ErrorCode =
  | "SHAPE"
  | "DTYPE"
  | "INDEX"
  | "CHUNK"
  | "OPTION"
  | "EXPRESSION"
  | "MEMORY_LIMIT"
  | "ZARR"
  | "SOURCE"
  | "TASK"
  | "ABORT"
  | "INTERNAL";

export interface ErrorDetail {
  /** What the user can do about it, as one sentence. */
  readonly hint?: string | undefined;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
}

/** Base of every chunkwise error. `message` holds what was wrong and, after a semicolon, the hint. */
export class ChunkwiseError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(
      detail.hint === undefined ? message : `${message}; ${detail.hint}`,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.code = code;
    this.hint = detail.hint;
    this.name = new.target.name;
  }
}

/** Shapes that do not fit together, or an axis that does not exist. */
export class ShapeError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("SHAPE", message, detail);
  }
}

/** A dtype that is unknown, does not promote, or is not allowed for this function. */
export class DTypeError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("DTYPE", message, detail);
  }
}

/** An index or selector that is malformed or out of bounds. */
export class IndexError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("INDEX", message, detail);
  }
}

/** A chunk specification that does not fit the array. */
export class ChunkError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("CHUNK", message, detail);
  }
}

/** An unknown option, or an option with a value that is not allowed. */
export class OptionError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("OPTION", message, detail);
  }
}

/** A text that is not an expression, or one with a name or keyword that nobody knows. */
export class ExpressionError extends ChunkwiseError {
  /** The whole text; interpolated values appear as `${0}`, `${1}`, … */
  readonly source: string;
  /** Line and column of the mistake, counted from 1. */
  readonly line: number;
  readonly column: number;

  constructor(
    message: string,
    detail: ErrorDetail & {
      readonly source?: string | undefined;
      readonly line?: number | undefined;
      readonly column?: number | undefined;
      /** The line of the text with a mark under the mistake; it ends the message. */
      readonly picture?: string | undefined;
    } = {},
  ) {
    super("EXPRESSION", message, detail);
    this.source = detail.source ?? "";
    this.line = detail.line ?? 1;
    this.column = detail.column ?? 1;
    if (detail.picture !== undefined) this.message += `\n\n${detail.picture}`;
  }
}

/** A plan that cannot run inside the memory budget; thrown before anything is read. */
export class MemoryLimitError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("MEMORY_LIMIT", message, detail);
  }
}

/** Zarr metadata or chunk data that is missing, malformed, damaged or not supported. */
export class ZarrError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("ZARR", message, detail);
  }
}

/** A user source or a store that failed, or did not keep its contract. */
export class SourceError extends ChunkwiseError {
  constructor(message: string, detail?: ErrorDetail) {
    super("SOURCE", message, detail);
  }
}

/** A user function that threw; carries its name and the block it was given. */
export class TaskError extends ChunkwiseError {
  readonly functionName: string | undefined;
  readonly blockIndex: readonly number[] | undefined;

  constructor(
    message: string,
    detail: ErrorDetail & {
      readonly functionName?: string | undefined;
      readonly blockIndex?: readonly number[] | undefined;
    } = {},
  ) {
    super("TASK", message, detail);
    this.functionName = detail.functionName;
    this.blockIndex = detail.blockIndex;
  }
}

/** The computation was cancelled through its AbortSignal. `cause` is the signal's reason. */
export class AbortError extends ChunkwiseError {
  constructor(message = "the computation was aborted", detail?: ErrorDetail) {
    super("ABORT", message, detail);
  }
}

/** A broken promise of the engine itself: always a bug in chunkwise. */
export class InternalError extends ChunkwiseError {
  constructor(message: string, detail: ErrorDetail = {}) {
    super("INTERNAL", message, { hint: "this is a bug in chunkwise, please report it", ...detail });
  }
}

const FAMILY = {
  ShapeError,
  DTypeError,
  IndexError,
  ChunkError,
  OptionError,
  ExpressionError,
  MemoryLimitError,
  ZarrError,
  SourceError,
  TaskError,
  AbortError,
  InternalError,
} as const;

/** What crosses a thread border in place of an Error object. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly functionName?: string | undefined;
  readonly blockIndex?: readonly number[] | undefined;
  readonly cause?: ErrorData | undefined;
}

/** Flattens any thrown value to plain data; causes are kept eight deep. */
export function errorToData(error: unknown, depth = 0): ErrorData {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const task = error instanceof TaskError ? error : undefined;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    functionName: task?.functionName,
    blockIndex: task?.blockIndex,
    cause: error.cause === undefined || depth > 8 ? undefined : errorToData(error.cause, depth + 1),
  };
}

/** The inverse of {@link errorToData}: an error of the same class, with the stack of where it was thrown. */
export function errorFromData(data: ErrorData): Error {
  const cause = data.cause === undefined ? undefined : errorFromData(data.cause);
  const Class = FAMILY[data.name as keyof typeof FAMILY];
  let error: Error;
  if (Class === TaskError) {
    error = new TaskError(data.message, {
      cause,
      functionName: data.functionName,
      blockIndex: data.blockIndex,
    });
  } else if (Class === InternalError) {
    error = new InternalError(data.message, { hint: undefined, cause });
  } else if (Class !== undefined) {
    error = new (Class as typeof ShapeError)(data.message, { cause });
  } else {
    error = new Error(data.message, cause === undefined ? undefined : { cause });
    error.name = data.name;
  }
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}
