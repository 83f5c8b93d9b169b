/**
 * `einsum`: Einstein's notation, as NumPy reads it. The subscripts are parsed and checked against the arrays, repeated
 * labels of one array become its diagonal, and the arrays are contracted two at a time: whichever pair has the
 * cheapest contraction goes first (the greedy order of Smith & Gray, "opt_einsum", 2018).
 */
import { ShapeError } from "../errors.js";
import { knownShape, type Node } from "../ir/node.js";
import { axesView, broadcastNode, viewNode } from "./build.js";
import { permuteDims, reshape } from "./manipulation.js";
import { contractPair, dropLabels, type Label, type Labelled, meetDTypes } from "./products.js";
import { countText, shapeText, valueText } from "./words.js";

interface Subscripts {
  readonly inputs: readonly (readonly Label[])[];
  readonly output: readonly Label[];
}

const fail = (message: string, hint?: string): ShapeError =>
  new ShapeError(`einsum: ${message}`, hint === undefined ? {} : { hint });

/** The axes of one term: letters, and `...` as as many labels as the array has axes to spare. */
function termLabels(term: string, spare: number): Label[] {
  const labels: Label[] = [];
  for (let i = 0; i < term.length; i++) {
    const letter = term[i] as string;
    if (term.startsWith("...", i)) {
      // The last ellipsis axes align, so they are counted from the end.
      for (let k = spare; k > 0; k--) labels.push(`...${k}`);
      i += 2;
    } else labels.push(letter);
  }
  return labels;
}

/** The first argument of `einsum`, which must be a string. */
export function subscriptsText(subscripts: unknown): string {
  if (typeof subscripts === "string") return subscripts;
  throw fail(
    `subscripts must be a string, got ${valueText(subscripts)}`,
    'for example "ij,jk->ik"',
  );
}

/** Letters and at most one ellipsis. */
function checkTerm(term: string): void {
  const stray = term.replaceAll("...", "").match(/[^A-Za-z]/);
  if (stray !== null) {
    throw fail(
      `${valueText(stray[0])} is not allowed in subscripts`,
      "use letters, '...', ',' and '->'",
    );
  }
  if (term.split("...").length > 2) throw fail(`the term "${term}" has more than one ellipsis`);
}

function parse(subscripts: string, ranks: readonly number[]): Subscripts {
  const sides = subscripts.replace(/\s+/g, "").split("->");
  if (sides.length > 2) throw fail(`"${subscripts}" has more than one "->"`);
  const terms = (sides[0] as string).split(",");
  for (const term of [...terms, sides[1] ?? ""]) checkTerm(term);
  if (terms.length !== ranks.length) {
    throw fail(
      `"${subscripts}" has ${countText(terms.length, "term")} for ${countText(ranks.length, "array")}`,
    );
  }
  let most = 0;
  const inputs = terms.map((term, i) => {
    const rank = ranks[i] as number;
    const dots = term.split("...").length - 1;
    const letters = term.length - 3 * dots;
    if (dots === 0 ? letters !== rank : letters > rank) {
      throw fail(
        `the term "${term}" does not fit an array with ${countText(rank, "axis", "axes")}`,
      );
    }
    if (dots === 1) most = Math.max(most, rank - letters);
    return termLabels(term, rank - letters);
  });
  if (most > 0 && sides[1]?.includes("...") === false) {
    throw fail(
      `the result "${sides[1]}" has no ellipsis, the arrays have ${countText(most, "axis", "axes")} in theirs`,
      "name axes with letters to sum over them",
    );
  }
  const output = sides[1] === undefined ? implicitOutput(inputs, most) : termLabels(sides[1], most);
  const twice = output.find((label, i) => output.indexOf(label) !== i);
  if (twice !== undefined) throw fail(`the result names "${twice}" twice`);
  const unknown = output.find((label) => !inputs.some((term) => term.includes(label)));
  if (unknown !== undefined) throw fail(`the result names "${unknown}", which no array has`);
  return { inputs, output };
}

/** Without "->": the ellipsis axes, then what occurs once, in the order of the alphabet. */
function implicitOutput(inputs: readonly (readonly Label[])[], most: number): Label[] {
  const count = new Map<Label, number>();
  for (const label of inputs.flat()) count.set(label, (count.get(label) ?? 0) + 1);
  const once = [...count.keys()].filter((l) => l.length === 1 && count.get(l) === 1);
  // Code units, as in NumPy: capital letters come first.
  return [...Array.from({ length: most }, (_, k) => `...${most - k}`), ...once.sort()];
}

