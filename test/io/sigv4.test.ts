/**
 * Signatures against the published examples: AWS's signing test suite ("service"; in awslabs/aws-c-auth, tests/) and
 * the examples of the Amazon S3 API Reference ("s3"). All keys in them are AWS's own, made up for documentation.
 */
import { describe, expect, it } from "vitest";
import { encodeUri, sha256, signedHeaders } from "../../dist/io/stores/sigv4.js";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SUITE = {
  credentials: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  },
  region: "us-east-1",
  service: "service",
  date: new Date("2015-08-30T12:36:00Z"),
};
const S3 = {
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  region: "us-east-1",
  service: "s3",
  date: new Date("2013-05-24T00:00:00Z"),
};
const ALL = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
type Headers = Readonly<Record<string, string>>;

const suite: readonly [string, string, string, Headers, string, string][] = [
  [
    "get-vanilla",
    "GET",
    "/",
    {},
    "host;x-amz-date",
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  ],
  [
    "post-vanilla",
    "POST",
    "/",
    {},
    "host;x-amz-date",
    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  ],
  [
    "get-vanilla-query-order-key-case",
    "GET",
    "/?Param2=value2&Param1=value1",
    {},
    "host;x-amz-date",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
  [
    "get-unreserved",
    "GET",
    `/${encodeUri(ALL)}`,
    {},
    "host;x-amz-date",
    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
  ],
  [
    "get-utf8",
    "GET",
    `/${encodeUri("ሴ")}`,
    {},
    "host;x-amz-date",
    "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
  ],
  [
    "get-space-unnormalized",
    "GET",
    `/${encodeUri("example space")}/`,
    {},
    "host;x-amz-date",
    "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
  ],
  [
    "get-vanilla-query-unreserved",
    "GET",
    `/?${ALL}=${ALL}`,
    {},
    "host;x-amz-date",
    "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
  ],
  [
    "get-vanilla-utf8-query",
    "GET",
    `/?${encodeUri("ሴ")}=bar`,
    {},
    "host;x-amz-date",
    "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
  ],
  [
    "get-header-value-trim",
    "GET",
    "/",
    { "My-Header1": " value1", "My-Header2": ' "a   b   c" ' },
    "host;my-header1;my-header2;x-amz-date",
    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  ],
];

describe("AWS's test suite", () => {
  it.each(suite)("%s", (_, method, path, headers, names, signature) => {
    const url = `https://example.amazonaws.com${path}`;
    const signed = signedHeaders({ method, url, headers, payloadHash: EMPTY }, SUITE);
    expect(signed["x-amz-date"]).toBe("20150830T123600Z");
    expect(signed["authorization"]).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    );
  });
  it("get-vanilla-with-session-token", () => {
    const sessionToken = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    const signed = signedHeaders(
      { method: "GET", url: "https://example.amazonaws.com/", headers: {}, payloadHash: EMPTY },
      { ...SUITE, credentials: { ...SUITE.credentials, sessionToken } },
    );
    expect(signed["x-amz-security-token"]).toBe(sessionToken);
    expect(signed["authorization"]).toMatch(
      /SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8$/,
    );
  });
});

const examples: readonly [string, string, string, Headers, string, string][] = [
  [
    "GET Object",
    "GET",
    "/test.txt",
    { range: "bytes=0-9" },
    "",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "PUT Object",
    "PUT",
    `/${encodeUri("test$file.text")}`,
    { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    "Welcome to Amazon S3.",
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "GET Bucket Lifecycle",
    "GET",
    "/?lifecycle",
    {},
    "",
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "Get Bucket (List Objects)",
    "GET",
    "/?max-keys=2&prefix=J",
    {},
    "",
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
];

describe("the examples of the Amazon S3 API Reference", () => {
  it.each(examples)("%s", (_, method, path, given, body, signature) => {
    const payloadHash = sha256(body);
    const headers = { ...given, "x-amz-content-sha256": payloadHash };
    const url = `https://examplebucket.s3.amazonaws.com${path}`;
    const signed = signedHeaders({ method, url, headers, payloadHash }, S3);
    expect(signed["authorization"]?.split("Signature=")[1]).toBe(signature);
  });
});

it("encodes what encodeURIComponent leaves", () => {
  expect(encodeUri("a b/c~d+e$é!'()*")).toBe("a%20b%2Fc~d%2Be%24%C3%A9%21%27%28%29%2A");
});
