/** Gives dropped memory back to the system: its pages go only when every thread has collected its references. */
import { collector } from "../../io/collector.js";

/**
 * Collects garbage now; some ten milliseconds. Only for moments when an engine, or large memory outside its arena, has
 * just been given up, or when such memory is about to be taken.
 */
export const collectNow = (): void => collector()?.();
