/** Gives dropped memory back to the system: its pages go only when every thread has collected its references. */
import { collector } from "../../io/collector.js";

/**
 * Collects garbage now; some ten milliseconds. Only for moments when an engine, or large memory outside its arena, has
 * just been given up, or when such memory is about to be taken.
 */
export const collectNow = (): void => collector()?.();

const LARGE = 2 ** 26;

/**
 * Whether shared memory of so many bytes is worth a collection: it goes back to the system when every thread has
 * collected what it had of it, and no thread collects for its sake, since it is not counted as theirs.
 */
export const isLarge = (bytes: number): boolean => bytes >= LARGE;
