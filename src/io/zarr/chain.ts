/** A chain of bytes-to-bytes codecs with the sizes between them: decoding never guesses how much comes out. */
import { ZarrError } from "../../errors.js";
import { elementCount } from "../../ir/index-map.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { type Codec, compressedBound, damaged, type TakeRoom } from "../codecs/codec.js";
import { codecEntry } from "../codecs/registry.js";
import { type Maybe, then } from "../maybe.js";
import type { Scratch } from "../scratch.js";
import { type StoredDType, storedSize } from "./dtypes.js";
import type { Layout } from "./metadata.js";

export interface Chain {
  readonly names: readonly string[];
  readonly codecs: readonly Codec[];
  /** Bytes before codec `k` encodes; undefined behind a compressor. One more than there are codecs. */
  readonly sizes: readonly (number | undefined)[];
  /** The most that there can be. */
  readonly bounds: readonly number[];
  /** Codec heaps and buffers between the codecs, beside the encoded and the decoded bytes. */
  readonly heapBytes: number;
  /** The same for decoding alone. */
  readonly decoderBytes: number;
}

/** Decoded bytes of a layout without codecs: its elements, or an upper bound for a shard. */
export function rawBytes(layout: Layout, stored: StoredDType): number {
  const elements = elementCount(layout.shape) * storedSize(stored);
  if (layout.shard === undefined) return elements;
  const { inner } = layout.shard;
  const count = elementCount(layout.shape) / elementCount(inner.shape);
  const chain = makeChain(inner, stored);
  return count * ((chain.bounds.at(-1) as number) + 16) + 4;
}

export function makeChain(layout: Layout, stored: StoredDType): Chain {
  const raw = rawBytes(layout, stored);
  // How long a shard is depends on what is in it.
  const sizes: (number | undefined)[] = [layout.shard === undefined ? raw : undefined];
  const bounds = [raw];
  const codecs: Codec[] = [];
  let heap = 0;
  let decoder = 0;
  let between = 0;
  for (const { name, config } of layout.codecs) {
    const codec = codecEntry(name).make(config);
    const size = sizes.at(-1);
    const bound = bounds.at(-1) as number;
    const fixed = codec.fixedSize;
    sizes.push(fixed === undefined || size === undefined ? undefined : fixed(size));
    bounds.push(fixed === undefined ? compressedBound(bound) : fixed(bound));
    const most = codec.heapBytes(bound);
    heap = Math.max(heap, most);
    decoder = Math.max(decoder, codec.decoderBytes?.(bound) ?? most);
    if (codecs.length > 0) between += bound;
    codecs.push(codec);
  }
  const names = layout.codecs.map((c) => c.name);
  const [heapBytes, decoderBytes] = [heap + between, decoder + between];
  return { names, codecs, sizes, bounds, heapBytes, decoderBytes };
}

/**
 * Decodes a whole chain. `into` receives the last codec's output where its size is known beforehand; the answer
 * is the decoded bytes, in `into` or in scratch memory.
 */
export function decodeChain(
  chain: Chain,
  encoded: Uint8Array,
  into: Uint8Array | undefined,
  scratch: Scratch,
): Maybe<Uint8Array> {
  const last = chain.bounds.at(-1) as number;
  if (encoded.length > last) {
    throw new ZarrError(
      `damaged chunk: ${encoded.length} bytes are more than the ${last} it can have`,
    );
  }
  const step = (k: number, src: Uint8Array): Maybe<Uint8Array> => {
    if (k < 0) return src;
    const dst = k === 0 && into !== undefined ? into : scratch.take(outputSize(chain, k, src));
    return then((chain.codecs[k] as Codec).decode(src, dst), () => step(k - 1, dst));
  };
  return step(chain.codecs.length - 1, encoded);
}

function outputSize(chain: Chain, k: number, src: Uint8Array): number {
  const known = chain.sizes[k];
  if (known !== undefined) return known;
  const codec = chain.codecs[k] as Codec;
  const name = chain.names[k] as string;
  const stated = codec.sizeOf?.(src);
  if (stated === undefined) {
    throw damaged(
      name,
      "it does not say how many bytes it holds, which another codec needs to know",
    );
  }
  const bound = chain.bounds[k] as number;
  if (stated > bound)
    throw damaged(name, `it states ${stated} bytes, more than the possible ${bound}`);
  return stated;
}

/**
 * Encodes a whole chain; `probe` is told how long it took. The answer lies in room that was taken with `take`, or is a
 * codec's own.
 */
export function encodeChain(
  chain: Chain,
  raw: Uint8Array,
  take: TakeRoom,
  probe?: Probe,
): Maybe<Uint8Array> {
  if (chain.codecs.length === 0) return raw;
  const from = probe?.now();
  let result: Maybe<Uint8Array> = raw;
  chain.codecs.forEach((codec, k) => {
    result = then(result, (bytes) => {
      if (codec.encode === undefined)
        throw new ZarrError(`codec ${chain.names[k]} cannot be written`);
      return codec.encode(bytes, take);
    });
  });
  return then(result, (bytes) => {
    if (from !== undefined) probe?.span(SPAN.encode, from, raw.length);
    return bytes;
  });
}
