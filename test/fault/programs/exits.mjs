/** A program for `exit.test.ts`: does one thing and ends without being told to. */
import * as cw from "../../../dist/index.js";

const { how, executor, folder } = JSON.parse(process.argv[2]);
const x = cw.arange(1000, { chunks: 100 });
const controller = new AbortController();
const run = { executor, workers: 2, memory: "64MiB", signal: controller.signal };

const acts = {
  nothing: async () => x.add(1).shape.join(),
  success: async () => (await x.sum().compute(run)).item(),
  store: async () => (await x.toZarr(folder, run)).bytesWritten,
  error: async () =>
    cw
      .mapBlocks(() => {
        throw new Error("no");
      }, x)
      .compute(run),
  abort: async () => {
    setTimeout(() => controller.abort(), 200);
    const slow = cw.fromSource({
      shape: [100],
      dtype: "float64",
      chunks: [1],
      readInto: () =>
        new Promise((resolve) => {
          setTimeout(resolve, 100);
        }),
    });
    return slow.sum().compute(run);
  },
  // As after a run that was aborted before its threads had started.
  start: async () => {
    const { Engine } = await import("../../../dist/exec/engine.js");
    return new Engine().idle ? "idle" : "busy";
  },
  persist: async () => {
    const kept = await x.add(1).persist(run);
    return (await kept.sum().compute(run)).item();
  },
  shutdown: async () => {
    await x.sum().compute(run);
    await cw.shutdown();
    return "ended";
  },
  restart: async () => {
    await x.sum().compute(run);
    await cw.shutdown();
    return (await x.sum().compute(run)).item();
  },
  "lost store": async () => {
    const failing = { get: () => undefined, set: () => Promise.reject(new Error("gone")) };
    return x.toZarr(failing, run);
  },
};
try {
  console.log("answer", await acts[how]());
} catch (error) {
  console.log("error", error.name);
}
