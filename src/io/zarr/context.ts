/** What a reader knows about its array before it reads anything. */
import { isDirectoryStore, type Store } from "../stores/store.js";
import { type Chain, makeChain } from "./chain.js";
import type { ArrayMetadata } from "./metadata.js";

export interface ReaderContext {
  readonly metadata: ArrayMetadata;
  readonly chain: Chain;
  readonly innerChain: Chain | undefined;
  /** Cost of a separate read of a raw chunk, in bytes that could be read in the same time. */
  readonly callBytes: number;
}

export function contextOf(store: Store, metadata: ArrayMetadata): ReaderContext {
  const { layout, stored } = metadata;
  const inner = layout.shard?.inner;
  return {
    metadata,
    chain: makeChain(layout, stored),
    innerChain: inner === undefined ? undefined : makeChain(inner, stored),
    // A pread takes about as long as copying 32 KiB; a request about as long as receiving 256 KiB.
    callBytes: isDirectoryStore(store) ? 32 << 10 : 256 << 10,
  };
}
