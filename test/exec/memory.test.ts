import { describe, expect, it } from "vitest";
import { Account } from "../../dist/exec/memory/account.js";
import {
  AddressAllocator,
  alignedBytes,
  CLASS_WASTE,
  classBytes,
} from "../../dist/exec/memory/allocator.js";
import { createArena, FIRST_BLOCK, PAGE, threadScratch } from "../../dist/exec/memory/arena.js";
import { paddedBytes } from "../../dist/planner/estimate.js";
import { below, randomOf } from "./random-plan.js";

describe("AddressAllocator", () => {
  it("hands out disjoint aligned ranges, lowest first, and joins what is freed", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = randomOf(seed);
      const allocator = new AddressAllocator(4096, 4096 + (1 << 22));
      const live = new Map<number, number>();
      for (let i = 0; i < 3000; i++) {
        if (live.size > 0 && random() < 0.48) {
          const at = [...live.keys()][below(random, live.size)] as number;
          live.delete(at);
          allocator.free(at);
        } else {
          const bytes = below(random, random() < 0.5 ? 300 : 40_000);
          const at = allocator.allocate(bytes);
          if (at < 0) continue;
          expect(at % 64).toBe(0);
          live.set(at, bytes);
        }
      }
      const sorted = [...live].sort((a, b) => a[0] - b[0]);
      sorted.forEach(([at, bytes], i) => {
        expect(at).toBeGreaterThanOrEqual(4096);
        expect(at + bytes).toBeLessThanOrEqual(sorted[i + 1]?.[0] ?? allocator.end);
      });
      for (const at of live.keys()) allocator.free(at);
      expect(allocator.live).toBe(0);
      // Everything is one range again.
      expect(allocator.allocate((1 << 22) - 64)).toBe(4096);
    }
  });

  it("takes the lowest hole that fits, below a ceiling if there is one", () => {
    const allocator = new AddressAllocator(64, 64 + (1 << 20));
    const [a, b, c] = [
      allocator.allocate(1000),
      allocator.allocate(1000),
      allocator.allocate(1000),
    ];
    expect([a, b, c]).toEqual([64, 64 + 1024, 64 + 2048]);
    allocator.free(a as number);
    expect(allocator.allocate(2000)).toBe(64 + 3072);
    expect(allocator.allocate(500)).toBe(64);
    expect(allocator.allocate(100_000, 50_000)).toBe(-1);
    expect(allocator.allocate(2 << 20)).toBe(-1);
    expect(() => allocator.free(12)).toThrow(/not taken/);
  });

  it("staggers equal large blocks over the lines of a page", () => {
    const allocator = new AddressAllocator(0, 2 ** 30);
    const lines = new Set<number>();
    for (let i = 0; i < 64; i++) lines.add((allocator.allocate(1 << 20) % 4096) / 64);
    expect(lines.size).toBe(64);
  });

  it("rounds to few classes and wastes little", () => {
    const classes = new Set<number>();
    for (let bytes = 4096; bytes < 1 << 20; bytes += 64) {
      const size = classBytes(bytes);
      classes.add(size);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size - 576).toBeLessThanOrEqual(bytes * (1 + CLASS_WASTE));
    }
    expect(classes.size).toBeLessThanOrEqual(8 * 8 + 1);
    expect(classBytes(0)).toBe(64);
    expect(alignedBytes(65)).toBe(128);
  });

  it("adds no more to a block than plans count with", () => {
    for (let power = 6; power < 31; power++) {
      for (const beside of [-4096, -65, -64, -1, 0, 1, 64, 65, 4096, 2 ** (power - 3) + 1]) {
        const bytes = 2 ** power + beside;
        if (bytes > 0) expect(classBytes(bytes)).toBeLessThanOrEqual(paddedBytes(bytes));
      }
    }
  });

  it("pushes blocks together", () => {
    const allocator = new AddressAllocator(64, 64 + 1000 * 64);
    const at = Array.from({ length: 400 }, () => allocator.allocate(100));
    at.forEach((a, i) => {
      if (i % 2 === 0) allocator.free(a);
    });
    expect(allocator.allocate(700 * 64)).toBe(-1);
    const moves = allocator.compact();
    moves.forEach(({ from, to }, i) => {
      expect(to).toBeLessThan(from);
      expect(to).toBeGreaterThanOrEqual(moves[i - 1]?.to ?? 0);
    });
    expect(allocator.allocate(600 * 64)).toBe(64 + 400 * 64);
  });
});

describe("Account", () => {
  it("keeps balance and peak, and refuses what is not there", () => {
    const account = new Account(100);
    account.charge(60);
    expect(account.fits(40)).toBe(true);
    expect(account.fits(41)).toBe(false);
    expect(() => account.charge(41)).toThrow(/charged/);
    account.release(50);
    expect([account.used, account.peak]).toEqual([10, 60]);
    expect(() => account.release(11)).toThrow(/released/);
  });
});

describe("createArena", () => {
  it("reserves shared memory with room for the scratch of all threads", () => {
    const memory = createArena(20 * PAGE + 1);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.buffer.byteLength).toBe(21 * PAGE);
    expect(threadScratch(0)).toBeGreaterThan(0);
    expect(threadScratch(126) + PAGE).toBe(FIRST_BLOCK);
  });
});
