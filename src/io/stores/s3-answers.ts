/**
 * What S3 says in XML. The few elements that are needed are taken out of the text as they are; nothing in it is
 * evaluated, and documents with entities of their own are not understood.
 */

/** Contents of all elements of a name, in order, still encoded; elements of one name do not contain each other. */
export function elements(xml: string, name: string): readonly string[] {
  const all = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g"));
  return [...all].map((match) => match[1] as string);
}

/** The text of the first element of a name. */
export function textOf(xml: string, name: string): string | undefined {
  const found = elements(xml, name)[0];
  return found === undefined ? undefined : unescapeXml(found);
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const unescapeXml = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });

/** The code of an error, such as `NoSuchBucket`. The message is left alone: some quote the key of the account. */
export function errorCode(xml: string): string | undefined {
  const code = elements(xml, "Error").length === 0 ? undefined : textOf(xml, "Code");
  return code !== undefined && /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : undefined;
}

/** One page of ListObjectsV2, asked for with `encoding-type=url`. */
export interface ListPage {
  readonly keys: readonly string[];
  /** Common prefixes, with their slash. */
  readonly folders: readonly string[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

export function listPage(xml: string): ListPage {
  const isEncoded = textOf(xml, "EncodingType") === "url";
  const decode = (text: string): string =>
    isEncoded ? decodeURIComponent(text.replaceAll("+", "%20")) : text;
  const names = (element: string, name: string): string[] =>
    elements(xml, element).flatMap((entry) => {
      const text = textOf(entry, name);
      return text === undefined ? [] : [decode(text)];
    });
  return {
    keys: names("Contents", "Key"),
    folders: names("CommonPrefixes", "Prefix"),
    next: textOf(xml, "IsTruncated") === "true" ? textOf(xml, "NextContinuationToken") : undefined,
  };
}
