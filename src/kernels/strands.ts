/**
 * Strands: leaves that the vector loop along rows takes in turns, a group of elements of each at a time. One stream of
 * reads keeps fewer cache lines on their way than a core can have; eight at once are read a third faster. Leaves do not
 * depend on each other, so this changes no bits.
 */
import type { Part } from "./accumulators.js";
import type { Code, ValueType } from "./assembler.js";
import { addSlot, type Layout, type WalkerLocal } from "./descriptor.js";
import { type LeafPlan, SLOT } from "./leaf-plan.js";
import type { Environment } from "./program.js";

/** Streams of memory that a kernel reads side by side. */
const STREAMS = 8;
/** Instructions of a program up to which reading is what takes the time. */
const LIGHT = 8;
const PLAIN: readonly Part["kind"][] = ["ordered", "moments", "fold", "extremum"];

/** How many of `leaves` leaves are best taken at a time, by a plan of `operands` operands. */
export function strandsOf({ leaf, walkers }: LeafPlan, operands: number, leaves: number): number {
  const { program, parts } = leaf;
  const plain = parts.every(({ kind }) => PLAIN.includes(kind));
  if (!plain || walkers !== operands || operands === 0 || program.ops.length > LIGHT) return 1;
  let strands = Math.max(1, Math.floor(STREAMS / operands));
  while (strands > leaves) strands = Math.floor(strands / 2);
  return strands;
}

/** What a kernel holds for one of the leaves. */
export interface Strand {
  readonly walkers: readonly WalkerLocal[];
  /** Accumulators, per part. */
  readonly cells: readonly (readonly number[])[];
  readonly scalar: Environment;
  readonly vector: Environment;
}

/** `environment` is that of the first strand, `splat` its constants as vectors. */
export function makeStrand(
  c: Code,
  { leaf }: LeafPlan,
  environment: Environment,
  splat: Environment["constants"],
  walkers: readonly WalkerLocal[],
  cellTypes: (part: Part) => readonly ValueType[],
): Strand {
  const operands = environment.operands.map((_, i) => (walkers[i] as WalkerLocal).local);
  const scalar = { ...environment, operands };
  const cells = leaf.parts.map((part) => cellTypes(part).map((type) => c.local(type)));
  return { walkers, cells, scalar, vector: { ...scalar, constants: splat } };
}

/** Puts the walkers of every strand but the first where its row begins. */
export function emitSpread(c: Code, layout: Layout, strands: readonly Strand[]): void {
  strands.slice(1).forEach(({ walkers }, s) => {
    walkers.forEach((own, i) => {
      c.get(((strands[s] as Strand).walkers[i] as WalkerLocal).local).set(own.local);
      addSlot(c, layout, own, i, SLOT.column);
    });
  });
}
