#!/usr/bin/env node
/** The `chunkwise` command: connects `run` to this process. */
import { EXIT, run } from "./run.js";

const abort = new AbortController();
process.on("SIGINT", () => {
  // A second Ctrl-C does not wait for a clean end.
  if (abort.signal.aborted) process.exit(EXIT.interrupted);
  abort.abort();
});

// A reader that has seen enough (`chunkwise info … | head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failure);
});

process.exitCode = await run(
  process.argv.slice(2),
  {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
  },
  abort.signal,
);
