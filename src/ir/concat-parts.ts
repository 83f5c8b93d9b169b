/** The parts of a concatenation by their operands, found once for all: there may be thousands. */
import type { ConcatStage, Operand } from "./stage.js";

type ConcatPart = ConcatStage["parts"][number];
const partsByOperand = new WeakMap<ConcatStage["parts"], ReadonlyMap<Operand, ConcatPart>>();

/** The part of a concatenation that an operand of it is. */
export function partOfConcat({ parts }: ConcatStage, operand: Operand): ConcatPart | undefined {
  let table = partsByOperand.get(parts);
  if (table === undefined) {
    table = new Map(parts.map((p) => [p.operand, p]));
    partsByOperand.set(parts, table);
  }
  return table.get(operand);
}
