import { describe, expect, it } from "vitest";
import { defaultMemory, defaultWorkers, freeMemory, MOST_MEMORY } from "../../dist/exec/config.js";

const GIB = 2 ** 30;
const files =
  (all: Record<string, string>) =>
  (path: string): string | undefined =>
    all[path];

describe("defaults", () => {
  it("take half of what is free, at least 256 MiB and at most what an arena holds", () => {
    expect(defaultMemory(files({}), () => 2 * GIB)).toBe(GIB);
    expect(defaultMemory(files({}), () => 1000)).toBe(256 * 2 ** 20);
    expect(defaultMemory(files({}), () => 100 * GIB)).toBe(MOST_MEMORY);
    expect(MOST_MEMORY).toBeLessThan(4 * GIB);
  });

  it("honour the limits of cgroup v2, of the process' own group and those around it", () => {
    const root = {
      "/sys/fs/cgroup/memory.max": `${GIB}\n`,
      "/sys/fs/cgroup/memory.current": `${GIB / 4}\n`,
    };
    expect(freeMemory(files(root), () => 8 * GIB)).toBe(0.75 * GIB);
    const nested = {
      "/proc/self/cgroup": "0::/a/b\n",
      "/sys/fs/cgroup/a/memory.max": String(3 * GIB),
      "/sys/fs/cgroup/a/memory.current": String(GIB),
      "/sys/fs/cgroup/a/b/memory.max": "max\n",
    };
    expect(freeMemory(files(nested), () => 8 * GIB)).toBe(2 * GIB);
  });

  it("honour the limits of cgroup v1, and know its word for none", () => {
    const limit = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
    const used = "/sys/fs/cgroup/memory/memory.usage_in_bytes";
    expect(
      freeMemory(files({ [limit]: String(2 * GIB), [used]: String(GIB) }), () => 8 * GIB),
    ).toBe(GIB);
    expect(freeMemory(files({ [limit]: "9223372036854771712", [used]: "5" }), () => 8 * GIB)).toBe(
      8 * GIB,
    );
    expect(
      freeMemory(files({ [limit]: String(GIB), [used]: String(2 * GIB) }), () => 8 * GIB),
    ).toBe(0);
  });

  it("use the processors that there are", () => {
    expect(defaultWorkers()).toBeGreaterThan(0);
    expect(defaultMemory()).toBeGreaterThanOrEqual(256 * 2 ** 20);
  });
});
