import { describe, expect, it } from "vitest";
import { copyBlock } from "../../dist/exec/results.js";
import { uniformCuts } from "../../dist/ir/cuts.js";
import type { DType } from "../../dist/ir/dtype.js";
import { itemSize } from "../../dist/ir/dtype.js";
import { blockBox, blockBytes, blockCount, type PlanArray } from "../../dist/ir/stage.js";
import { below, randomOf } from "./random-plan.js";

describe("copyBlock", () => {
  it("puts every byte of every block where a row-major result has it", () => {
    const dtypes: DType[] = ["bool", "int16", "float32", "int64", "complex128"];
    const random = randomOf(1);
    for (let round = 0; round < 120; round++) {
      const shape = Array.from({ length: below(random, 5) }, () =>
        random() < 0.05 ? 0 : 1 + below(random, 7),
      );
      if (round % 10 === 0 && shape.length > 0) shape[shape.length - 1] = 400;
      const cuts = shape.map((n) => uniformCuts(n, 1 + below(random, 5) + (n > 100 ? 150 : 0)));
      const dtype = dtypes[round % dtypes.length] as DType;
      const array: PlanArray = { id: 0, stage: 0, shape, dtype, cuts, liveBytes: 0 };
      const item = itemSize(dtype);
      const total = shape.reduce((n, s) => n * s, item);
      const expected = Uint8Array.from({ length: total }, () => below(random, 256));
      const result = new ArrayBuffer(total);
      for (let block = 0; block < blockCount(cuts); block++) {
        const arena = new SharedArrayBuffer(64 + blockBytes(array, block));
        const bytes = new Uint8Array(arena, 64);
        const { lo, hi } = blockBox(cuts, block);
        const size = lo.map((l, i) => (hi[i] as number) - l);
        for (let k = 0; k < bytes.length / item; k++) {
          let rest = k;
          let from = 0;
          let stride = 1;
          for (let i = shape.length - 1; i >= 0; i--) {
            from += ((rest % (size[i] as number)) + (lo[i] as number)) * stride;
            rest = Math.floor(rest / (size[i] as number));
            stride *= shape[i] as number;
          }
          bytes.set(expected.subarray(from * item, (from + 1) * item), k * item);
        }
        copyBlock(arena, 64, array, block, result);
      }
      expect(new Uint8Array(result)).toEqual(expected);
    }
  });
});
