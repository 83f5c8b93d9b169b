/**
 * A checksum for data that passes through a disk: sixteen multiplicative hashes side by side, one for every 32-bit word
 * of a group of 64 bytes, folded into one word. It notices changed, swapped and missing words; it is no defence against
 * somebody who wants to deceive.
 */
import { assemble, Code, Imports } from "./assembler.js";
import { HEADER, type Layout, walkerAt } from "./descriptor.js";
import type { Launcher } from "./launch-map.js";
import { emitWhileAtLeast } from "./map-kernel.js";
import { walker } from "./nest.js";

const LAYOUT: Layout = { constants: 0, walkers: 1, tables: [] };
/** An odd number whose bits are spread: 2^32 / golden ratio. */
const FACTOR = 0x9e3779b1;
const GROUP = 64;

function compile(): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const at = c.local("i32");
  const left = c.local("i32");
  const factor = c.local("v128");
  const hashes = Array.from({ length: GROUP / 16 }, () => c.local("v128"));
  c.get(0)
    .memory("i32.load", walkerAt(LAYOUT, 0, 0))
    .set(at);
  c.get(0).memory("i32.load", HEADER.inner).set(left);
  c.i32(FACTOR | 0)
    .op("i32x4.splat")
    .set(factor);
  hashes.forEach((hash, i) => {
    c.i32(i + 1)
      .op("i32x4.splat")
      .set(hash);
  });
  emitWhileAtLeast(c, left, GROUP, () => {
    hashes.forEach((hash, i) => {
      c.get(hash)
        .get(at)
        .memory("v128.load", 16 * i)
        .op("i32x4.add")
        .get(factor)
        .op("i32x4.mul")
        .set(hash);
    });
    c.get(at).i32(GROUP).op("i32.add").set(at);
  });
  const sum = c.local("i32");
  c.i32(0).set(sum);
  for (const hash of hashes) {
    for (let lane = 0; lane < 4; lane++) {
      c.get(sum).get(hash).lane("i32x4.extract_lane", lane).op("i32.add");
      c.i32(FACTOR | 0)
        .op("i32.mul")
        .set(sum);
    }
  }
  c.get(0).get(sum).memory("i32.store", HEADER.count);
  return assemble(imports, { run: c });
}

/** The checksum of `bytes` at `address` as a uint32. */
export function launchChecksum(
  launcher: Launcher,
  memory: WebAssembly.Memory,
  address: number,
  bytes: number,
): number {
  const { cache, writer } = launcher;
  const run = cache.get("checksum", compile);
  const whole = bytes - (bytes % GROUP);
  writer.begin(LAYOUT);
  writer.walker(LAYOUT, 0, walker(address, []), []);
  writer.word(HEADER.inner, whole);
  run(writer.address);
  const view = new DataView(memory.buffer);
  let sum = view.getUint32(writer.address + HEADER.count, true);
  for (let i = address + whole; i < address + bytes; i++) {
    sum = Math.imul(sum + view.getUint8(i), FACTOR) >>> 0;
  }
  return sum >>> 0;
}
