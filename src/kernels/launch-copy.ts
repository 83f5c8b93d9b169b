/** Strided copies and fills: which of the ways to copy fits the strides. */
import type { DType } from "../ir/dtype.js";
import type { ScalarProgram } from "../ir/scalar.js";
import { assemble, Code, Imports } from "./assembler.js";
import { emitOdometer, getSlot, HEADER, type Layout } from "./descriptor.js";
import { type Launcher, launchMap } from "./launch-map.js";
import { LONGEST_RUN, launchRuns } from "./launch-runs.js";
import { type CopyBox, launchTranspose, transposedAxis } from "./launch-transpose.js";
import { flipAxis, mergeAxes, onAxes, orderedAxes, type Walker, walker } from "./nest.js";
import type { MapSpec, Place } from "./structure.js";

export type ItemSize = 1 | 2 | 4 | 8 | 16;

/** Fewer runs are not worth a kernel of their own for their length. */
const MANY_RUNS = 64;

const BITS: Readonly<Record<number, DType>> = { 1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64" };

const specs = new Map<number, MapSpec>();

function copySpec(size: number): MapSpec {
  let spec = specs.get(size);
  if (spec === undefined) {
    const dtype = BITS[size] as DType;
    const program: ScalarProgram = { ops: [{ op: "load", operand: 0, dtype }], constants: [] };
    spec = { program, operands: [dtype], outputs: [{ value: 0, dtype }] };
    specs.set(size, spec);
  }
  return spec;
}

function fillSpec(size: number): MapSpec {
  let spec = specs.get(-size);
  if (spec === undefined) {
    const dtype = BITS[size] as DType;
    const program: ScalarProgram = {
      ops: [{ op: "const", param: 0, dtype }],
      constants: [{ dtype, bits: "0" }],
    };
    spec = { program, operands: [], outputs: [{ value: 0, dtype }] };
    specs.set(-size, spec);
  }
  return spec;
}

const RUN_LAYOUT: Layout = { constants: 0, walkers: 2, tables: [2] };

function compileRuns(): Uint8Array<ArrayBuffer> {
  const imports = new Imports();
  const c = new Code(imports, 1);
  const source = { local: c.local("i32"), wide: false };
  const target = { local: c.local("i32"), wide: false };
  [source, target].forEach((w, i) => {
    getSlot(c, RUN_LAYOUT, w, i, 0);
    c.set(w.local);
  });
  emitOdometer(c, RUN_LAYOUT, 0, [source, target], () => {
    c.get(target.local, source.local, 0).memory("i32.load", HEADER.inner).memoryCopy();
  });
  return assemble(imports, { run: c });
}

const placeOf = (w: Walker): Place => ({ address: w.base, strides: w.strides });

/** 16-byte items are pairs of 8-byte ones along one more axis. */
const asPairs = (place: Place): Place => ({ ...place, strides: [...place.strides, 8] });

export function launchCopy(
  launcher: Launcher,
  itemSize: ItemSize,
  extents: readonly number[],
  source: Place,
  target: Place,
): void {
  if (extents.includes(0)) return;
  if (itemSize === 16) {
    launchCopy(launcher, 8, [...extents, 2], asPairs(source), asPairs(target));
    return;
  }
  const walkers = [walker(source.address, source.strides), walker(target.address, target.strides)];
  const [from, to] = walkers as [Walker, Walker];
  const sizes = [...extents];
  const order = orderedAxes(sizes, [to], [from]);
  for (const axis of order) if ((to.strides[axis] as number) < 0) flipAxis(sizes, walkers, axis);
  const axes = mergeAxes(sizes, walkers, order);
  const inner = axes.at(-1);
  const bytes = inner === undefined ? itemSize : (sizes[inner] as number) * itemSize;
  const contiguous =
    inner !== undefined && from.strides[inner] === itemSize && to.strides[inner] === itemSize;
  const runs = axes.slice(0, -1).reduce((n, axis) => n * (sizes[axis] as number), 1);
  if (contiguous && bytes <= LONGEST_RUN && runs >= MANY_RUNS) {
    launchRuns(launcher, bytes, sizes, axes, [from, to]);
    return;
  }
  if (!contiguous) {
    const small: CopyBox = (box, a, b) =>
      launchMap(launcher, copySpec(itemSize), box, [], [placeOf(a)], [placeOf(b)], []);
    const across = transposedAxis(itemSize, sizes, axes, from, to);
    if (across === undefined)
      small(
        axes.map((axis) => sizes[axis] as number),
        onAxes(from, axes),
        onAxes(to, axes),
      );
    else launchTranspose(launcher, itemSize, sizes, axes, across, [from, to], small);
    return;
  }
  const { cache, writer } = launcher;
  const run = cache.get("copy", compileRuns);
  writer.begin(RUN_LAYOUT);
  walkers.forEach((w, i) => writer.walker(RUN_LAYOUT, i, w, []));
  writer.table(RUN_LAYOUT, 0, sizes, axes.slice(0, -1).reverse(), walkers, () => 0);
  writer.word(HEADER.inner, bytes);
  run(writer.address);
}

/** `bits` as in a scalar constant: hexadecimal, most significant digit first. */
export function launchFill(
  launcher: Launcher,
  itemSize: ItemSize,
  extents: readonly number[],
  target: Place,
  bits: string,
): void {
  const halves = itemSize === 16 ? 2 : 1;
  const size = itemSize / halves;
  const digits = bits.padStart(2 * itemSize, "0");
  for (let half = 0; half < halves; half++) {
    // Little-endian: the last digits come first in memory.
    const end = digits.length - 2 * size * half;
    const constants = [{ dtype: BITS[size] as DType, bits: digits.slice(end - 2 * size, end) }];
    const place = { ...target, address: target.address + size * half };
    launchMap(launcher, fillSpec(size), extents, [], [], [place], constants);
  }
}
