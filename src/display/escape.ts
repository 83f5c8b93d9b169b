/** HTML and text made fit for where they are shown: names come from outside, and so does the style around. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ENTITIES[c] as string);

/** Control characters must not reach the terminal. */
export const escapeControls = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** Style of every table: on pages in quirks mode tables take neither colour nor font from what is around them. */
export const TABLE = "border-collapse:collapse;margin:4px 0;color:inherit;font:inherit";
