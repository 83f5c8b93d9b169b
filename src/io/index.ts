/** Where data comes from and goes: stores, Zarr, arrays in memory, user sources. */

export type { Codec, CodecEntry } from "./codecs/codec.js";
export { registerCodec } from "./codecs/registry.js";
export { zstdTier } from "./codecs/zstd.js";
export type { Maybe } from "./maybe.js";
export { openReader, openWriter, prepareCodecs, registerReader } from "./readers.js";
export { arrayBinding } from "./sources/array.js";
export { type ChunkSource, type Interval, sourceText, userSource } from "./sources/user.js";
export type { StoreDescription } from "./stores/described.js";
export { directoryStore } from "./stores/directory.js";
export { type HttpOptions, type HttpStore, httpStore } from "./stores/http.js";
export { memoryStore } from "./stores/memory.js";
export { type S3Store, s3Store } from "./stores/s3.js";
export type { S3Options } from "./stores/s3-settings.js";
export type { DirectoryStore, Store } from "./stores/store.js";
export type { CodecChoice, OneCodec } from "./zarr/codec-choice.js";
export {
  type CreateOptions,
  createZarrArray,
  type PendingArray,
  pendingZarrArray,
} from "./zarr/create.js";
export { type PendingGroup, pendingZarrGroup } from "./zarr/create-group.js";
export {
  type ArrayDescription,
  describeStore,
  type GroupDescription,
  type NodeDescription,
} from "./zarr/describe.js";
export type { FillValue } from "./zarr/document-v3.js";
export type { StoredDType } from "./zarr/dtypes.js";
export { type ExistingArray, existingZarrArray } from "./zarr/existing.js";
export type { FinishedChunks } from "./zarr/finished.js";
export type { Json } from "./zarr/json.js";
export type { StoreLike } from "./zarr/locate.js";
export {
  type OpenedArray,
  type OpenOptions,
  openZarrArray,
  type ZarrArrayInfo,
} from "./zarr/open.js";
export { type OpenedGroup, openZarrGroup } from "./zarr/open-group.js";
export type { Packing } from "./zarr/packing.js";
export { originOf } from "./zarr/place.js";
export type { ShardChoice } from "./zarr/shard-choice.js";
