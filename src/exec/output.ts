/**
 * Output of user functions. What a worker prints goes from thread to thread up to the calling one, chunk by chunk as
 * each has room; a process may end before that. So a task that printed is done when its output was taken, and a run
 * with user functions is told to be over when the coordinator has passed on all it got.
 */

/** A reader that takes nothing (a calling thread that is busy) must not hold a computation up for longer than this. */
const PATIENCE_MS = 200;

/** True while this thread has printed something that its parent has not taken. */
export const outputPending = (): boolean =>
  process.stdout.writableLength + process.stderr.writableLength > 0;

/** Resolves when everything printed so far was taken, or after a while. */
export async function outputTaken(): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  // One turn first: what children printed may be about to be passed on.
  await new Promise<void>((resolve) => setImmediate(resolve));
  while (outputPending() && performance.now() < until) {
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}
