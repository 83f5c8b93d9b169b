/**
 * Fingerprints: whether two processes mean the same expression. Node ids and identities are those of one process; what is
 * hashed here is what a node says: its kind, parameters and shape, sources by what they read, functions by their text.
 *
 * Values that a function takes from the outside, the code that a module imports, and data that change behind an
 * address are not seen.
 */
import { createHash, type Hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { OptionError } from "../errors.js";
import type { FunctionBinding, SourceBinding } from "../ir/binding.js";
import { itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { type Node, topologicalOrder } from "../ir/node.js";
import { zarr } from "./engine.js";

/** Bytes of an array in memory that are hashed at a time: it lies in shared memory, of which a copy must be made. */
const PIECE = 1 << 20;
/** No honest parameter of a function is nested so deep; one that contains itself is. */
const MAX_DEPTH = 100;

/**
 * The fingerprint of an expression, as 64 hexadecimal digits.
 *
 * OptionError where parameters of a user function hold what cannot be told apart by its contents.
 */
export async function fingerprintOf(root: Node): Promise<string> {
  // Of each node that of what it is made of: ids, and so the order of nodes, are those of one process.
  const digests = new Map<number, string>();
  for (const node of topologicalOrder([root])) {
    const hash = createHash("sha256");
    const inputs = node.inputs.map((input) => digests.get(input.id));
    const outs = node.outs.map(({ dtype, shape }) => [dtype, shape.map(lengthOf)]);
    put(hash, [node.op, inputs, outs]);
    switch (node.op) {
      case "source":
        await putSource(hash, node.params.binding);
        break;
      case "gather":
        put(hash, [node.params.axis, node.params.indices.values]);
        break;
      case "call": {
        const { fn, ...others } = node.params;
        await putFunction(hash, fn);
        put(hash, others);
        break;
      }
      default:
        put(hash, node.params);
    }
    digests.set(node.id, hash.digest("hex"));
  }
  return digests.get(root.id) as string;
}

/** A length that is not known has been measured before anything is written; inside an expression its bound will do. */
const lengthOf = (d: number | { readonly max: number }): number | string =>
  typeof d === "number" ? d : `at most ${d.max}`;

async function putSource(hash: Hash, binding: SourceBinding): Promise<void> {
  const { shape, dtype, chunks, description, name } = binding;
  put(hash, [shape, dtype, chunks]);
  const io = await zarr();
  const origin = io.originOf(binding);
  if (origin !== undefined) {
    // A store that is an object of the program has no address: its name is all there is.
    put(hash, ["zarr", origin.url ?? name, origin.path, origin.metadata]);
    return;
  }
  const {
    buffer,
    byteOffset = 0,
    ...fields
  } = (description ?? {}) as {
    readonly buffer?: SharedArrayBuffer;
    readonly byteOffset?: number;
  };
  if (buffer !== undefined) {
    const bytes = new Uint8Array(buffer, byteOffset, elementCount(shape) * itemSize(dtype));
    hash.update("elements");
    for (let at = 0; at < bytes.length; at += PIECE) hash.update(bytes.slice(at, at + PIECE));
  } else if (description !== undefined) put(hash, ["described", fields]);
  else put(hash, ["source", name, io.sourceText(binding)]);
}

async function putFunction(hash: Hash, { name, code, params }: FunctionBinding): Promise<void> {
  put(hash, [name, code]);
  if (code.type === "module" && code.url.startsWith("file:")) {
    hash.update(await readFile(new URL(code.url)).catch(() => "no file"));
  }
  put(hash, params, `params of ${name}`);
}

/** Feeds a value to the hash, so that different values give different bytes. */
function put(hash: Hash, value: unknown, what = "the expression", depth = 0): void {
  if (depth > MAX_DEPTH) throw notComparable(what, "values that are nested without end");
  const inner = (v: unknown): void => put(hash, v, what, depth + 1);
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") {
      throw notComparable(what, `a ${typeof value}`);
    }
    const text = Object.is(value, -0) ? "-0" : String(value);
    hash.update(`${typeof value} ${text.length} ${text};`);
  } else if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    hash.update(`${value.constructor.name} ${bytes.length};`);
    hash.update(bytes.slice());
  } else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    inner(new Uint8Array(value));
  } else if (Array.isArray(value)) {
    hash.update(`list ${value.length};`);
    for (const one of value) inner(one);
  } else if (value instanceof Map || value instanceof Set) {
    hash.update(value instanceof Map ? "map" : "set");
    inner([...value]);
  } else if (value instanceof Date || value instanceof RegExp) {
    inner(value instanceof Date ? value.getTime() : String(value));
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    // Objects of another realm, such as a notebook's, have another Object.prototype, whose own prototype is null too.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notComparable(what, `a ${value.constructor?.name ?? "class instance"}`);
    }
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`object ${entries.length};`);
    for (const [key, one] of entries) {
      inner(key);
      inner(one);
    }
  }
}

const notComparable = (what: string, found: string): OptionError =>
  new OptionError(`resume: ${what} cannot be compared with those of another process: ${found}`, {
    hint: "write without resume, or give plain data",
  });
