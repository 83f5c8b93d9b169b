/**
 * A small WebAssembly assembler: enough of the binary format for one module of loop kernels over one imported
 * memory, written straight into a byte list so that a kernel is assembled in microseconds.
 *
 * Format: https://webassembly.github.io/spec/core/binary/
 */
import { InternalError } from "../errors.js";
import { OPCODES } from "./opcodes.js";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

const TYPE_BYTES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const convert = new DataView(new ArrayBuffer(8));

function unsigned(out: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function signed(out: number[], value: bigint): void {
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && byte < 0x40) || (rest === -1n && byte >= 0x40)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

/** Functions that a module imports, numbered in the order of their first call. */
export class Imports {
  readonly list: { readonly name: string; readonly type: ValueType; readonly arity: number }[] = [];

  /** Index of `name`, a function of `arity` arguments that are, like the result, of `type`. */
  index(name: string, type: ValueType, arity: number): number {
    const known = this.list.findIndex((entry) => entry.name === name);
    return known >= 0 ? known : this.list.push({ name, type, arity }) - 1;
  }
}

/** A place that a branch can name: the nesting depth of its block. */
export type Label = number & { readonly label: unique symbol };

/** The body of one function. Locals are recycled by type; parameters are all i32. */
export class Code {
  readonly bytes: number[] = [];
  readonly imports: Imports;
  readonly parameters: number;
  readonly #types: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  #depth = 0;

  constructor(imports: Imports, parameters: number) {
    this.imports = imports;
    this.parameters = parameters;
  }

  /** A local variable, possibly one that was freed; its content is arbitrary. */
  local(type: ValueType): number {
    return this.#free[type].pop() ?? this.#types.push(type) - 1 + this.parameters;
  }

  free(...locals: readonly number[]): void {
    for (const local of locals) {
      const type = this.#types[local - this.parameters];
      if (type === undefined) throw new InternalError(`local ${local} cannot be freed`);
      this.#free[type].push(local);
    }
  }

  op(...names: readonly string[]): this {
    for (const name of names) {
      const code = OPCODES.get(name);
      if (code === undefined) throw new InternalError(`unknown instruction ${name}`);
      if (code < 0x100) this.bytes.push(code);
      else {
        this.bytes.push(code >> 8);
        unsigned(this.bytes, code & 0xff);
      }
    }
    return this;
  }

  get(...locals: readonly number[]): this {
    for (const local of locals) this.#index(0x20, local);
    return this;
  }

  set(local: number): this {
    return this.#index(0x21, local);
  }

  tee(local: number): this {
    return this.#index(0x22, local);
  }

  /** Stores the top of the stack in a fresh local. */
  keep(type: ValueType): number {
    const local = this.local(type);
    this.set(local);
    return local;
  }

  #index(opcode: number, index: number): this {
    this.bytes.push(opcode);
    unsigned(this.bytes, index);
    return this;
  }

  i32(value: number): this {
    this.bytes.push(0x41);
    signed(this.bytes, BigInt(value | 0));
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(0x42);
    signed(this.bytes, BigInt.asIntN(64, value));
    return this;
  }

  f32(value: number): this {
    convert.setFloat32(0, value, true);
    this.bytes.push(0x43);
    for (let i = 0; i < 4; i++) this.bytes.push(convert.getUint8(i));
    return this;
  }

  f64(value: number): this {
    convert.setFloat64(0, value, true);
    this.bytes.push(0x44);
    for (let i = 0; i < 8; i++) this.bytes.push(convert.getUint8(i));
    return this;
  }

  /** Loads and stores: the address (and the value) are on the stack; `offset` is added to the address. */
  memory(name: string, offset = 0): this {
    this.op(name);
    this.bytes.push(0);
    unsigned(this.bytes, offset);
    return this;
  }

  memoryLane(name: string, offset: number, lane: number): this {
    this.memory(name, offset);
    this.bytes.push(lane);
    return this;
  }

  lane(name: string, lane: number): this {
    this.op(name);
    this.bytes.push(lane);
    return this;
  }

  shuffle(lanes: readonly number[]): this {
    this.op("i8x16.shuffle");
    for (let i = 0; i < 16; i++) this.bytes.push(lanes[i] ?? 0);
    return this;
  }

  v128(bytes: Uint8Array): this {
    this.op("v128.const");
    for (let i = 0; i < 16; i++) this.bytes.push(bytes[i] ?? 0);
    return this;
  }

  memoryCopy(): this {
    this.op("memory.copy");
    this.bytes.push(0, 0);
    return this;
  }

  /** Calls an imported function. */
  callImport(name: string, type: ValueType, arity: number): this {
    return this.#index(0x10, this.imports.index(name, type, arity));
  }

  #open(opcode: number, type: ValueType | undefined): Label {
    this.bytes.push(opcode, type === undefined ? 0x40 : TYPE_BYTES[type]);
    return this.#depth++ as Label;
  }

  /** Runs `body` inside a block; a branch to its label leaves it. */
  block(body: (label: Label) => void): this {
    body(this.#open(0x02, undefined));
    return this.#close();
  }

  /** Runs `body` inside a loop; a branch to its label begins it again. */
  loop(body: (label: Label) => void): this {
    body(this.#open(0x03, undefined));
    return this.#close();
  }

  /** Consumes a condition. With a `type`, both arms leave one value. */
  if(type: ValueType | undefined, then: () => void, otherwise?: () => void): this {
    this.#open(0x04, type);
    then();
    if (otherwise !== undefined) {
      this.op("else");
      otherwise();
    }
    return this.#close();
  }

  #close(): this {
    this.#depth--;
    return this.op("end");
  }

  br(label: Label): this {
    return this.#index(0x0c, this.#depth - 1 - label);
  }

  brIf(label: Label): this {
    return this.#index(0x0d, this.#depth - 1 - label);
  }

  /** The function body with its size and its local declarations in front. */
  encode(out: number[]): void {
    const declarations: number[] = [];
    let groups = 0;
    for (let i = 0; i < this.#types.length; groups++) {
      const type = this.#types[i] as ValueType;
      let n = 1;
      while (this.#types[i + n] === type) n++;
      unsigned(declarations, n);
      declarations.push(TYPE_BYTES[type]);
      i += n;
    }
    const count: number[] = [];
    unsigned(count, groups);
    unsigned(out, count.length + declarations.length + this.bytes.length + 1);
    append(out, count, declarations, this.bytes, [0x0b]);
  }
}

/** Concatenates without spreading: bodies are longer than an argument list may be. */
function append(out: number[], ...parts: readonly (readonly number[])[]): void {
  for (const part of parts) for (const byte of part) out.push(byte);
}

function section(out: number[], id: number, write: (body: number[]) => void): void {
  const body: number[] = [];
  write(body);
  out.push(id);
  unsigned(out, body.length);
  append(out, body);
}

function name(out: number[], text: string): void {
  unsigned(out, text.length);
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i));
}

