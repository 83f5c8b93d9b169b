/**
 * Values in consoles and notebooks. Node asks a value for its text (`util.inspect.custom`), Deno's kernel for a bundle
 * by MIME type (`Jupyter.display`). tslab knows neither: it prints the last expression of a cell with `console.log`.
 * But what it puts into the global scope leads to its `display`, so that a value that is being printed can show its
 * card too.
 */

/** A value with a card. */
export interface Displayed {
  /** One line, for where a card would be too much. */
  toString(): string;
  mimeBundle(): Record<string, string>;
}

/** A place in a notebook's output; another `html` replaces what it shows. */
export interface Display {
  html(text: string): void;
}
/** What is used of the module `tslab`. */
interface Notebook {
  readonly display: Display;
  newDisplay(): Display;
}

/** tslab, where this process is its kernel. Looked up every time: the kernel may be there later than this module. */
function notebook(): Notebook | undefined {
  try {
    const kernel: unknown = Reflect.get(globalThis, "__tslab__");
    const load = (kernel as { readonly require?: unknown } | undefined)?.require;
    if (typeof load !== "function") return undefined;
    const module: unknown = load("tslab");
    return isNotebook(module) ? module : undefined;
  } catch {
    // Whatever else has taken the name, it is no notebook.
    return undefined;
  }
}

/** A place of its own below the cell; undefined where there is no notebook. */
export function newDisplay(): Display | undefined {
  try {
    const place = notebook()?.newDisplay();
    return typeof place?.html === "function" ? place : undefined;
  } catch {
    return undefined;
  }
}

function isNotebook(module: unknown): module is Notebook {
  const { display, newDisplay } = (module ?? {}) as Partial<Notebook>;
  return typeof display?.html === "function" && typeof newDisplay === "function";
}

/** Shows HTML below the cell; false where there is no notebook, or it would not have it. */
function showHtml(html: string): boolean {
  const place = notebook()?.display;
  if (place === undefined) return false;
  try {
    place.html(html);
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of a value. `depth` is how many more levels `inspect` would go down, `limit` its depth at the start: below
 * the top a value is one line. With no limit the two say nothing; then it may be anywhere, and gets text alone.
 */
function inspected(value: Displayed, depth: unknown, limit: unknown): string {
  const known = Number.isFinite(depth) && Number.isFinite(limit);
  if (known && depth !== limit) return value.toString();
  let bundle: Record<string, string>;
  try {
    bundle = value.mimeBundle();
  } catch {
    // Printing a value must not fail: whoever wants to know why asks for the bundle.
    return value.toString();
  }
  const html = bundle["text/html"];
  if (known && html !== undefined && showHtml(html)) return value.toString();
  return bundle["text/plain"] ?? value.toString();
}

const hidden = (value: unknown): PropertyDescriptor => ({
  configurable: true,
  writable: true,
  value,
});

/** Puts what consoles and notebooks look for on a prototype. */
export function installDisplay(prototype: Displayed): void {
  Object.defineProperties(prototype, {
    [Symbol.for("nodejs.util.inspect.custom")]: hidden(function (
      this: Displayed,
      depth: unknown,
      options: { readonly depth?: unknown } | undefined,
    ): string {
      return inspected(this, depth, options?.depth);
    }),
    [Symbol.for("Jupyter.display")]: hidden(function (this: Displayed): Record<string, string> {
      return this.mimeBundle();
    }),
  });
}