/** Takes the diagonal of axes that have one label. */
function diagonal(node: Node, labels: readonly Label[]): Labelled {
  let current: Labelled = { node, labels };
  for (;;) {
    const own = current.labels;
    const first = own.findIndex((label, i) => own.indexOf(label) !== i);
    if (first < 0) return current;
    const other = own.indexOf(own[first] as Label);
    const rest = own.map((_, i) => i).filter((i) => i !== first && i !== other);
    const shape = knownShape(current.node);
    const n = shape[first] as number;
    if (shape[other] !== n) {
      throw fail(`axes of "${own[first]}" have lengths ${shape[other]} and ${n}`);
    }
    // In the flattened pair of axes the diagonal is every (n + 1)-th element.
    const moved = permuteDims(current.node, [...rest, other, first]);
    const flat = reshape(moved, [...rest.map((i) => shape[i] as number), n * n]);
    const map = [
      ...rest.map((_, axis) => ({ axis, start: 0, step: 1 })),
      { axis: rest.length, start: 0, step: n + 1 },
    ];
    const node2 = viewNode(flat, map, [...rest.map((i) => shape[i] as number), n]);
    current = {
      node: node2,
      labels: [...rest.map((i) => own[i] as Label), own[first] as Label],
    };
  }
}

/** Stretches axes of length 1 to what the label has elsewhere; other lengths must agree. */
function equalLengths(terms: readonly Labelled[]): Labelled[] {
  const lengths = new Map<Label, number>();
  for (const { node, labels } of terms) {
    labels.forEach((label, i) => {
      const n = knownShape(node)[i] as number;
      const known = lengths.get(label) ?? 1;
      if (known !== 1 && n !== 1 && known !== n) {
        throw fail(
          `${label.startsWith("...") ? "an axis of the ellipses" : `axis "${label}"`} has lengths ${known} and ${n}`,
          `the arrays have shapes ${terms.map((t) => shapeText(knownShape(t.node))).join(", ")}`,
        );
      }
      lengths.set(label, known === 1 ? n : known);
    });
  }
  return terms.map(({ node, labels }) => ({
    node: broadcastNode(
      "einsum",
      node,
      labels.map((label) => lengths.get(label) as number),
    ),
    labels,
  }));
}

/** Sum of products over all labels that the result does not have. */
export function einsum(subscripts: string, arrays: readonly Node[]): Node {
  if (arrays.length === 0) throw fail("at least one array is needed");
  const { inputs, output } = parse(
    subscripts,
    arrays.map((a) => knownShape(a).length),
  );
  const nodes = meetDTypes(arrays);
  let terms = equalLengths(nodes.map((node, i) => diagonal(node, inputs[i] as Label[])));
  while (terms.length > 1) {
    const [i, j] = cheapestPair(terms);
    const rest = terms.filter((_, k) => k !== i && k !== j);
    const needed = new Set([...output, ...rest.flatMap((t) => t.labels)]);
    const a = terms[i] as Labelled;
    const b = terms[j] as Labelled;
    const kept = [...new Set([...a.labels, ...b.labels])].filter((l) => needed.has(l));
    const ordered = rest.length === 0 ? output : kept;
    terms = [...rest, contractPair(a, b, ordered)];
  }
  return finish(terms[0] as Labelled, output);
}

/** A single array: what is left over is summed away, the rest put in order. */
function finish(term: Labelled, output: readonly Label[]): Node {
  const { node, labels } = dropLabels(term, new Set(output));
  return axesView(
    node,
    output.map((label) => labels.indexOf(label)),
  );
}

/** The pair whose loop over all labels is smallest; of equals the first. */
function cheapestPair(terms: readonly Labelled[]): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const cost = loopSize(terms[i] as Labelled, terms[j] as Labelled);
      if (cost < least) {
        least = cost;
        best = [i, j];
      }
    }
  }
  return best;
}

function loopSize(a: Labelled, b: Labelled): number {
  const lengths = new Map<Label, number>();
  for (const { node, labels } of [a, b]) {
    labels.forEach((label, i) => {
      lengths.set(label, knownShape(node)[i] as number);
    });
  }
  return [...lengths.values()].reduce((n, s) => n * s, 1);
}
