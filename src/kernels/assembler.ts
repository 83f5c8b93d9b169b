/**
 * A small WebAssembly assembler: enough of the binary format for one module of loop kernels over one imported
 * memory, written straight into bytes so that a kernel is assembled in microseconds.
 *
 * Format: https://webassembly.github.io/spec/core/binary/
 */
import { InternalError } from "../errors.js";
import { ByteWriter } from "./byte-writer.js";
import { OPCODES } from "./opcodes.js";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

const TYPE_BYTES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

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

/** Writers that no code uses any more: making one costs more than filling it. */
const idle: ByteWriter[] = [];

/** The body of one function, for one module. Locals are recycled by type; parameters are all i32. */
export class Code {
  readonly #out = idle.pop() ?? new ByteWriter(4096);
  readonly imports: Imports;
  readonly parameters: number;
  /** While set: the i32 local in which formulas note that something rare occurred, instead of seeing to it. */
  rareFlag: number | undefined;
  /** The i32 local with the address of the tables of formulas. */
  tables: number | undefined;
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
    for (const name of names) this.#op(name);
    return this;
  }

  #op(name: string): void {
    const code = OPCODES.get(name);
    if (code === undefined) throw new InternalError(`unknown instruction ${name}`);
    if (code >= 0x100) {
      this.#out.byte(code >> 8);
      // The instructions behind a prefix are numbered in LEB128 too.
      this.#out.unsigned(code & 0xff);
    } else this.#out.byte(code);
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
    this.#out.byte(opcode);
    this.#out.unsigned(index);
    return this;
  }

  i32(value: number): this {
    this.#out.byte(0x41);
    this.#out.signed(value | 0);
    return this;
  }

  i64(value: bigint): this {
    this.#out.byte(0x42);
    this.#out.signedBig(BigInt.asIntN(64, value));
    return this;
  }

  f32(value: number): this {
    this.#out.byte(0x43);
    this.#out.float32(value);
    return this;
  }

  f64(value: number): this {
    this.#out.byte(0x44);
    this.#out.float64(value);
    return this;
  }

  /** Loads and stores: the address (and the value) are on the stack; `offset` is added to the address. */
  memory(name: string, offset = 0): this {
    this.#op(name);
    this.#out.byte(0);
    this.#out.unsigned(offset);
    return this;
  }

  memoryLane(name: string, offset: number, lane: number): this {
    this.memory(name, offset);
    this.#out.byte(lane);
    return this;
  }

  lane(name: string, lane: number): this {
    this.#op(name);
    this.#out.byte(lane);
    return this;
  }

  shuffle(lanes: readonly number[]): this {
    this.#op("i8x16.shuffle");
    this.#out.sixteen(lanes);
    return this;
  }

  v128(bytes: Uint8Array): this {
    this.#op("v128.const");
    this.#out.sixteen(bytes);
    return this;
  }

  memoryCopy(): this {
    this.#op("memory.copy");
    this.#out.byte(0);
    this.#out.byte(0);
    return this;
  }

  memoryFill(): this {
    this.#op("memory.fill");
    this.#out.byte(0);
    return this;
  }

  /** Calls an imported function. */
  callImport(name: string, type: ValueType, arity: number): this {
    return this.#index(0x10, this.imports.index(name, type, arity));
  }

  #open(opcode: number, type: ValueType | undefined): Label {
    this.#out.byte(opcode);
    this.#out.byte(type === undefined ? 0x40 : TYPE_BYTES[type]);
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
      this.#op("else");
      otherwise();
    }
    return this.#close();
  }

  #close(): this {
    this.#depth--;
    this.#op("end");
    return this;
  }

  br(label: Label): this {
    return this.#index(0x0c, this.#depth - 1 - label);
  }

  brIf(label: Label): this {
    return this.#index(0x0d, this.#depth - 1 - label);
  }

  /** The function body with its size and its local declarations in front. Nothing can be added to it after. */
  encode(out: ByteWriter): void {
    const size = out.hole();
    let groups = 0;
    this.#types.forEach((type, i) => {
      if (type !== this.#types[i - 1]) groups++;
    });
    out.unsigned(groups);
    for (let i = 0; i < this.#types.length; ) {
      const type = this.#types[i] as ValueType;
      let n = 1;
      while (this.#types[i + n] === type) n++;
      out.unsigned(n);
      out.byte(TYPE_BYTES[type]);
      i += n;
    }
    out.append(this.#out);
    out.byte(END);
    out.fill(size);
    this.#out.length = 0;
    idle.push(this.#out);
  }
}

function section(out: ByteWriter, id: number, write: (body: ByteWriter) => void): void {
  out.byte(id);
  const size = out.hole();
  write(out);
  out.fill(size);
}

function types(out: ByteWriter, count: number, type: ValueType): void {
  out.unsigned(count);
  for (let i = 0; i < count; i++) out.byte(TYPE_BYTES[type]);
}

/** Tells that bytes are a module, and the version of the format. */
const PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const END = 0x0b;
const FUNCTION_TYPE = 0x60;

/**
 * A module that imports the shared memory `env.memory` and the functions of `imports` from `math`, and exports
 * `functions` (i32 parameters, no result) under their names.
 */
export function assemble(
  imports: Imports,
  functions: Readonly<Record<string, Code>>,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(functions);
  const out = idle.pop() ?? new ByteWriter(4096);
  for (const byte of PREAMBLE) out.byte(byte);
  section(out, 1, (body) => {
    body.unsigned(imports.list.length + entries.length);
    for (const { type, arity } of imports.list) {
      body.byte(FUNCTION_TYPE);
      types(body, arity, type);
      types(body, 1, type);
    }
    for (const [, code] of entries) {
      body.byte(FUNCTION_TYPE);
      types(body, code.parameters, "i32");
      types(body, 0, "i32");
    }
  });
  section(out, 2, (body) => {
    body.unsigned(imports.list.length + 1);
    body.name("env");
    body.name("memory");
    // A shared memory with a maximum.
    body.byte(0x02);
    body.byte(0x03);
    body.unsigned(0);
    body.unsigned(65536);
    imports.list.forEach((entry, i) => {
      body.name("math");
      body.name(entry.name);
      body.byte(0x00);
      body.unsigned(i);
    });
  });
  section(out, 3, (body) => {
    body.unsigned(entries.length);
    entries.forEach((_, i) => body.unsigned(imports.list.length + i));
  });
  section(out, 7, (body) => {
    body.unsigned(entries.length);
    entries.forEach(([exported], i) => {
      body.name(exported);
      body.byte(0x00);
      body.unsigned(imports.list.length + i);
    });
  });
  section(out, 10, (body) => {
    body.unsigned(entries.length);
    for (const [, code] of entries) code.encode(body);
  });
  const module = out.finish();
  out.length = 0;
  idle.push(out);
  return module;
}
