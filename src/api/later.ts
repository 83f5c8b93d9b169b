/** Parts of the public face that most programs never need, or not at once: loaded with their first use. */
import { load } from "../load.js";

/** Expressions as text. */
export const expressions = (): typeof import("./expr/evaluate.js") =>
  load("api/expr/evaluate.js") as typeof import("./expr/evaluate.js");
/** Random orders and choices. */
export const samples = (): typeof import("./samples.js") =>
  load("api/samples.js") as typeof import("./samples.js");
/** Writing to stores. */
export const writing = (): Promise<typeof import("./writing.js")> => import("./writing.js");
