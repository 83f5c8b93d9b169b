/** Gives dropped arenas back to the system: their pages go only when this thread has collected its references. */
import { collector } from "../../io/collector.js";

/** Collects garbage now; some ten milliseconds. Only for moments when the engine has just been given up. */
export const collectNow = (): void => collector()?.();
