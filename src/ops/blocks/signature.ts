/**
 * Signatures of generalized functions: `(i,j),(j)->(i)`. The grammar is that of NumPy's gufuncs: core dimensions are
 * names, fixed sizes `(3)`, or optional `(m?)`; spaces do not count.
 *
 * Source: numpy.org/doc/stable/reference/c-api/generalized-ufuncs.html
 */
import { OptionError } from "../../errors.js";
import { valueText } from "../words.js";

export interface CoreDim {
  /** The digits of a fixed size are its name. */
  readonly name: string;
  /** Set for fixed sizes. */
  readonly size?: number;
  /** May be missing from the arrays, and then is from everything. */
  readonly optional: boolean;
}

export interface Signature {
  readonly text: string;
  readonly inputs: readonly (readonly CoreDim[])[];
  readonly outputs: readonly (readonly CoreDim[])[];
}

const DIM = /^(?:([A-Za-z_]\w*)|([0-9]+))(\?)?/;

/**
 * The core dimensions of inputs and outputs; OptionError that points at what is wrong.
 *
 * @example parseSignature("(m?,n),(n,p?)->(m?,p?)")
 */
export function parseSignature(fn: string, signature: unknown): Signature {
  if (typeof signature !== "string") {
    throw new OptionError(`${fn}: the signature must be text, got ${valueText(signature)}`, {
      hint: 'as in "(i,j),(j)->(i)"',
    });
  }
  const text = signature.replace(/\s+/g, "");
  const parser = new Parser(fn, text);
  const inputs = parser.arguments(true);
  parser.take("->");
  const outputs = parser.arguments(false);
  parser.end();
  return { text, inputs, outputs };
}

class Parser {
  readonly #fn: string;
  readonly #text: string;
  readonly #optional = new Map<string, boolean>();
  #at = 0;

  constructor(fn: string, text: string) {
    this.#fn = fn;
    this.#text = text;
  }

  #fail(expected: string): never {
    const found = this.#text.slice(this.#at, this.#at + 8);
    const where = found === "" ? "at its end" : `at ${JSON.stringify(found)}`;
    throw new OptionError(
      `${this.#fn}: the signature ${JSON.stringify(this.#text)} is malformed ${where}, where ${expected} is expected`,
      { hint: 'signatures look like "(i,j),(j)->(i)", "(3),(n)->(),(n)" or "->(n)"' },
    );
  }

  #next(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  take(token: string): void {
    if (!this.#next(token)) this.#fail(JSON.stringify(token));
  }

  end(): void {
    if (this.#at < this.#text.length) this.#fail('"," or the end');
  }

  /** `(…),(…)`; inputs may be none at all. */
  arguments(none: boolean): CoreDim[][] {
    if (none && this.#text.startsWith("->", this.#at)) return [];
    const list: CoreDim[][] = [];
    do list.push(this.#argument());
    while (this.#next(","));
    return list;
  }

  #argument(): CoreDim[] {
    this.take("(");
    const dims: CoreDim[] = [];
    if (this.#next(")")) return dims;
    do {
      if (dims.length > 0 && this.#next(")")) return dims;
      dims.push(this.#dim());
    } while (this.#next(","));
    this.take(")");
    return dims;
  }

  #dim(): CoreDim {
    const found = DIM.exec(this.#text.slice(this.#at));
    if (found === null) this.#fail("the name or size of a dimension");
    const [whole, word, digits, mark] = found;
    const name = word ?? String(Number(digits));
    const optional = mark !== undefined;
    if ((this.#optional.get(name) ?? optional) !== optional) {
      this.#fail(`${name}, ${optional ? "without" : "with"} a "?" as before,`);
    }
    this.#optional.set(name, optional);
    this.#at += whole.length;
    return digits === undefined ? { name, optional } : { name, size: Number(digits), optional };
  }
}

/** A signature as text. */
export const argumentText = (dims: readonly CoreDim[]): string =>
  `(${dims.map((d) => d.name + (d.optional ? "?" : "")).join(",")})`;

/**
 * The signature without the optional dimensions that the arrays do not have: an array with fewer axes than its core
 * dimensions lacks the first optional ones.
 */
export function withoutMissing(signature: Signature, ranks: readonly number[]): Signature {
  const missing = new Set<string>();
  signature.inputs.forEach((dims, i) => {
    const rank = ranks[i] as number;
    for (const { name, optional } of dims) {
      if (dims.filter((d) => !missing.has(d.name)).length <= rank) break;
      if (optional) missing.add(name);
    }
  });
  if (missing.size === 0) return signature;
  const left = (list: Signature["inputs"]): CoreDim[][] =>
    list.map((dims) => dims.filter((d) => !missing.has(d.name)));
  return { ...signature, inputs: left(signature.inputs), outputs: left(signature.outputs) };
}
