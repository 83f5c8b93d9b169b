/** `npm run planner-cases -- [FILE] [ID…]`: what the planner makes of expressions, against what each case asks. */
import { fileURLToPath } from "node:url";
import { shutdown } from "chunkwise";
import { readCases } from "./cases.js";
import { check } from "./check.js";

const DEFAULT = new URL("../../../test/fixtures/planner_cases.json", import.meta.url);

const [file = fileURLToPath(DEFAULT), ...ids] = process.argv.slice(2);
const cases = (await readCases(file)).filter((c) => ids.length === 0 || ids.includes(c.id));
let passed = 0;
for (const planned of cases) {
  const { id, met, text } = await check(planned);
  if (met) passed += 1;
  console.log(`${id}  ${met ? "met" : "not met"}: ${text}`);
}
console.log(`${passed} passed, ${cases.length - passed} failed`);
process.exitCode = passed === cases.length ? 0 : 1;
await shutdown();
