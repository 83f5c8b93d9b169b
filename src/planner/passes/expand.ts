/**
 * Last of the logical passes, expand: kinds that have an algorithm over blocks of their own become `call` nodes of
 * built-in block functions (`kernels/blocks`), with a grid that is chosen here from the advertised one. Up to here
 * rules and demand see what such a node means; from here on it is blocks like any other.
 *
 * It is a lowering, not an improvement, so it cannot be switched off.
 */

import type { Kind, Node, NodeOf } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { expandCompress } from "../expand/compress.js";
import { expandScan } from "../expand/scan.js";
import { rewriteBottomUp } from "../rewrite.js";
import { expandLookup, expandScatter } from "./expand-lookup.js";

type Expansion<K extends Kind> = (node: NodeOf<K>) => Node;

const EXPANSIONS: { readonly [K in Kind]?: Expansion<K> } = {
  lookup: expandLookup,
  scatter: expandScatter,
  compress: expandCompress,
  scan: expandScan,
};

export function expand(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  return rewriteBottomUp(
    roots,
    (node) => {
      const expansion = EXPANSIONS[node.op] as Expansion<Kind> | undefined;
      return expansion === undefined ? node : expansion(node);
    },
    ctx.order(roots),
  );
}
