/** A program for `blocked.test.ts`: blocks its only thread for two seconds in the middle of a computation. */
import * as fs from "node:fs";
import * as cw from "../../../dist/index.js";

const { store, out } = JSON.parse(process.argv[2]);
const x = await cw.openZarr(store);
// A slow block function, so that the work takes longer than the thread is blocked.
const slow = cw.mapBlocks((block) => {
  const end = performance.now() + 20;
  while (performance.now() < end);
  return block.data.map((v) => v + 1);
}, x);
let stats;
const done = slow
  .toZarr(out, { codecs: "raw", workers: 2, memory: "64MiB", inlineBytes: 0 })
  .then((s) => (stats = s));
const chunks = () => (fs.existsSync(`${out}/c`) ? fs.readdirSync(`${out}/c`).length : 0);
while (chunks() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
const before = chunks();
const end = performance.now() + 2000;
while (performance.now() < end);
const after = chunks();
const finished = stats !== undefined;
await done;
console.log(JSON.stringify({ before, after, finished, total: chunks() }));
