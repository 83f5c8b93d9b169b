/**
 * The opcode page: WebAssembly instructions by their names in the specification (core 2.0 with SIMD, saturating
 * truncation and bulk memory). Prefixed instructions are written `0xfc00 + n` and `0xfd00 + n`.
 */

const scalar: Readonly<Record<string, number>> = {
  unreachable: 0x00,
  nop: 0x01,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  "i32.load": 0x28,
  "i64.load": 0x29,
  "f32.load": 0x2a,
  "f64.load": 0x2b,
  "i32.load8_s": 0x2c,
  "i32.load8_u": 0x2d,
  "i32.load16_s": 0x2e,
  "i32.load16_u": 0x2f,
  "i32.store": 0x36,
  "i64.store": 0x37,
  "f32.store": 0x38,
  "f64.store": 0x39,
  "i32.store8": 0x3a,
  "i32.store16": 0x3b,
  "i32.wrap_i64": 0xa7,
  "i64.extend_i32_s": 0xac,
  "i64.extend_i32_u": 0xad,
  "f32.convert_i32_s": 0xb2,
  "f32.convert_i32_u": 0xb3,
  "f32.convert_i64_s": 0xb4,
  "f32.convert_i64_u": 0xb5,
  "f32.demote_f64": 0xb6,
  "f64.convert_i32_s": 0xb7,
  "f64.convert_i32_u": 0xb8,
  "f64.convert_i64_s": 0xb9,
  "f64.convert_i64_u": 0xba,
  "f64.promote_f32": 0xbb,
  "i32.reinterpret_f32": 0xbc,
  "i64.reinterpret_f64": 0xbd,
  "i32.extend8_s": 0xc0,
  "i32.extend16_s": 0xc1,
  "i64.trunc_sat_f32_s": 0xfc04,
  "i64.trunc_sat_f32_u": 0xfc05,
  "i64.trunc_sat_f64_s": 0xfc06,
  "i64.trunc_sat_f64_u": 0xfc07,
  "memory.copy": 0xfc0a,
  "memory.fill": 0xfc0b,
};

const table = new Map<string, number>(Object.entries(scalar));

/** Instructions of one type that follow each other in the opcode space; "-" leaves a gap. */
function sequence(prefix: string, first: number, names: string): void {
  names.split(" ").forEach((name, i) => {
    if (name !== "-") table.set(`${prefix}.${name}`, first + i);
  });
}

const INTEGER_TESTS = "eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const INTEGER_ARITHMETIC =
  "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl";
const FLOAT_ARITHMETIC = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";
sequence("i32", 0x45, INTEGER_TESTS);
sequence("i64", 0x50, INTEGER_TESTS);
sequence("f32", 0x5b, "eq ne lt gt le ge");
sequence("f64", 0x61, "eq ne lt gt le ge");
sequence("i32", 0x67, INTEGER_ARITHMETIC);
sequence("i64", 0x79, INTEGER_ARITHMETIC);
sequence("f32", 0x8b, FLOAT_ARITHMETIC);
sequence("f64", 0x99, FLOAT_ARITHMETIC);

const VECTOR_TESTS = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const simd = (prefix: string, first: number, names: string): void =>
  sequence(prefix, 0xfd00 + first, names);
simd(
  "v128",
  0,
  "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat store const",
);
simd("i8x16", 13, "shuffle swizzle splat");
simd("i16x8", 16, "splat");
simd("i32x4", 17, "splat");
simd("i64x2", 18, "splat");
simd("f32x4", 19, "splat");
simd("f64x2", 20, "splat");
simd("i8x16", 21, "extract_lane_s extract_lane_u replace_lane");
simd("i16x8", 24, "extract_lane_s extract_lane_u replace_lane");
simd("i32x4", 27, "extract_lane replace_lane");
simd("i64x2", 29, "extract_lane replace_lane");
simd("f32x4", 31, "extract_lane replace_lane");
simd("f64x2", 33, "extract_lane replace_lane");
simd("i8x16", 35, VECTOR_TESTS);
simd("i16x8", 45, VECTOR_TESTS);
simd("i32x4", 55, VECTOR_TESTS);
simd("f32x4", 65, "eq ne lt gt le ge");
simd("f64x2", 71, "eq ne lt gt le ge");
simd("v128", 77, "not and andnot or xor bitselect any_true");
simd("v128", 84, "load8_lane load16_lane load32_lane load64_lane");
simd("v128", 88, "store8_lane store16_lane store32_lane store64_lane load32_zero load64_zero");
simd("f32x4", 94, "demote_f64x2_zero");
simd("f64x2", 95, "promote_low_f32x4");
simd("i8x16", 96, "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u");
simd("f32x4", 103, "ceil floor trunc nearest");
simd("i8x16", 107, "shl shr_s shr_u add - - sub");
simd("f64x2", 116, "ceil floor");
simd("i8x16", 118, "min_s min_u max_s max_u");
simd("f64x2", 122, "trunc");
simd("i16x8", 128, "abs neg - all_true bitmask narrow_i32x4_s narrow_i32x4_u");
simd("i16x8", 135, "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u");
simd("i16x8", 139, "shl shr_s shr_u add - - sub");
simd("f64x2", 148, "nearest");
simd("f64x2", 246, "pmin pmax");
simd("i16x8", 149, "mul min_s min_u max_s max_u");
simd("i16x8", 156, "extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u");
simd("i32x4", 160, "abs neg - all_true bitmask");
simd("i32x4", 167, "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u");
simd("i32x4", 171, "shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u");
simd("i32x4", 188, "extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u");
simd("i64x2", 192, "abs neg - all_true bitmask");
simd("i64x2", 199, "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u");
simd("i64x2", 203, "shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s");
simd("i64x2", 220, "extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u");
simd("f32x4", 224, "abs neg - sqrt add sub mul div min max pmin pmax");
simd("f64x2", 236, "abs neg - sqrt add sub mul div min max pmin pmax");
simd("i32x4", 248, "trunc_sat_f32x4_s trunc_sat_f32x4_u");
simd("i32x4", 252, "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero");
simd("f32x4", 250, "convert_i32x4_s convert_i32x4_u");
simd("f64x2", 254, "convert_low_i32x4_s convert_low_i32x4_u");

/** Opcode of every instruction that takes its name alone. */
export const OPCODES: ReadonlyMap<string, number> = table;
