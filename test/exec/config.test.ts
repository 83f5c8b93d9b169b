import { describe, expect, it } from "vitest";
import { defaultMemory, defaultWorkers, freeMemory, usableMemory } from "../../dist/exec/config.js";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const files =
  (all: Record<string, string>) =>
  (path: string): string | undefined =>
    all[path];

describe("defaults", () => {
  it("take half of what is free, at least 256 MiB, never more than what is free", () => {
    expect(defaultMemory(files({}), () => 2 * GIB)).toBe(GIB);
    expect(defaultMemory(files({}), () => 300 * MIB)).toBe(256 * MIB);
    expect(defaultMemory(files({}), () => 128 * MIB)).toBe(128 * MIB);
    expect(defaultMemory(files({}), () => 256 * GIB)).toBe(128 * GIB);
    // With less than this nothing runs at all.
    expect(defaultMemory(files({}), () => 1000)).toBe(16 * MIB);
    for (let free = 16 * MIB; free < 64 * GIB; free *= 1.37) {
      const given = defaultMemory(files({}), () => free);
      expect(given).toBeLessThanOrEqual(free);
      expect(given).toBeGreaterThanOrEqual((free / 2) * (7 / 8));
      // A little more or less free does not make another budget, and so another plan.
      expect(defaultMemory(files({}), () => free + 4096)).toBe(given);
    }
  });

  it("use no more of a large budget than is free", () => {
    const free = (bytes: number) => () => bytes;
    expect(usableMemory(GIB, 4 * GIB, files({}), free(0))).toBe(GIB);
    expect(usableMemory(16 * GIB, 4 * GIB, files({}), free(24 * GIB))).toBe(16 * GIB);
    expect(usableMemory(64 * GIB, 4 * GIB, files({}), free(24 * GIB))).toBe(24 * GIB);
    expect(usableMemory(64 * GIB, 4 * GIB, files({}), free(3 * GIB))).toBe(4 * GIB);
    const limit = { "/sys/fs/cgroup/memory.max": String(8 * GIB) };
    expect(usableMemory(64 * GIB, 4 * GIB, files(limit), free(24 * GIB))).toBe(8 * GIB);
  });

  it("honour the limits of cgroup v2, of the process' own group and those around it", () => {
    const root = {
      "/sys/fs/cgroup/memory.max": `${GIB}\n`,
      "/sys/fs/cgroup/memory.current": `${GIB / 4}\n`,
    };
    expect(freeMemory(files(root), () => 8 * GIB)).toBe(0.75 * GIB);
    const throttled = { ...root, "/sys/fs/cgroup/memory.high": String(GIB / 2) };
    expect(freeMemory(files(throttled), () => 8 * GIB)).toBe(GIB / 4);
    // Pages of files that nobody looks at count as used, but are given back.
    const cached = {
      ...root,
      "/sys/fs/cgroup/memory.stat": `anon 5\ninactive_file ${GIB / 8}\nactive_file 7\n`,
    };
    expect(freeMemory(files(cached), () => 8 * GIB)).toBe(0.875 * GIB);
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
    const stat = {
      "/sys/fs/cgroup/memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${GIB / 2}\n`,
    };
    expect(
      freeMemory(files({ [limit]: String(2 * GIB), [used]: String(GIB), ...stat }), () => 8 * GIB),
    ).toBe(1.5 * GIB);
    expect(freeMemory(files({ [limit]: "9223372036854771712", [used]: "5" }), () => 8 * GIB)).toBe(
      8 * GIB,
    );
    expect(
      freeMemory(files({ [limit]: String(GIB), [used]: String(2 * GIB) }), () => 8 * GIB),
    ).toBe(0);
  });

  it("use the processors that there are", () => {
    expect(defaultWorkers()).toBeGreaterThan(0);
    expect(defaultMemory()).toBeGreaterThanOrEqual(16 * MIB);
  });
});
