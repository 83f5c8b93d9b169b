/** An engine at rest never keeps a process alive, whatever happened before. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { uniformCuts } from "../../dist/ir/cuts.js";
import { counting, Work } from "./work.js";

const PROGRAM = fileURLToPath(new URL("./fixtures.mjs", import.meta.url));

function program(how: string, text: string): Promise<{ code: number | string; output: string }> {
  const work = new Work();
  work.root(work.call("fn", text, work.source(counting(6), [6]), [uniformCuts(6, 2)]));
  const env = { ...process.env, CHUNKWISE_TEST_PLAN: JSON.stringify(work.plan()) };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, how],
      { env, timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({
          code: error === null ? 0 : (error.code ?? String(error.signal)),
          output: stdout + stderr,
        });
      },
    );
  });
}

describe("a process ends by itself", () => {
  it("after a result, with the output of user functions", async () => {
    const text =
      "(b) => { for (const v of b.data) console.log('seen', v); return b.data.map((v) => v * 2); }";
    const { code, output } = await program("success", text);
    expect(output).toContain("success 0,2,4,6,8,10");
    expect(output).toContain("used 0");
    for (let i = 0; i < 6; i++) expect(output).toContain(`seen ${i}`);
    expect(code).toBe(0);
  });

  it("after an error", async () => {
    const { code, output } = await program("error", "() => { throw new Error('no'); }");
    expect(output).toContain("error TaskError");
    expect(output).toContain("used 0");
    expect(code).toBe(0);
  });

  it("after an abort of an endless function", async () => {
    const { code, output } = await program("abort", "() => { for (;;); }");
    expect(output).toContain("abort AbortError");
    expect(code).toBe(0);
  });

  it("after a shutdown and a second start", async () => {
    const { code, output } = await program("shutdown", "(b) => b.data");
    expect(output).toContain("shutdown 0,1,2,3,4,5");
    expect(code).toBe(0);
  });
});
