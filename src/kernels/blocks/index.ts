/** The engine's own algorithms over blocks, by name: what `call` nodes with built-in code run. */
import { InternalError } from "../../errors.js";
import type { BuiltIn } from "./block.js";
import { compress, countTrue } from "./compress.js";
import { lookup } from "./lookup.js";
import { required } from "./required.js";
import { scanBlocks, scanCarries, scanTotals } from "./scan.js";
import { scatter } from "./scatter.js";

export type { BuiltIn, BuiltInBlock } from "./block.js";

const BUILT_INS: Readonly<Record<string, BuiltIn>> = {
  lookup,
  scatter,
  compress,
  countTrue,
  required,
  scanBlocks,
  scanCarries,
  scanTotals,
};

export function builtIn(name: string): BuiltIn {
  const found = Object.hasOwn(BUILT_INS, name) ? BUILT_INS[name] : undefined;
  if (found === undefined) throw new InternalError(`there is no built-in block function ${name}`);
  return found;
}
