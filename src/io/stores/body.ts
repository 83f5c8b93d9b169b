/**
 * Bodies of answers: counted before memory is taken for them, cut to the range that was asked for; one that ends early is
 * a failure like any other.
 */
import { SourceError, ZarrError } from "../../errors.js";
import { type Ask, Passing } from "./ask.js";
import type { RangeQuery } from "./store.js";

/** Of the bodies of failures so much is read: enough for what S3 says, little of what a proxy paints. */
const HEAD_BYTES = 16 << 10;

/** The header of a request for a part. */
export const rangeText = (range: RangeQuery): string =>
  "suffixLength" in range
    ? `bytes=-${range.suffixLength}`
    : `bytes=${range.offset}-${range.offset + range.length - 1}`;

/** The beginning of a body. */
export async function headOf(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  while (reader !== undefined && length < HEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) return head.subarray(0, length);
    const part = value.subarray(0, HEAD_BYTES - length);
    head.set(part, length);
    length += part.length;
  }
  await reader?.cancel().catch(() => undefined);
  return head.subarray(0, length);
}

/** Where in the body the wanted bytes are. */
interface Window {
  readonly skip: number;
  /** Undefined: all that comes. */
  readonly length: number | undefined;
}

/** The bytes that were asked for; `heard` is told whenever some arrive. */
export async function bodyOf(response: Response, ask: Ask, heard: () => void): Promise<Uint8Array> {
  const declared = declaredLength(response);
  const { skip, length } = windowOf(response, ask, declared);
  const wanted = length ?? (declared === undefined ? undefined : declared - skip);
  if (wanted !== undefined && wanted > ask.limit) throw tooLong(ask, wanted);
  const into = new Collected(ask, wanted);
  let position = 0;
  // An empty body is none.
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    heard();
    const from = Math.max(0, skip - position);
    position += value.length;
    if (from < value.length && into.take(value.subarray(from))) {
      // A server that ignores ranges goes on with what nobody asked for.
      await reader.cancel().catch(() => undefined);
      return into.bytes();
    }
  }
  if (declared !== undefined && position !== declared) {
    throw new Passing(`the body ended after ${position} of ${declared} bytes`);
  }
  return into.bytes();
}

/** Bytes of the body; undefined where they are not told, or are those of a compressed body. */
function declaredLength({ headers }: Response): number | undefined {
  const text = headers.get("content-length");
  if (text === null || headers.get("content-encoding") !== null) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function windowOf(response: Response, { range, place }: Ask, declared: number | undefined): Window {
  if (range === undefined) return { skip: 0, length: undefined };
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if ("offset" in range && start !== undefined && Number(start) !== range.offset) {
      throw new SourceError(
        `${place}: the server sent bytes from ${start}, ${range.offset} was asked for`,
      );
    }
    return { skip: 0, length: lengthOf(range, declared) };
  }
  // The whole value: the server knows no ranges.
  if ("offset" in range) {
    const there = declared === undefined ? range.length : Math.max(0, declared - range.offset);
    return { skip: range.offset, length: Math.min(range.length, there) };
  }
  if (declared === undefined) {
    throw new SourceError(`${place}: the server can send neither ranges nor the length`, {
      hint: "sharded arrays need a server that answers range requests",
    });
  }
  const skip = Math.max(0, declared - range.suffixLength);
  return { skip, length: declared - skip };
}

const lengthOf = (range: RangeQuery, declared: number | undefined): number => {
  const asked = "offset" in range ? range.length : range.suffixLength;
  return declared === undefined ? asked : Math.min(asked, declared);
};

const tooLong = ({ place, limit }: Ask, bytes: number): ZarrError =>
  new ZarrError(`${place} has ${bytes} bytes, more than the ${limit} that it can have`);

/** A buffer of the largest possible length is made for a body of unknown length up to here: untouched pages are free. */
const MOST_ROOM = 64 << 20;

/** What arrived: in one buffer where a bound is known beforehand. */
class Collected {
  readonly #ask: Ask;
  /** Whether more than the buffer holds is just not wanted, or an error. */
  readonly #exact: boolean;
  readonly #whole: Uint8Array | undefined;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(ask: Ask, wanted: number | undefined) {
    this.#ask = ask;
    this.#exact = wanted !== undefined;
    const room = wanted ?? (ask.limit <= MOST_ROOM ? ask.limit : undefined);
    this.#whole = room === undefined ? undefined : new Uint8Array(room);
  }

  /** True when there is more than is wanted. */
  take(bytes: Uint8Array): boolean {
    const room = (this.#whole?.length ?? this.#ask.limit) - this.#length;
    const isMore = bytes.length > room;
    if (isMore && !this.#exact) throw tooLong(this.#ask, this.#length + bytes.length);
    const part = isMore ? bytes.subarray(0, room) : bytes;
    if (this.#whole === undefined) this.#parts.push(part);
    else this.#whole.set(part, this.#length);
    this.#length += part.length;
    return isMore;
  }

  bytes(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#length);
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
