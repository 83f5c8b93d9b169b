/**
 * Decodes an LZ4 block (lz4_Block_format.md). The block may hold anything: every length is compared with what is left
 * before it is used. Copies are of sixteen bytes, so up to fifteen bytes behind the target are written, and as many
 * behind the source are read.
 */
import { assemble, Code, Imports, type Label } from "./assembler.js";

/** Why a block was refused; what was decoded otherwise is a length. */
export const LZ4_FAULTS = {
  literals: -1,
  room: -2,
  match: -3,
  start: -4,
} as const;

/** Sixteen patterns of sixteen bytes: lanes modulo the distance. */
export const PATTERN_BYTES: number = 16 * 16;

export function lz4Patterns(): Uint8Array {
  return Uint8Array.from({ length: PATTERN_BYTES }, (_, i) => (i & 15) % Math.max(1, i >> 4));
}

/** Parameters: source, its end, target, its end, where the patterns are, and where the length or a fault is put. */
export function compileLz4Decode(): Uint8Array<ArrayBuffer> {
  const c = new Code(new Imports(), 6);
  const [src, end, dst, dstEnd, patterns, result] = [0, 1, 2, 3, 4, 5];
  const from = c.local("i32");
  const out = c.local("i32");
  const token = c.local("i32");
  const length = c.local("i32");
  const distance = c.local("i32");
  const at = c.local("i32");
  const byte = c.local("i32");
  const stop = c.local("i32");
  const step = c.local("i32");
  const pattern = c.local("v128");

  c.get(src).set(from);
  c.get(dst).set(out);
  c.block((finished) => {
    guarded("start", (tooFar) =>
      guarded("match", (noMatch) =>
        guarded("room", (tooLong) =>
          guarded("literals", (tooShort) => {
            c.loop((sequences) => {
              c.get(from, end).op("i32.ge_u").brIf(finished);
              takeByte(token);
              literals(tooShort, tooLong);
              c.get(from, end).op("i32.eq").brIf(finished);
              match(noMatch, tooFar, tooLong);
              c.br(sequences);
            });
          }),
        ),
      ),
    );
  });
  c.get(result).get(out, dst).op("i32.sub").memory("i32.store");
  return assemble(c.imports, { run: c });

  /** A branch to the label ends all with this fault. */
  function guarded(fault: keyof typeof LZ4_FAULTS, body: (label: Label) => void): void {
    c.block(body);
    // Only the innermost block can be left at its end, and its body is a loop that is left by branches alone.
    c.get(result).i32(LZ4_FAULTS[fault]).memory("i32.store").op("return");
  }

  function takeByte(into: number): void {
    c.get(from).memory("i32.load8_u").set(into);
    c.get(from).i32(1).op("i32.add").set(from);
  }

  /** A length that does not fit four bits goes on in bytes of 255. More than there is room for ends it at once. */
  function takeTail(tooLong: Label): void {
    c.block((done) => {
      c.loop((again) => {
        c.get(from, end).op("i32.ge_u").brIf(done);
        takeByte(byte);
        c.get(length, byte).op("i32.add").tee(length);
        c.get(dstEnd, out).op("i32.sub").i32(4).op("i32.add", "i32.gt_u").brIf(tooLong);
        c.get(byte).i32(255).op("i32.eq").brIf(again);
      });
    });
  }

  function literals(tooShort: Label, tooLong: Label): void {
    c.get(token).i32(4).op("i32.shr_u").tee(length).i32(15).op("i32.eq");
    c.if(undefined, () => takeTail(tooLong));
    c.get(length).get(end, from).op("i32.sub", "i32.gt_u").brIf(tooShort);
    c.get(length).get(dstEnd, out).op("i32.sub", "i32.gt_u").brIf(tooLong);
    c.get(out, length).op("i32.add").set(stop);
    c.get(from).set(at);
    c.get(from, length).op("i32.add").set(from);
    copyUpTo();
  }

  /** Copies sixteen bytes at a time from `at` to `out` until `stop`, where `out` is after. */
  function copyUpTo(): void {
    c.block((done) => {
      c.loop((again) => {
        c.get(out, stop).op("i32.ge_u").brIf(done);
        c.get(out).get(at).memory("v128.load").memory("v128.store");
        c.get(at).i32(16).op("i32.add").set(at);
        c.get(out).i32(16).op("i32.add").set(out).br(again);
      });
    });
    c.get(stop).set(out);
  }

  function match(noMatch: Label, tooFar: Label, tooLong: Label): void {
    c.get(end, from).op("i32.sub").i32(2).op("i32.lt_u").brIf(noMatch);
    c.get(from).memory("i32.load16_u").tee(distance).op("i32.eqz").brIf(tooFar);
    c.get(from).i32(2).op("i32.add").set(from);
    c.get(distance).get(out, dst).op("i32.sub", "i32.gt_u").brIf(tooFar);
    c.get(token).i32(15).op("i32.and").i32(4).op("i32.add").tee(length).i32(19).op("i32.eq");
    c.if(undefined, () => takeTail(tooLong));
    c.get(length).get(dstEnd, out).op("i32.sub", "i32.gt_u").brIf(tooLong);
    c.get(out, length).op("i32.add").set(stop);
    c.get(out, distance).op("i32.sub").set(at);
    c.get(distance).i32(16).op("i32.ge_u");
    c.if(undefined, copyUpTo, repeat);
  }

  /** A match that overlaps itself within sixteen bytes: what repeats, as often as it fits, stored again and again. */
  function repeat(): void {
    c.get(at).memory("v128.load");
    c.get(distance).i32(4).op("i32.shl").get(patterns).op("i32.add").memory("v128.load");
    c.op("i8x16.swizzle").set(pattern);
    c.i32(16).i32(16).get(distance).op("i32.rem_u", "i32.sub").set(step);
    c.block((done) => {
      c.loop((again) => {
        c.get(out, stop).op("i32.ge_u").brIf(done);
        c.get(out, pattern).memory("v128.store");
        c.get(out, step).op("i32.add").set(out).br(again);
      });
    });
    c.get(stop).set(out);
  }
}
