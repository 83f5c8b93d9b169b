/**
 * A program for `resume.test.ts`: writes an array from a slow source, and is killed while it does. Every read of a chunk
 * is a line of the log. In the end it prints what the run did.
 */
import { appendFileSync } from "node:fs";
import * as cw from "../../../dist/index.js";

const { folder, log, delay, plus = 1, what, dieAfter, ...options } = JSON.parse(process.argv[2]);
if (dieAfter !== undefined) setTimeout(() => process.kill(process.pid, "SIGKILL"), dieAfter);
const ROWS = 8;
const COLUMNS = 16_384;

const source = (name) =>
  cw.fromSource({
    shape: [24 * ROWS, COLUMNS],
    dtype: "float64",
    chunks: [ROWS, COLUMNS],
    name,
    async readInto([rows, columns], { data, offset, stride }) {
      if (log !== undefined) appendFileSync(log, `${name} ${rows.start}\n`);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      for (let i = rows.start; i < rows.stop; i++) {
        for (let j = columns.start; j < columns.stop; j++) {
          const at = (i - rows.start) * stride[0] + (j - columns.start) * stride[1];
          data[offset + at] = i * 1000 + j;
        }
      }
    },
  });

const x = source("x").add(plus);
const run = { memory: "16MiB", workers: 2, ...options };
const acts = {
  array: () => x.toZarr(folder, run),
  // Two arrays of one plan, deep in the store; the second takes what the first one is made of.
  both: () => cw.store({ "deep/a": x, "deep/b": x.multiply(source("y")) }, folder, run),
  // A chunk needs a part of every block: what only finished chunks need is not read.
  rechunk: () => x.rechunk([-1, 512]).toZarr(folder, run),
};
try {
  const { tasks, bytesWritten, spilledBytes: spilled } = await acts[what]();
  console.log(JSON.stringify({ tasks, bytesWritten, spilled }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message }));
}
await cw.shutdown();
