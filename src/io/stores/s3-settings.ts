/** Where a bucket is and who asks: from a URL, options and the environment to the description of a store. */
import { ZarrError } from "../../errors.js";
import type { Patience } from "./ask.js";
import type { S3Description } from "./described.js";
import type { S3Credentials } from "./sigv4.js";
import { normalizePath } from "./store.js";

export interface S3Options extends Patience {
  /**
   * URL of an S3-compatible server; default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else Amazon's of the region.
   */
  readonly endpoint?: string | URL | undefined;
  /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, else "us-east-1". */
  readonly region?: string | undefined;
  /** Default: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. */
  readonly credentials?: S3Credentials | undefined;
  /** Send requests without credentials, to public buckets. */
  readonly anonymous?: boolean | undefined;
  /**
   * Name the bucket in the path rather than in the host; default: true for an endpoint of one's own, and for buckets
   * with a dot in their name.
   */
  readonly pathStyle?: boolean | undefined;
  /**
   * Read what the server forbids as missing: where nobody may list a bucket, S3 forbids what is not there. A chunk that
   * is there and really forbidden then reads as fill values. Default false.
   */
  readonly forbiddenIsMissing?: boolean | undefined;
  /** Values with more bytes are sent in parts of so many, at least 5 MiB; default 32 MiB. */
  readonly partSize?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What S3 takes for a part that is not the last. */
const LEAST_PART = 5 << 20;
/** A part is held a second time while it is sent. */
const PART = 32 << 20;
/** Letters, digits, dots, hyphens and, in old buckets, underscores: nothing that means something in a URL. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
const REGION = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The description of the store. A string is taken as it is, as other programs take it: `s3://bucket/a b%20c` names the
 * key `a b%20c`; a URL object is decoded.
 */
export function s3Settings(
  url: string | URL,
  options: S3Options,
  environment: Environment,
): S3Description {
  const { bucket, prefix } = placeOf(url);
  const region =
    options.region ?? given(environment, "AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1";
  if (!REGION.test(region)) throw new ZarrError("s3Store: region is not the name of a region");
  const { partSize = PART } = options;
  if (partSize < LEAST_PART) {
    throw new ZarrError(`s3Store: partSize must be at least ${LEAST_PART} bytes, got ${partSize}`);
  }
  const { timeout, attemptTimeout, retries } = options;
  return {
    type: "s3",
    bucket,
    prefix,
    root: rootOf(bucket, region, options, environment),
    region,
    credentials:
      options.anonymous === true ? undefined : credentialsOf(bucket, options, environment),
    forbiddenIsMissing: options.forbiddenIsMissing === true,
    partSize,
    patience: { timeout, attemptTimeout, retries },
  };
}

/** The first variable that is set to something. */
const given = (environment: Environment, ...names: readonly string[]): string | undefined =>
  names.map((name) => environment[name]).find((value) => value !== undefined && value !== "");

function placeOf(url: string | URL): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(String(url)) ?? [];
  if (!BUCKET.test(bucket)) {
    // Not what was given: it may hold credentials.
    throw new ZarrError(
      "an S3 store needs an s3://bucket/path URL, with nothing but a bucket in front",
      {
        hint: "credentials, region and endpoint are options of s3Store",
      },
    );
  }
  return { bucket, prefix: normalizePath(url instanceof URL ? decodeURIComponent(path) : path) };
}

function rootOf(
  bucket: string,
  region: string,
  options: S3Options,
  environment: Environment,
): string {
  const own = options.endpoint ?? given(environment, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  const top = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const { protocol, host, pathname } = endpointOf(own ?? `https://s3.${region}.${top}`);
  // Certificates hold for one name below the endpoint's.
  const inPath = options.pathStyle ?? (own !== undefined || bucket.includes("."));
  const path = pathname.replace(/\/+$/, "");
  return inPath ? `${protocol}//${host}${path}/${bucket}` : `${protocol}//${bucket}.${host}${path}`;
}

function endpointOf(endpoint: string | URL): URL {
  const text = String(endpoint);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    (url?.protocol !== "http:" && url?.protocol !== "https:") ||
    `${url.username}${url.password}${url.search}` !== ""
  ) {
    throw new ZarrError(
      "s3Store: endpoint must be an http: or https: URL, without credentials and query",
    );
  }
  return url;
}

function credentialsOf(
  bucket: string,
  { credentials }: S3Options,
  environment: Environment,
): S3Credentials {
  const accessKeyId = credentials?.accessKeyId ?? given(environment, "AWS_ACCESS_KEY_ID");
  const secretAccessKey =
    credentials === undefined
      ? given(environment, "AWS_SECRET_ACCESS_KEY")
      : credentials.secretAccessKey;
  const sessionToken =
    credentials === undefined ? given(environment, "AWS_SESSION_TOKEN") : credentials.sessionToken;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new ZarrError(`there are no credentials for s3://${bucket}`, {
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or open it with s3Store and credentials, or anonymous: true",
    });
  }
  return sessionToken === undefined
    ? { accessKeyId, secretAccessKey }
    : { accessKeyId, secretAccessKey, sessionToken };
}
