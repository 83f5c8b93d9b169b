/** Reads the loops of a compiled kernel back from its bytes, to see what its vector loops are made of. */
import { OPCODES } from "../../dist/kernels/opcodes.js";

const NAMES = new Map([...OPCODES].map(([name, code]) => [code, name]));

interface Block {
  readonly kind: string;
  readonly names: string[];
  readonly inner: Block[];
}

class Reader {
  at: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++] as number;
  }

  number(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
  }

  skip(numbers: number, bytes = 0): void {
    for (let i = 0; i < numbers; i++) this.number();
    this.at += bytes;
  }
}

/** Immediates of an instruction behind the prefix 0xfd. */
function skipVector(r: Reader, sub: number): void {
  if (sub <= 11 || sub === 92 || sub === 93) r.skip(2);
  else if (sub <= 13) r.skip(0, 16);
  else if (sub >= 21 && sub <= 34) r.skip(0, 1);
  else if (sub >= 84 && sub <= 91) r.skip(2, 1);
}

function skipScalar(r: Reader, code: number): void {
  if (code === 0x0c || code === 0x0d || (code >= 0x20 && code <= 0x22)) r.skip(1);
  else if (code === 0x41 || code === 0x42) r.skip(1);
  else if (code >= 0x28 && code <= 0x3e) r.skip(2);
  else if (code === 0x43) r.skip(0, 4);
  else if (code === 0x44) r.skip(0, 8);
}

function readBlock(r: Reader, kind: string): Block {
  const block: Block = { kind, names: [], inner: [] };
  for (;;) {
    const code = r.byte();
    if (code === 0x0b) return block;
    if (code >= 0x02 && code <= 0x04) {
      r.byte();
      block.inner.push(readBlock(r, ["block", "loop", "if"][code - 2] as string));
    } else if (code === 0x10) {
      r.number();
      block.names.push("call");
    } else if (code === 0xfd || code === 0xfc) {
      const sub = r.number();
      if (code === 0xfd) skipVector(r, sub);
      block.names.push(NAMES.get((code << 8) + sub) ?? "?");
    } else {
      skipScalar(r, code);
      block.names.push(NAMES.get(code) ?? "?");
    }
  }
}

/** The body of the only function of a module. */
function bodyOf(module: Uint8Array): Block {
  const r = new Reader(module, 8);
  for (;;) {
    const id = r.byte();
    const size = r.number();
    if (id !== 10) {
      r.at += size;
      continue;
    }
    r.skip(2);
    const groups = r.number();
    for (let i = 0; i < groups; i++) r.skip(1, 1);
    return readBlock(r, "function");
  }
}

const isFallback = (name: string): boolean => name === "call" || name.includes("replace_lane");

export interface VectorLoops {
  readonly count: number;
  /** Instructions that take lanes one by one: those that every round runs, and those behind a condition. */
  readonly always: readonly string[];
  readonly rarely: readonly string[];
}

/** What the loops that store vectors are made of. */
export function vectorLoops(module: Uint8Array): VectorLoops {
  const found = { count: 0, always: [] as string[], rarely: [] as string[] };
  const collect = (block: Block, rare: boolean): void => {
    (rare ? found.rarely : found.always).push(...block.names.filter(isFallback));
    for (const inner of block.inner) collect(inner, rare || inner.kind === "if");
  };
  const search = (block: Block): void => {
    if (block.kind === "loop" && block.names.some((name) => name.startsWith("v128.store"))) {
      found.count++;
      collect(block, false);
    } else for (const inner of block.inner) search(inner);
  };
  search(bodyOf(module));
  return found;
}
