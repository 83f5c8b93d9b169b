/** Every row of the table of mistakes is refused with exactly these words, before anything runs. */
import { describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import * as table from "./errors.table.js";

const x = cw.zeros([10, 6], { chunks: [4, 6] });
const double = (block: { data: Float64Array }): Float64Array => block.data.map((v) => 2 * v);

async function mistake(expression: string): Promise<unknown> {
  try {
    // The table is ours: its rows are expressions in the three names.
    await new Function("cw", "x", "double", `return (${expression});`)(cw, x, double);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each(Object.entries(table))("%s", (_, rows) => {
  it("has at least 15 rows", () => {
    expect(rows.length).toBeGreaterThanOrEqual(15);
  });
  it.each(rows)("%s", async (expression, name, message) => {
    const error = await mistake(expression);
    expect(error).toBeInstanceOf(cw.ChunkwiseError);
    expect((error as Error).name).toBe(name);
    expect((error as Error).message).toBe(message);
  });
});
