/** Gives dropped arenas back to the system: their pages go only when this thread has collected its references. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage now; some ten milliseconds. Only for moments when the engine has just been given up. */
export function collectNow(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  collect();
}
