/**
 * AWS Signature Version 4 in the Authorization header, as Amazon S3 takes it: the path is signed as it is sent, encoded
 * once and not normalised.
 *
 * Source: "Signature Calculations for the Authorization Header", Amazon S3 API Reference,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHash, createHmac } from "node:crypto";

/** Keys of an account, or of a session. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface Signing {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly service: string;
  readonly date: Date;
}

export interface Unsigned {
  readonly method: string;
  /** With path and query encoded by {@link encodeUri}. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, hexadecimal. */
  readonly payloadHash: string;
}

export const sha256 = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("hex");

const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac("sha256", key).update(data).digest();

/** Percent-encodes all but unreserved characters (RFC 3986): `encodeURIComponent` leaves five more as they are. */
export const encodeUri = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The headers of a request with those that sign it: `x-amz-date`, `authorization`, and `x-amz-security-token`. */
export function signedHeaders(request: Unsigned, signing: Signing): Record<string, string> {
  const { credentials, region, service } = signing;
  const time = signing.date.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers: Record<string, string> = { ...request.headers, "x-amz-date": time };
  if (credentials.sessionToken !== undefined) {
    headers["x-amz-security-token"] = credentials.sessionToken;
  }
  const { host, pathname, search } = new URL(request.url);
  const signed = Object.entries({ ...headers, host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, " ")] as const)
    .sort(byFirst);
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    request.method,
    pathname,
    canonicalQuery(search),
    ...signed.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    request.payloadHash,
  ].join("\n");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, ` +
    `Signature=${hmac(key, toSign).toString("hex")}`;
  return headers;
}

/** Parameters sorted by encoded name, then value; one without a value has an empty one. */
function canonicalQuery(search: string): string {
  if (search.length < 2) return "";
  return search
    .slice(1)
    .split("&")
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [name, value.join("=")] as const;
    })
    .sort((a, b) => byFirst(a, b) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byFirst = (a: readonly [string, string], b: readonly [string, string]): number =>
  compare(a[0], b[0]);
