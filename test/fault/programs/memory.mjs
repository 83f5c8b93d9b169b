/**
 * A program for `memory.test.ts`: runs one pipeline in a process of its own and tells how far its resident memory rose
 * above what it was with everything loaded and the workers started.
 */
import { readFileSync, writeFileSync } from "node:fs";
import * as cw from "../../../dist/index.js";

const { pipeline, store, out, memory, workers, shutdowns = 0 } = JSON.parse(process.argv[2]);
const options = { memory, workers, inlineBytes: 0 };

/** 200 MiB of float32 that is made when it is asked for. */
function generated() {
  const shape = [800, 256, 256];
  return cw.fromSource({
    shape,
    dtype: "float32",
    chunks: [25, 128, 128],
    name: "generated",
    readInto([a, b, c], { data, offset, stride }) {
      for (let i = a.start; i < a.stop; i++) {
        for (let j = b.start; j < b.stop; j++) {
          const row = offset + (i - a.start) * stride[0] + (j - b.start) * stride[1];
          const value = (i + j) % 100;
          if (stride[2] === 1) data.fill(value, row, row + c.stop - c.start);
          else for (let k = 0; k < c.stop - c.start; k++) data[row + k * stride[2]] = value;
        }
      }
    },
  });
}

const x = store === "source" ? generated() : await cw.openZarr(store);
const pipelines = {
  reduce: () => [x.multiply(2).add(1).sum()],
  moments: () => [x.mean(), x.std(), x.max(), x.argmin()],
  last: () => [x.mean({ axis: 2 }).max()],
  middle: () => [x.sum({ axis: 1 })],
  first: () => [x.std({ axis: 0 })],
  anomaly: () => x.subtract(x.mean({ axis: 0 })),
  pencils: () => x.rechunk([-1, 16, 64]),
  copy: () => x.add(1),
};
const made = pipelines[pipeline]();
const written = !Array.isArray(made);

/** Highest resident bytes since the last reset, as the kernel counts them. */
const status = (field) =>
  1024 *
  Number(new RegExp(`${field}:\\s*(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))[1]);

// What is loaded on first use counts as idle: engine, codecs, one worker run.
await cw.compute(x.at(0, 0, cw.slice(0, 1)), options);
globalThis.gc?.();
writeFileSync("/proc/self/clear_refs", "5");
const idle = status("VmRSS");
let sampled = 0;
const timer = setInterval(() => {
  sampled = Math.max(sampled, process.memoryUsage.rss());
}, 10);
const started = performance.now();
let planned = memory;
const onProgress = ({ memoryLimit }) => {
  planned = Math.min(planned, memoryLimit);
};
async function run() {
  if (written)
    await cw.toZarr(made, out, { ...options, codecs: "raw", mode: "overwrite", onProgress });
  else {
    planned = cw.plan(made, options).peakBytes;
    await cw.compute(made, options);
  }
}
await run();
for (let i = 0; i < shutdowns; i++) {
  await cw.shutdown();
  await run();
}
clearInterval(timer);
const peak = Math.max(status("VmHWM"), sampled);
console.log(
  JSON.stringify({
    idle,
    peak,
    rise: peak - idle,
    planned,
    ms: Math.round(performance.now() - started),
  }),
);
