/** Signed requests to one bucket of an S3-compatible server, with what its errors mean. */
import { SourceError } from "../../errors.js";
import type { Answer, Ask, Explained } from "./ask.js";
import type { S3Description } from "./described.js";
import { send } from "./request.js";
import { errorCode } from "./s3-answers.js";
import { encodeUri, sha256, signedHeaders } from "./sigv4.js";
import type { RangeQuery } from "./store.js";

export interface Call {
  readonly method: Ask["method"];
  /** Key in the bucket; "" for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly range?: RangeQuery | undefined;
  readonly body?: Uint8Array | undefined;
  readonly expected?: readonly number[];
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export type S3Client = (call: Call) => Promise<Answer>;

/** The most bytes of an answer in XML: a page of a thousand keys of a thousand bytes, each written as six. */
const XML_BYTES = 16 << 20;
/** Codes of errors that pass, with a status that does not say so. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "SlowDown",
  "ConditionalRequestConflict",
  "OperationAborted",
]);

export function s3Client(description: S3Description): S3Client {
  const { bucket, root, region, credentials, patience } = description;
  const explain = (_: number, headers: Headers, text: string): Explained => {
    const words = errorCode(text);
    const own = headers.get("x-amz-bucket-region") ?? region;
    return {
      words,
      hint:
        own === region
          ? hintOf(words, credentials !== undefined)
          : `the bucket is in region ${own}`,
      passes: words !== undefined && PASSING_CODES.has(words),
    };
  };
  return async ({
    method,
    key,
    query = {},
    headers = {},
    range,
    body,
    expected,
    limit,
    signal,
  }) => {
    const path = key === "" ? "/" : `/${key.split("/").map(encodeUri).join("/")}`;
    const search = Object.entries(query)
      .map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`)
      .join("&");
    const url = `${root}${path}${search === "" ? "" : `?${search}`}`;
    const payloadHash = sha256(body ?? "");
    const given = { ...headers, "x-amz-content-sha256": payloadHash };
    // Not signed: `fetch` and proxies change it.
    const unsigned = { "accept-encoding": "identity" };
    const answer = await send(
      {
        method,
        url,
        place: `s3://${bucket}/${key}`,
        headers: () => ({
          ...(credentials === undefined
            ? given
            : signedHeaders(
                { method, url, headers: given, payloadHash },
                { credentials, region, service: "s3", date: new Date() },
              )),
          ...unsigned,
        }),
        body,
        range,
        limit: limit ?? XML_BYTES,
        expected: new Set(expected),
        redirect: "manual",
        explain,
      },
      patience,
      signal,
    );
    if (answer.status === 404 && errorCode(textIn(answer)) === "NoSuchBucket") {
      throw new SourceError(`s3://${bucket}/${key}: there is no such bucket`);
    }
    return answer;
  };
}

export const textIn = ({ bytes }: Answer): string => new TextDecoder().decode(bytes);

function hintOf(code: string | undefined, isSigned: boolean): string | undefined {
  if (code === "RequestTimeTooSkewed") return "the clock of this machine is wrong";
  if (code === "AccessDenied" && !isSigned) return "requests without credentials are refused there";
  return undefined;
}
