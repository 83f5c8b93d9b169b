/**
 * A small S3 of this process: one bucket in memory, in path style. It checks every signature by itself, from the
 * request as it arrived, tells its listings in short pages, and can be told to fail.
 */
import { createHash, createHmac } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";

export const KEYS = { accessKeyId: "AKIDTEST", secretAccessKey: "s3cr3t/of+the=test" };
export const REGION = "eu-test-1";

interface Stored {
  readonly bytes: Buffer;
  readonly meta: Readonly<Record<string, string>>;
}

export interface Seen {
  readonly method: string;
  /** As it was sent: path and query. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** Answers a request itself and says true, or leaves it to the server. `n` counts requests of one method and URL. */
export type Fault = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  n: number,
) => boolean;

export class S3Server {
  readonly bucket = "bucket";
  readonly values = new Map<string, Stored>();
  readonly uploads = new Map<string, { key: string; meta: Stored["meta"]; parts: Buffer[] }>();
  seen: Seen[] = [];
  /** Before the request is carried out. */
  fault: Fault = () => false;
  /** After it: the answer is lost, and what was done is done. */
  loses: (request: http.IncomingMessage, n: number) => boolean = () => false;
  pageSize = 1000;
  /** Whether requests without a signature are taken. */
  isPublic = false;
  conditions = true;
  endpoint = "";
  readonly #server = http.createServer((request, response) => this.#take(request, response));
  readonly #counts = new Map<string, number>();
  #uploads = 0;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  reset(): void {
    this.seen = [];
    this.#counts.clear();
    this.fault = () => false;
    this.loses = () => false;
    this.pageSize = 1000;
    this.isPublic = false;
    this.conditions = true;
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method = "", url = "", headers } = request;
    const n = this.#counts.get(`${method} ${url}`) ?? 0;
    this.#counts.set(`${method} ${url}`, n + 1);
    this.seen.push({ method, url, headers });
    if (this.fault(request, response, n)) return;
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const wrong = this.#wrongSignature(request, body);
      if (wrong !== undefined) return fail(response, 403, wrong);
      if (!this.loses(request, n)) return this.#answer(request, response, body);
      const lost = new http.ServerResponse(request);
      this.#answer(request, lost, body);
      request.socket.resetAndDestroy();
    });
  }

  #wrongSignature(request: http.IncomingMessage, body: Buffer): string | undefined {
    const { authorization = "" } = request.headers;
    if (authorization === "") return this.isPublic ? undefined : "AccessDenied";
    const [, key, day, region, names = "", signature] =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w{64})$/.exec(
        authorization,
      ) ?? [];
    if (key !== KEYS.accessKeyId) return "InvalidAccessKeyId";
    const hash = createHash("sha256").update(body).digest("hex");
    if (request.headers["x-amz-content-sha256"] !== hash) return "XAmzContentSHA256Mismatch";
    // Whoever may change one of these headers on the way would change the request.
    const must = ["host", "x-amz-date", "x-amz-content-sha256", "range", "if-none-match"];
    if (must.some((h) => h in request.headers && !names.split(";").includes(h))) {
      return "AuthorizationHeaderMalformed";
    }
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const canonical = `${request.method}\n${path}\n${query.split("&").sort().join("&")}\n${names
      .split(";")
      .map((h) => `${h}:${String(request.headers[h])}\n`)
      .join("")}\n${names}\n${hash}`;
    const time = String(request.headers["x-amz-date"]);
    const text = `AWS4-HMAC-SHA256\n${time}\n${day}/${REGION}/s3/aws4_request\n${createHash("sha256").update(canonical).digest("hex")}`;
    let secret: Buffer | string = `AWS4${KEYS.secretAccessKey}`;
    for (const part of [time.slice(0, 8), REGION, "s3", "aws4_request", text]) {
      secret = createHmac("sha256", secret).update(part).digest();
    }
    const same = region === REGION && (secret as Buffer).toString("hex") === signature;
    return same ? undefined : "SignatureDoesNotMatch";
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): void {
    const url = new URL(request.url ?? "", "http://x");
    const [, bucket, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (bucket !== this.bucket) return fail(response, 404, "NoSuchBucket");
    const key = rest.join("/");
    const query = url.searchParams;
    switch (request.method) {
      case "GET":
        if (key === "") return this.#list(response, query);
        return this.#get(request, response, key, true);
      case "HEAD":
        return this.#get(request, response, key, false);
      case "PUT":
        if (query.has("uploadId")) return this.#part(response, query, body);
        return this.#put(request, response, key, { bytes: body, meta: metaOf(request) });
      case "POST":
        if (query.has("uploads")) {
          const id = `upload/${this.#uploads++}+`;
          this.uploads.set(id, { key, meta: metaOf(request), parts: [] });
          return xml(response, `<R><UploadId>${id}</UploadId></R>`);
        }
        return this.#complete(request, response, query.get("uploadId") ?? "", body);
      case "DELETE":
        if (query.has("uploadId")) this.uploads.delete(query.get("uploadId") ?? "");
        else this.values.delete(key);
        response.writeHead(204).end();
        return;
      default:
        return fail(response, 405, "MethodNotAllowed");
    }
  }

  #get(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    key: string,
    hasBody: boolean,
  ): void {
    const value = this.values.get(key);
    if (value === undefined) return fail(response, 404, "NoSuchKey");
    const { bytes, meta } = value;
    const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    if (request.headers.range === undefined) {
      response.writeHead(200, { ...meta, "content-length": bytes.length });
      response.end(hasBody ? bytes : undefined);
      return;
    }
    const start = from === "" ? Math.max(0, bytes.length - Number(to)) : Number(from);
    const end = from === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
    if (start >= bytes.length) return fail(response, 416, "InvalidRange");
    const range = `bytes ${start}-${end - 1}/${bytes.length}`;
    response.writeHead(206, { "content-length": end - start, "content-range": range });
    response.end(bytes.subarray(start, end));
  }

  #put(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    key: string,
    value: Stored,
    text = "",
  ): void {
    if (request.headers["if-none-match"] === "*") {
      if (!this.conditions) return fail(response, 501, "NotImplemented");
      if (this.values.has(key)) return fail(response, 412, "PreconditionFailed");
    }
    this.values.set(key, value);
    response.writeHead(200, { etag: `"${value.bytes.length}"` }).end(text);
  }

  #part(response: http.ServerResponse, query: URLSearchParams, body: Buffer): void {
    const upload = this.uploads.get(query.get("uploadId") ?? "");
    if (upload === undefined) return fail(response, 404, "NoSuchUpload");
    const number = Number(query.get("partNumber"));
    upload.parts[number - 1] = body;
    response.writeHead(200, { etag: `"part&${number}"` }).end();
  }

  #complete(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    id: string,
    body: Buffer,
  ): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return fail(response, 404, "NoSuchUpload");
    const tags = [
      ...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.*?)<\/ETag>/g),
    ];
    const right = tags.every(
      ([, n, tag], i) => Number(n) === i + 1 && tag === `&#34;part&#38;${n}&#34;`,
    );
    if (!right || tags.length !== upload.parts.length) return fail(response, 400, "InvalidPart");
    this.uploads.delete(id);
    const value = { bytes: Buffer.concat(upload.parts), meta: upload.meta };
    this.#put(request, response, upload.key, value, "<R/>");
  }

  #list(response: http.ServerResponse, query: URLSearchParams): void {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const delimiter = query.get("delimiter");
    const entries = new Map<string, string>();
    for (const key of [...this.values.keys()].sort()) {
      if (!key.startsWith(prefix)) continue;
      const slash = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      if (slash < 0) entries.set(key, "Contents");
      else entries.set(key.slice(0, slash + 1), "CommonPrefixes");
    }
    const left = [...entries].filter(([name]) => name > after);
    const page = left.slice(0, this.pageSize);
    const more = left.length > page.length;
    const encode = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");
    const items = page.map(([name, kind]) =>
      kind === "Contents"
        ? `<Contents><Key>${encode(name)}</Key><Size>1</Size></Contents>`
        : `<CommonPrefixes><Prefix>${encode(name)}</Prefix></CommonPrefixes>`,
    );
    const token = (page.at(-1)?.[0] ?? "").replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    xml(
      response,
      `<?xml version="1.0"?><ListBucketResult xmlns="x"><EncodingType>url</EncodingType><Prefix>${encode(prefix)}</Prefix>${items.join("")}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${token}</NextContinuationToken>` : ""}</ListBucketResult>`,
    );
  }
}

const metaOf = ({ headers }: http.IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") ? [[name, String(value)]] : [],
    ),
  );

function xml(response: http.ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/xml" }).end(text);
}

export function fail(response: http.ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  // As the real one, it quotes the key of the account in its message.
  response.end(
    `<Error><Code>${code}</Code><Message>no, ${KEYS.accessKeyId}</Message><AWSAccessKeyId>${KEYS.accessKeyId}</AWSAccessKeyId></Error>`,
  );
}
