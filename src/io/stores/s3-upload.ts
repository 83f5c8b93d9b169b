/**
 * Values into S3: small ones with one request, large ones in parts, which appear together when the last request
 * completes them. A value appears whole or not at all.
 *
 * A request whose answer was lost is sent again, and then the server says that the value is there already, or that
 * the upload is over. Every value is therefore marked with a name of its own, by which its writer knows it.
 */
import { randomUUID } from "node:crypto";
import { SourceError } from "../../errors.js";
import type { Answer } from "./ask.js";
import { elements, errorCode, textOf } from "./s3-answers.js";
import { type S3Client, textIn } from "./s3-client.js";

/** S3 takes so many parts and no more. */
const MOST_PARTS = 10_000;
/** Parts in flight: enough to fill a fast line, few enough for the copies that sending makes. */
const PARTS_IN_FLIGHT = 4;
const MARK = "x-amz-meta-chunkwise-write";
/** Parts are whole MiB. */
const MIB = 1 << 20;

interface Upload {
  readonly client: S3Client;
  readonly place: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** Sets a value; answers false where `ifAbsent` and there is one. */
export async function putValue(
  upload: Upload,
  partSize: number,
  ifAbsent: boolean,
): Promise<boolean> {
  // `fetch` takes no shared memory.
  const shared = upload.value.buffer instanceof SharedArrayBuffer;
  const own = shared ? { ...upload, value: upload.value.slice() } : upload;
  const condition: Record<string, string> = ifAbsent ? { "if-none-match": "*" } : {};
  return own.value.length > partSize
    ? putParts(own, partSize, condition)
    : putWhole(own, condition);
}

async function putWhole(
  { client, place, key, value, signal }: Upload,
  condition: Readonly<Record<string, string>>,
): Promise<boolean> {
  const mark = randomUUID();
  const headers = { ...condition, [MARK]: mark };
  const isConditional = Object.keys(condition).length > 0;
  const expected = isConditional ? [412, 501] : [];
  const answer = await client({ method: "PUT", key, headers, body: value, expected, signal });
  if (answer.status === 501) {
    // A server that knows no conditions: look, then write, which is the best that it allows.
    const { status } = await client({ method: "HEAD", key, expected: [404], signal });
    return status === 404 && (await putWhole({ client, place, key, value, signal }, {}));
  }
  return answer.status !== 412 || (answer.tries > 1 && (await isMarked(client, key, mark, signal)));
}

async function isMarked(
  client: S3Client,
  key: string,
  mark: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { status, headers } = await client({ method: "HEAD", key, expected: [404], signal });
  return status === 200 && headers.get(MARK) === mark;
}

async function putParts(
  upload: Upload,
  partSize: number,
  condition: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { client, place, key, value, signal } = upload;
  const mark = randomUUID();
  // Sent twice it leaves an upload without parts behind, which costs nothing and which buckets clear away.
  const begun = await client({
    method: "POST",
    key,
    query: { uploads: "" },
    headers: { [MARK]: mark },
    signal,
  });
  const uploadId = textOf(textIn(begun), "UploadId");
  if (uploadId === undefined) throw new SourceError(`${place}: the server began no upload`);
  try {
    const least = Math.ceil(value.length / MOST_PARTS / MIB) * MIB;
    const size = Math.max(partSize, least);
    const tags = await sendParts(upload, uploadId, size);
    const list = tags.map(
      (tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`,
    );
    const answer = await client({
      method: "POST",
      key,
      query: { uploadId },
      headers: { ...condition, "content-type": "application/xml" },
      body: new TextEncoder().encode(
        `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`,
      ),
      expected: [404, 412],
      signal,
    });
    const wrong = refusal(answer);
    if (wrong === undefined) return true;
    // The upload is over where an earlier try completed it.
    if (answer.status !== 200 && (await isMarked(client, key, mark, signal))) return true;
    if (answer.status === 412) {
      await endUpload(upload, uploadId);
      return false;
    }
    throw new SourceError(`${place}: the server could not put the parts together (${wrong})`);
  } catch (error) {
    const ended = endUpload(upload, uploadId);
    // Whoever aborts does not wait for a server.
    if (signal?.aborted !== true) await ended;
    throw error;
  }
}

/** S3 begins to answer before it knows: an error may come with status 200. */
function refusal(answer: Answer): string | undefined {
  const text = textIn(answer);
  if (answer.status === 200 && elements(text, "Error").length === 0) return undefined;
  return errorCode(text) ?? String(answer.status);
}

async function sendParts(
  { client, place, key, value, signal }: Upload,
  uploadId: string,
  size: number,
): Promise<readonly string[]> {
  const count = Math.ceil(value.length / size);
  const tags: string[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    try {
      while (next < count && failures.length === 0) {
        const i = next++;
        const { headers } = await client({
          method: "PUT",
          key,
          query: { partNumber: String(i + 1), uploadId },
          body: value.subarray(i * size, (i + 1) * size),
          signal,
        });
        const tag = headers.get("etag");
        if (tag === null) throw new SourceError(`${place}: the server named no tag of a part`);
        tags[i] = tag;
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: PARTS_IN_FLIGHT }, lane));
  if (failures.length > 0) throw failures[0];
  return tags;
}

/** Gives back the parts of an upload. Where that fails too, the bucket's own rules have to; the first error is told. */
async function endUpload({ client, key }: Upload, uploadId: string): Promise<void> {
  const expected = [404];
  await client({ method: "DELETE", key, query: { uploadId }, expected }).catch(() => undefined);
}

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
