import { describe, expect, it } from "vitest";
import { programOf } from "../../dist/ir/monoid.js";
import { arg, call } from "../../dist/ir/scalar.js";
import { Kernels } from "../../dist/kernels/index.js";

describe("addresses beyond 2 GiB", () => {
  it("are unsigned, in maps, leaves and copies, forwards and backwards", () => {
    // Untouched pages cost nothing.
    const memory = new WebAssembly.Memory({ initial: 49152, maximum: 65536, shared: true });
    const high = 3 * 2 ** 30 - 65536 * 4;
    const kernels = new Kernels(memory, { address: high, bytes: 65536 });
    const [source, target] = [high + 65536, high + 131072];
    const a = new Float64Array(memory.buffer, source, 100);
    const b = new Float64Array(memory.buffer, target, 100);
    for (let i = 0; i < 100; i++) a[i] = i;
    const { program, results } = programOf([call("square", "float64", arg(0, "float64"))]);
    const value = results[0] as number;
    const spec = {
      program,
      operands: ["float64"],
      outputs: [{ value, dtype: "float64" }],
    } as const;
    kernels.map(
      spec,
      [100],
      [0],
      [{ address: source, strides: [8] }],
      [{ address: target, strides: [8] }],
    );
    expect(b[99]).toBe(9801);
    kernels.map(
      spec,
      [100],
      [0],
      [{ address: source + 792, strides: [-8] }],
      [{ address: target, strides: [8] }],
    );
    expect(b[0]).toBe(9801);
    kernels.copy(8, [100], { address: source, strides: [8] }, { address: target, strides: [8] });
    expect(b[42]).toBe(42);
    const leaf = {
      program,
      operands: ["float64"],
      outputs: [{ value, monoid: "sum", on: "float64" }],
    } as const;
    kernels.leaf(
      leaf,
      [100],
      [0],
      [0],
      [{ address: source, strides: [8] }],
      [[{ address: target, strides: [0] }]],
      [],
    );
    expect(b[0]).toBe(328350);
    // From below 2 GiB to above.
    new Uint8Array(memory.buffer, 65536, 1)[0] = 7;
    kernels.copy(1, [3], { address: 65536, strides: [0] }, { address: target, strides: [1] });
    expect(new Uint8Array(memory.buffer, target, 3)).toEqual(Uint8Array.of(7, 7, 7));
  });

  it("refuses scratch that is too small", () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true });
    const kernels = new Kernels(memory, { address: 0, bytes: 64 });
    expect(() => kernels.fill(1, [2, 3], { address: 65536, strides: [6, 2] }, "01")).toThrow(
      "scratch",
    );
  });
});
