/** From a map over any extents and strides to calls of a compiled kernel: simplify, choose a variant, describe. */
import { itemSize } from "../ir/dtype.js";
import { halves, partPlaces, realMap } from "./complex.js";
import { type DescriptorWriter, HEADER } from "./descriptor.js";
import { compileMap, mapLayout } from "./map-kernel.js";
import type { KernelCache } from "./modules.js";
import {
  flipAxis,
  mergeAxes,
  type Nest,
  onAxes,
  orderedAxes,
  tiled,
  type Walker,
  walker,
} from "./nest.js";
import { lanesOf, type Step } from "./program.js";
import {
  type Constants,
  hasComplex,
  indexAxes,
  type MapSpec,
  type Place,
  programKey,
} from "./structure.js";

export interface Launcher {
  readonly cache: KernelCache;
  readonly writer: DescriptorWriter;
  /** While set: gets what runs every map again. */
  tape?: (() => void)[] | undefined;
}

/** How a walker moves for vectors of `size`-byte elements (or of numbers). */
export function stepOf(w: Walker, axis: number, size: number): Step {
  const stride = w.strides[axis] as number;
  return stride === 0 ? "repeated" : stride === (w.wide ? 1 : size) ? "next" : "any";
}

interface Prepared {
  readonly key: string;
  readonly axes: readonly number[];
  readonly lanes: number;
}
const prepared = new WeakMap<MapSpec, Prepared>();

function prepare(spec: MapSpec): Prepared {
  let found = prepared.get(spec);
  if (found === undefined) {
    const outputs = spec.outputs.map(({ value, dtype }) => `${value}:${dtype}`).join();
    found = {
      key: `map|${spec.operands.join()}|${outputs}|${programKey(spec.program)}|`,
      axes: indexAxes(spec.program),
      lanes: lanesOf(
        spec.program,
        spec.outputs.map((out) => out.value),
      ),
    };
    prepared.set(spec, found);
  }
  return found;
}

/** A walker for the global index along `axis`. */
export const indexWalker = (rank: number, axis: number, origin: readonly number[]): Walker =>
  walker(
    origin[axis] ?? 0,
    Array.from({ length: rank }, (_, k) => (k === axis ? 1 : 0)),
    true,
  );

export function launchMap(
  launcher: Launcher,
  spec: MapSpec,
  extents: readonly number[],
  origin: readonly number[],
  operands: readonly Place[],
  outputs: readonly Place[],
  constants: Constants,
): void {
  if (extents.includes(0)) return;
  if (hasComplex(spec)) {
    launchComplex(launcher, spec, extents, origin, operands, outputs, constants);
    return;
  }
  const { axes: indices } = prepare(spec);
  const targets = outputs.map((place) => walker(place.address, place.strides));
  const walkers = [
    ...operands.map((place) => walker(place.address, place.strides)),
    ...indices.map((axis) => indexWalker(extents.length, axis, origin)),
    ...targets,
  ];
  const sizes = [...extents];
  // Writes that jump cost more than reads that jump.
  const order = orderedAxes(sizes, targets, walkers);
  for (const axis of order)
    if (((targets[0] as Walker).strides[axis] as number) < 0) flipAxis(sizes, walkers, axis);
  const axes = mergeAxes(sizes, walkers, order);
  const nest: Nest = {
    extents: axes.map((axis) => sizes[axis] as number),
    walkers: walkers.map((w) => onAxes(w, axes)),
  };
  for (const part of tiled(nest)) runNest(launcher, spec, part, constants);
}

/** Runs a nest as it is, outermost axis first. */
function runNest(
  { cache, writer, tape }: Launcher,
  spec: MapSpec,
  nest: Nest,
  constants: Constants,
): void {
  const { key, lanes } = prepare(spec);
  const { extents, walkers } = nest;
  const axes = extents.map((_, axis) => axis);
  const inner = axes.pop();
  const length = inner === undefined ? 1 : (extents[inner] as number);
  const short = inner === undefined || length < lanes || lanes === 0;
  const steps = short ? undefined : stepsOf(spec, walkers, inner);
  const run = cache.get(key + (steps?.join() ?? ""), () => compileMap(spec, steps));

  const layout = mapLayout(spec);
  const strideOf = (w: Walker): number => (inner === undefined ? 0 : (w.strides[inner] as number));
  writer.begin(layout);
  writer.constants(constants);
  walkers.forEach((w, i) => writer.walker(layout, i, w, [strideOf(w)]));
  writer.table(layout, 0, extents, axes.reverse(), walkers, (w) => length * strideOf(w));
  writer.word(HEADER.inner, length);
  if (tape !== undefined) {
    const words = writer.copy(layout);
    tape.push(() => {
      writer.restore(words);
      run(writer.address);
    });
  }
  run(writer.address);
}

function launchComplex(
  launcher: Launcher,
  spec: MapSpec,
  extents: readonly number[],
  origin: readonly number[],
  operands: readonly Place[],
  outputs: readonly Place[],
  constants: Constants,
): void {
  const real = realMap(spec);
  launchMap(
    launcher,
    real.spec,
    extents,
    origin,
    partPlaces(real.operands, operands, spec.operands),
    partPlaces(
      real.outputs,
      outputs,
      spec.outputs.map((out) => out.dtype),
    ),
    halves(real.constants, constants),
  );
}

/** Steps along the innermost axis if vectors can follow them. */
function stepsOf(spec: MapSpec, walkers: readonly Walker[], inner: number): Step[] | undefined {
  const first = walkers.length - spec.outputs.length;
  const steps = walkers.map((w, i) => {
    const dtype = spec.operands[i] ?? spec.outputs[i - first]?.dtype;
    return stepOf(w, inner, dtype === undefined ? 1 : itemSize(dtype));
  });
  const fits = steps.every((step, i) => (i < first ? step !== "any" : step === "next"));
  return fits ? steps : undefined;
}
