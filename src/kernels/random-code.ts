/**
 * Counter-based random numbers as WebAssembly: `randomBits` (Threefry-2x64 with 20 rounds, see `ir/threefry.ts`)
 * on one element or on two lanes, and the upper half of a product of 64-bit integers.
 */
import { PARITY, ROTATIONS, ROUNDS } from "../ir/threefry.js";
import type { Code } from "./assembler.js";

/** What the rounds need of a register width. */
interface Words {
  readonly type: "i64" | "v128";
  readonly add: string;
  readonly xor: string;
  /** Leaves a constant on the stack. */
  constant(value: bigint): void;
  /** Leaves local `x`, turned left, on the stack. */
  rotated(x: number, bits: number): void;
}

/** Key and counter in i64 locals; leaves the first output word on the stack. */
export function emitRandomBits(c: Code, key: number, counter: number): void {
  emitRounds(c, key, counter, {
    type: "i64",
    add: "i64.add",
    xor: "i64.xor",
    constant: (value) => c.i64(value),
    rotated: (x, bits) => c.get(x).i64(BigInt(bits)).op("i64.rotl"),
  });
}

/** The same for two lanes of 64 bits. */
export function emitRandomLanes(c: Code, key: number, counter: number): void {
  emitRounds(c, key, counter, {
    type: "v128",
    add: "i64x2.add",
    xor: "v128.xor",
    constant: (value) => c.i64(value).op("i64x2.splat"),
    rotated: (x, bits) => {
      if (bits % 8 === 0) {
        // Whole bytes turn in one instruction.
        const bytes = Array.from({ length: 16 }, (_, i) => (i & 8) | ((i - bits / 8) & 7));
        c.get(x, x).shuffle(bytes);
        return;
      }
      c.get(x).i32(bits).op("i64x2.shl");
      c.get(x)
        .i32(64 - bits)
        .op("i64x2.shr_u", "v128.or");
    },
  });
}

function emitRounds(c: Code, key: number, counter: number, w: Words): void {
  // The second words of key and counter are 0, and so is what they would add.
  const parity = c.local(w.type);
  c.get(key);
  w.constant(PARITY);
  c.op(w.xor).set(parity);
  const schedule = [key, undefined, parity];
  const [a, b] = [c.local(w.type), c.local(w.type)];
  c.get(counter, key).op(w.add).tee(a).set(b);
  for (let round = 0; round < ROUNDS; round++) {
    // In the first round the second word is still 0: turned and mixed with the first it is the first.
    if (round > 0) {
      c.get(a, b).op(w.add).set(a);
      w.rotated(b, ROTATIONS[round % 8] as number);
      c.get(a).op(w.xor).set(b);
    }
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    const first = schedule[injection % 3];
    const second = schedule[(injection + 1) % 3];
    if (first !== undefined) c.get(a, first).op(w.add).set(a);
    c.get(b);
    w.constant(BigInt(injection));
    c.op(w.add);
    if (second !== undefined) c.get(second).op(w.add);
    c.set(b);
  }
  c.get(a);
  c.free(parity, a, b);
}

/** Leaves the upper 64 bits of the product of two unsigned i64 locals on the stack, from products of halves. */
export function emitMultiplyHigh(c: Code, a: number, b: number): void {
  const half = (x: number, upper: boolean): void => {
    c.get(x);
    if (upper) c.i64(32n).op("i64.shr_u");
    else c.i64(0xffffffffn).op("i64.and");
  };
  const product = (aUpper: boolean, bUpper: boolean): void => {
    half(a, aUpper);
    half(b, bUpper);
    c.op("i64.mul");
  };
  // middle = a1 b0 + (a0 b0 >> 32) and low = a0 b1 + (middle mod 2^32) cannot overflow.
  product(true, false);
  product(false, false);
  c.i64(32n).op("i64.shr_u", "i64.add");
  const middle = c.keep("i64");
  product(true, true);
  half(middle, true);
  c.op("i64.add");
  product(false, true);
  half(middle, false);
  c.op("i64.add").i64(32n).op("i64.shr_u", "i64.add");
  c.free(middle);
}

/** The same for two lanes. */
export function emitMultiplyHighLanes(c: Code, a: number, b: number): void {
  // Words of two lanes side by side, as products of halves take them.
  const words = [a, b].flatMap((x) =>
    [0, 4].map((at) => {
      const lanes = [0, 8].flatMap((lane) => [0, 1, 2, 3].map((i) => lane + at + i));
      c.get(x, x).shuffle(lanes);
      return c.keep("v128");
    }),
  );
  const [a0, a1, b0, b1] = words as [number, number, number, number];
  const product = (x: number, y: number): void => void c.get(x, y).op("i64x2.extmul_low_i32x4_u");
  product(a1, b0);
  product(a0, b0);
  c.i32(32).op("i64x2.shr_u", "i64x2.add");
  const middle = c.keep("v128");
  product(a1, b1);
  c.get(middle).i32(32).op("i64x2.shr_u", "i64x2.add");
  product(a0, b1);
  c.get(middle).i64(0xffffffffn).op("i64x2.splat", "v128.and", "i64x2.add");
  c.i32(32).op("i64x2.shr_u", "i64x2.add");
  c.free(middle, ...words);
}
