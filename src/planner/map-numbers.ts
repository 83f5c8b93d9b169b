/**
 * Index maps by number. Equal maps have one number, and what two maps or a map and some lengths make is made once:
 * the same few maps meet again and again in an expression of many views.
 */
import { type AffineMap, composeMaps, fixedAxis, identityMap } from "../ir/index-map.js";
import { mapKey } from "../ir/node.js";

/** Beyond so many distinct maps the next plan starts with an empty table. */
const MOST_MAPS = 2 ** 16;

interface Known {
  readonly map: AffineMap;
  /** Numbers of what it makes, it being the outer one, by the number of the inner one. */
  readonly composed: Map<number, number>;
  /** Numbers of what it is for an input that is stretched, by the axes that are (one bit each). */
  readonly stretched: Map<number, number>;
}

let known: Known[] = [];
let byText = new Map<string, number>();
let byIdentity = new WeakMap<AffineMap, number>();
const identities: AffineMap[] = [];

export function numberOfMap(map: AffineMap): number {
  let n = byIdentity.get(map);
  if (n === undefined) {
    const text = mapKey(map);
    n = byText.get(text);
    if (n === undefined) {
      n = known.push({ map, composed: new Map(), stretched: new Map() }) - 1;
      byText.set(text, n);
    }
    byIdentity.set(map, n);
  }
  return n;
}

export const mapOfNumber = (n: number): AffineMap => (known[n] as Known).map;

/** The identity on so many axes. */
export function identityNumber(rank: number): number {
  identities[rank] ??= identityMap(rank);
  return numberOfMap(identities[rank]);
}

/** `outer` after `inner`, as {@link composeMaps}. */
export function composedNumber(outer: number, inner: AffineMap): number {
  const { map, composed } = known[outer] as Known;
  const by = numberOfMap(inner);
  let n = composed.get(by);
  if (n === undefined) {
    n = numberOfMap(composeMaps(map, inner));
    composed.set(by, n);
  }
  return n;
}

/** The map of an input whose axes of length 1 are stretched to `shape`, for which the map is number `n`. */
export function stretchedNumber(
  n: number,
  input: readonly number[],
  shape: readonly number[],
): number {
  let axes = 0;
  for (let i = 0; i < input.length; i++) if (input[i] !== shape[i]) axes += 2 ** i;
  if (axes === 0) return n;
  const { map, stretched } = known[n] as Known;
  let found = stretched.get(axes);
  if (found === undefined) {
    found = numberOfMap(map.map((m, i) => (input[i] === shape[i] ? m : fixedAxis(0))));
    stretched.set(axes, found);
  }
  return found;
}

/** Called between plans: keeps the table from growing for ever. */
export function trimMaps(): void {
  if (known.length < MOST_MAPS) return;
  known = [];
  byText = new Map();
  byIdentity = new WeakMap();
}
