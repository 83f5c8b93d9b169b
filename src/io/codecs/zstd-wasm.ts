/**
 * Zstandard as WebAssembly, which runs everywhere: the build in @foxglove/wasm-zstd, instantiated here so that it answers
 * at once, reads from and writes to our buffers without copies between, and can be let go when it has grown large.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dropped } from "./garbage.js";
import { xxh64 } from "./xxh64.js";
import { encoderState, frameBound, STATE_BYTES, type ZstdTier } from "./zstd-tier.js";

/** What the package's module has once it is instantiated. */
interface Zstd {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _compress(dst: number, room: number, src: number, length: number, level: number): number;
  _decompress(dst: number, room: number, src: number, length: number): number;
}
type Imports = Record<string, Record<string, unknown>>;
type Instantiate = (imports: Imports, receive: (instance: WebAssembly.Instance) => void) => object;
type Factory = (module: { readonly instantiateWasm: Instantiate }) => unknown;

/** A heap only grows, so a larger one is left to the collector when its work is done. */
const KEPT_BYTES = 24 << 20;

let factory: { readonly make: Factory; readonly code: WebAssembly.Module } | undefined;
let instance: Zstd | undefined;

function zstdOfThread(): Zstd {
  if (instance === undefined) {
    if (factory === undefined) {
      const require = createRequire(import.meta.url);
      const path = "@foxglove/wasm-zstd/dist/wasm-zstd";
      const code = new WebAssembly.Module(readFileSync(require.resolve(`${path}.wasm`)));
      factory = { make: require(`${path}.js`) as Factory, code };
    }
    const { make, code } = factory;
    const module = {
      instantiateWasm: (
        imports: Imports,
        receive: (instance: WebAssembly.Instance) => void,
      ): object => {
        const made = new WebAssembly.Instance(code, imports);
        receive(made);
        return made.exports;
      },
    };
    make(module);
    // The factory adds to what it is given.
    instance = module as unknown as Zstd;
  }
  return instance;
}

/** Runs `work` with room for both sides in the heap. */
function inHeap<T>(
  src: Uint8Array,
  room: number,
  work: (zstd: Zstd, from: number, to: number) => T,
): T {
  const zstd = zstdOfThread();
  const from = zstd._malloc(Math.max(1, src.length));
  const to = from === 0 ? 0 : zstd._malloc(Math.max(1, room));
  try {
    if (to === 0) throw new Error("its heap is full");
    zstd.HEAPU8.set(src, from);
    return work(zstd, from, to);
  } finally {
    zstd._free(to);
    zstd._free(from);
    const held = zstd.HEAPU8.length;
    if (held > KEPT_BYTES) {
      instance = undefined;
      dropped(held);
    }
  }
}

function decode(src: Uint8Array, dst: Uint8Array): number {
  return inHeap(src, dst.length, (zstd, from, to) => {
    const length = zstd._decompress(to, dst.length, from, src.length);
    if (length < 0) throw new Error("no frames, damaged ones, or more content than expected");
    dst.set(zstd.HEAPU8.subarray(to, to + length));
    return length;
  });
}

const CHECKSUM_BYTES = 4;

export const wasmZstd: ZstdTier = {
  name: "@foxglove/wasm-zstd",
  decode,
  encode: (src, level, checksum, take) => {
    const room = frameBound(src.length);
    return inHeap(src, room, (zstd, from, to) => {
      const length = zstd._compress(to, room, from, src.length, level);
      if (length < 0) throw new Error("zstd could not encode");
      const out = take(length + (checksum ? CHECKSUM_BYTES : 0));
      out.set(zstd.HEAPU8.subarray(to, to + length));
      if (checksum) addChecksum(out, src);
      return out;
    });
  },
  // Both sides in the heap, and a fifth that it grows by beyond what is asked for.
  encoderBytes: (decoded, level) =>
    Math.ceil(1.2 * (decoded + frameBound(decoded) + encoderState(decoded, level))),
  decoderBytes: (decoded) => Math.ceil(1.2 * (decoded + frameBound(decoded) + STATE_BYTES)),
};

/** Sets the checksum flag of a frame and fills its last bytes with the checksum (RFC 8878, 3.1.1). */
function addChecksum(frame: Uint8Array, content: Uint8Array): void {
  frame[4] = (frame[4] as number) | 4;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  view.setUint32(frame.length - CHECKSUM_BYTES, Number(xxh64(content) & 0xffffffffn), true);
}
