/**
 * Byte shuffle as the storage filters have it: byte 0 of all elements, then byte 1 of all elements, and so on. The
 * inverse interleaves sixteen elements at a time with the rounds of a perfect-shuffle network; what is left over,
 * and element sizes that are no power of two, are strided copies of bytes.
 */
import { assemble, Code, Imports } from "./assembler.js";
import { addSlot, getSlot, HEADER, type Layout } from "./descriptor.js";
import { launchCopy } from "./launch-copy.js";
import type { Launcher } from "./launch-map.js";
import { emitDeinterleave, emitInterleave } from "./launch-transpose.js";
import { emitWhileAtLeast } from "./map-kernel.js";
import { walker } from "./nest.js";

const LAYOUT: Layout = { constants: 0, walkers: 2, tables: [] };

/** `apart` walks the byte planes, `together` the elements. Slot 1 of `apart` is the length of a plane. */
function compile(itemSize: number, inverse: boolean): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const apart = { local: c.local("i32"), wide: false };
  const together = { local: c.local("i32"), wide: false };
  const at = { local: c.local("i32"), wide: false };
  const left = c.local("i32");
  [apart, together].forEach((w, i) => {
    getSlot(c, LAYOUT, w, i, 0);
    c.set(w.local);
  });
  c.get(0).memory("i32.load", HEADER.inner).set(left);
  emitWhileAtLeast(c, left, 16, () => {
    const fetch = (planes: boolean): number[] => {
      if (planes) c.get(apart.local).set(at.local);
      return Array.from({ length: itemSize }, (_, i) => {
        c.get(planes ? at.local : together.local).memory("v128.load", planes ? 0 : 16 * i);
        const vector = c.keep("v128");
        if (planes) addSlot(c, LAYOUT, at, 0, 1);
        return vector;
      });
    };
    let vectors = fetch(inverse);
    for (let round = 1; round < itemSize; round *= 2)
      vectors = inverse ? emitInterleave(c, vectors, 1) : emitDeinterleave(c, vectors);
    if (!inverse) c.get(apart.local).set(at.local);
    vectors.forEach((vector, i) => {
      c.get(inverse ? together.local : at.local, vector).memory("v128.store", inverse ? 16 * i : 0);
      if (!inverse) addSlot(c, LAYOUT, at, 0, 1);
    });
    c.free(...vectors);
    c.get(apart.local).i32(16).op("i32.add").set(apart.local);
    c.get(together.local)
      .i32(16 * itemSize)
      .op("i32.add")
      .set(together.local);
  });
  return assemble(imports, { run: c });
}

export function launchShuffle(
  launcher: Launcher,
  itemSize: number,
  count: number,
  source: number,
  target: number,
  inverse: boolean,
): void {
  const [apart, together] = inverse ? [source, target] : [target, source];
  const network = itemSize === 2 || itemSize === 4 || itemSize === 8 || itemSize === 16;
  const whole = network ? count - (count % 16) : 0;
  if (whole > 0) {
    const { cache, writer } = launcher;
    const key = `shuffle|${itemSize}|${inverse}`;
    const run = cache.get(key, () => compile(itemSize, inverse));
    writer.begin(LAYOUT);
    writer.walker(LAYOUT, 0, walker(apart, []), [count]);
    writer.walker(LAYOUT, 1, walker(together, []), []);
    writer.word(HEADER.inner, whole);
    run(writer.address);
  }
  if (whole === count) return;
  const planes = { address: apart + whole, strides: [1, count] };
  const elements = { address: together + whole * itemSize, strides: [itemSize, 1] };
  const [from, to] = inverse ? [planes, elements] : [elements, planes];
  launchCopy(launcher, 1, [count - whole, itemSize], from, to);
}