/**
 * A module that imports the shared memory `env.memory` and the functions of `imports` from `math`, and exports
 * `functions` (i32 parameters, no result) under their names.
 */
export function assemble(
  imports: Imports,
  functions: Readonly<Record<string, Code>>,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(functions);
  const out: number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  section(out, 1, (body) => {
    unsigned(body, imports.list.length + entries.length);
    for (const { type, arity } of imports.list) {
      body.push(0x60, arity);
      for (let i = 0; i < arity; i++) body.push(TYPE_BYTES[type]);
      body.push(1, TYPE_BYTES[type]);
    }
    for (const [, code] of entries) {
      body.push(0x60, code.parameters);
      for (let i = 0; i < code.parameters; i++) body.push(TYPE_BYTES.i32);
      body.push(0);
    }
  });
  section(out, 2, (body) => {
    unsigned(body, imports.list.length + 1);
    name(body, "env");
    name(body, "memory");
    body.push(0x02, 0x03, 0x00);
    unsigned(body, 65536);
    imports.list.forEach((entry, i) => {
      name(body, "math");
      name(body, entry.name);
      body.push(0x00);
      unsigned(body, i);
    });
  });
  section(out, 3, (body) => {
    unsigned(body, entries.length);
    entries.forEach((_, i) => unsigned(body, imports.list.length + i));
  });
  section(out, 7, (body) => {
    unsigned(body, entries.length);
    entries.forEach(([exported], i) => {
      name(body, exported);
      body.push(0x00);
      unsigned(body, imports.list.length + i);
    });
  });
  section(out, 10, (body) => {
    unsigned(body, entries.length);
    for (const [, code] of entries) code.encode(body);
  });
  return Uint8Array.from(out);
}
