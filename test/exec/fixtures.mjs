/** A program for `exit.test.ts`: computes on workers and leaves it to the engine to let the process end. */
import { runtime } from "../../dist/exec/runtime.js";

const { plan, bindings } = JSON.parse(process.env.CHUNKWISE_TEST_PLAN);
const how = process.argv[2];
bindings.sources[0].reader = {
  readInto(region, target) {
    for (let i = 0; i < target.shape[0]; i++)
      target.data[target.offset + i * target.stride[0]] = region.lo[0] + i;
  },
};
const controller = new AbortController();
if (how === "abort") setTimeout(() => controller.abort(), 300);
try {
  const run = () => runtime.run(plan, bindings, { inlineBytes: 0, signal: controller.signal });
  const result = await run();
  if (how === "shutdown") {
    await runtime.shutdown();
    await run();
  }
  console.log(how, new Float64Array(result.roots[0]).join());
} catch (error) {
  console.log(how, error.name);
}
console.log("used", runtime.account().used);
