/**
 * Encodes an LZ4 block (lz4_Block_format.md) as the reference encoder's fast way does: greedy matches, found through a
 * table of where the hash of four bytes was last seen, in steps that grow while nothing is found.
 */
import { assemble, Code, Imports, type Label } from "./assembler.js";

const HASH_BITS = 12;
/** Of the table of addresses. */
export const TABLE_BYTES: number = 4 << HASH_BITS;
/** After so many misses the step grows by one (as a power of two). */
const PATIENCE_BITS = 6;
const MIN_MATCH = 4;
/** The format demands that the last five bytes are literals and that no match starts in the last twelve. */
const LAST_LITERALS = 5;
const LAST_START = 12;
const MOST_DISTANCE = 65_535;
/** Most bytes of a sequence beside its literals and the tails of its lengths, and what literals are copied beyond. */
const SLACK = 32;

/** The longest that a block of so many bytes can become. */
export const lz4Bound = (length: number): number => length + (length >>> 7) + SLACK;

/** Parameters: source, its end, target, its end, table, acceleration. The table's first word becomes the length, or 0. */
export function compileLz4Encode(): Uint8Array<ArrayBuffer> {
  const c = new Code(new Imports(), 6);
  const [src, end, dst, dstEnd, table, acceleration] = [0, 1, 2, 3, 4, 5];
  const at = c.local("i32");
  const anchor = c.local("i32");
  const out = c.local("i32");
  const candidate = c.local("i32");
  const word = c.local("i32");
  const slot = c.local("i32");
  const tries = c.local("i32");
  const length = c.local("i32");
  const count = c.local("i32");
  const step = c.local("i32");

  c.get(table).i32(0).i32(TABLE_BYTES).memoryFill();
  c.get(src).tee(at).set(anchor);
  c.get(dst).set(out);
  c.block((failed) => {
    c.block((finished) => {
      // Shorter than this there can be no match.
      c.get(end, src)
        .op("i32.sub")
        .i32(LAST_START + 1);
      c.op("i32.lt_u").brIf(finished);
      c.loop((sequences) => {
        findMatch(finished);
        extendBack();
        extend();
        writeSequence(failed);
        c.br(sequences);
      });
    });
    writeLast(failed);
    c.get(table).get(out, dst).op("i32.sub").memory("i32.store").op("return");
  });
  c.get(table).i32(0).memory("i32.store");
  return assemble(c.imports, { run: c });

  /** Moves `at` to the next position whose four bytes were seen before, at `candidate`. */
  function findMatch(finished: Label): void {
    c.get(acceleration).i32(PATIENCE_BITS).op("i32.shl").set(tries);
    c.i32(0).set(step);
    c.loop((next) => {
      c.get(at, step).op("i32.add").tee(at);
      c.get(end).i32(LAST_START).op("i32.sub", "i32.gt_u").brIf(finished);
      c.get(tries).i32(PATIENCE_BITS).op("i32.shr_u").set(step);
      c.get(tries).i32(1).op("i32.add").set(tries);
      c.get(at).memory("i32.load").set(word);
      seek();
      c.get(slot).memory("i32.load").set(candidate);
      c.get(slot, at).memory("i32.store");
      // Never seen (zero), too far back, or other bytes with the same hash.
      c.get(candidate, src).op("i32.lt_u").brIf(next);
      c.get(at, candidate).op("i32.sub").i32(MOST_DISTANCE).op("i32.gt_u").brIf(next);
      c.get(candidate).memory("i32.load").get(word).op("i32.ne").brIf(next);
    });
  }

  /** The slot of `word` in the table. */
  function seek(): void {
    c.get(word)
      .i32(0x9e3779b1 | 0)
      .op("i32.mul");
    c.i32(32 - HASH_BITS)
      .op("i32.shr_u")
      .i32(2)
      .op("i32.shl")
      .get(table)
      .op("i32.add")
      .set(slot);
  }

  /** What lies before may be equal too. */
  function extendBack(): void {
    c.block((done) => {
      c.loop((again) => {
        c.get(at, anchor).op("i32.le_u").brIf(done);
        c.get(candidate, src).op("i32.le_u").brIf(done);
        c.get(at).i32(1).op("i32.sub").memory("i32.load8_u");
        c.get(candidate).i32(1).op("i32.sub").memory("i32.load8_u");
        c.op("i32.ne").brIf(done);
        c.get(at).i32(1).op("i32.sub").set(at);
        c.get(candidate).i32(1).op("i32.sub").set(candidate).br(again);
      });
    });
  }

  /** Sets `length` to how many bytes are equal from here on, up to where the last literals begin. */
  function extend(): void {
    const most = c.local("i32");
    const difference = c.local("i64");
    c.get(end, at).op("i32.sub").i32(LAST_LITERALS).op("i32.sub").set(most);
    c.i32(0).set(length);
    c.block((done) => {
      c.loop((again) => {
        c.get(length, most).op("i32.ge_u").brIf(done);
        // Reads beyond the source: the memory does not end there, and `most` cuts what is found.
        c.get(at, length).op("i32.add").memory("i64.load");
        c.get(candidate, length).op("i32.add").memory("i64.load");
        c.op("i64.xor").tee(difference).op("i64.eqz");
        c.if(undefined, () => {
          c.get(length).i32(8).op("i32.add").set(length).br(again);
        });
        c.get(difference).op("i64.ctz").i64(3n).op("i64.shr_u", "i32.wrap_i64");
        c.get(length).op("i32.add").set(length);
      });
    });
    c.get(most, length, length, most).op("i32.gt_u", "select").set(length);
    c.free(most, difference);
  }

  function checkRoom(failed: Label): void {
    c.get(dstEnd, out).op("i32.sub");
    // Lengths go on in a byte for every 255.
    c.get(count).get(count, length).op("i32.add").i32(7).op("i32.shr_u", "i32.add");
    c.i32(SLACK).op("i32.add", "i32.lt_s").brIf(failed);
  }

  function writeSequence(failed: Label): void {
    c.get(at, anchor).op("i32.sub").set(count);
    checkRoom(failed);
    const more = c.local("i32");
    c.get(length).i32(MIN_MATCH).op("i32.sub").set(more);
    c.get(out);
    capped(count);
    c.i32(4).op("i32.shl");
    capped(more);
    c.op("i32.or").memory("i32.store8");
    c.get(out).i32(1).op("i32.add").set(out);
    writeTail(count);
    writeLiterals();
    c.get(out).get(at, candidate).op("i32.sub").memory("i32.store16");
    c.get(out).i32(2).op("i32.add").set(out);
    writeTail(more);
    c.get(at, length).op("i32.add").tee(at).set(anchor);
    c.free(more);
    // One position inside the match, for what repeats with it.
    c.get(at).i32(2).op("i32.sub").memory("i32.load").set(word);
    seek();
    c.get(slot).get(at).i32(2).op("i32.sub").memory("i32.store");
  }

  function writeLast(failed: Label): void {
    c.get(end, anchor).op("i32.sub").set(count);
    c.i32(0).set(length);
    checkRoom(failed);
    c.get(out);
    capped(count);
    c.i32(4).op("i32.shl").memory("i32.store8");
    c.get(out).i32(1).op("i32.add").set(out);
    writeTail(count);
    writeLiterals();
  }

  /** What of a length fits four bits. */
  function capped(value: number): void {
    c.get(value).i32(15).get(value).i32(15).op("i32.lt_u", "select");
  }

  /** A length that does not fit four bits goes on in bytes of 255. */
  function writeTail(value: number): void {
    c.get(value).i32(15).op("i32.ge_u");
    c.if(undefined, () => {
      const left = c.local("i32");
      c.get(value).i32(15).op("i32.sub").set(left);
      c.block((done) => {
        c.loop((again) => {
          c.get(left).i32(255).op("i32.lt_u").brIf(done);
          c.get(out).i32(255).memory("i32.store8");
          c.get(out).i32(1).op("i32.add").set(out);
          c.get(left).i32(255).op("i32.sub").set(left).br(again);
        });
      });
      c.get(out, left).memory("i32.store8");
      c.get(out).i32(1).op("i32.add").set(out);
      c.free(left);
    });
  }

  /** Copies `count` bytes from the anchor, sixteen at a time: what is written beyond them is written again. */
  function writeLiterals(): void {
    const done = c.local("i32");
    c.i32(0).set(done);
    c.block((end) => {
      c.loop((again) => {
        c.get(done, count).op("i32.ge_u").brIf(end);
        c.get(out, done).op("i32.add");
        c.get(anchor, done).op("i32.add").memory("v128.load").memory("v128.store");
        c.get(done).i32(16).op("i32.add").set(done).br(again);
      });
    });
    c.get(out, count).op("i32.add").set(out);
    c.free(done);
  }
}
