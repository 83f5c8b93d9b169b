/**
 * Tasks as generators: they yield a promise only where one came up, so that a task whose readers all answer at once
 * runs as one synchronous call and nothing is written twice, for the synchronous and the asynchronous case.
 */

/** A piece of work; what it yields is awaited, and the result comes back from the `yield`. */
export type Flow<T = void> = Generator<PromiseLike<unknown>, T, unknown>;

/** Runs a flow: at once if nothing has to be awaited, else as a promise. */
export function runFlow<T>(flow: Flow<T>): T | Promise<T> {
  const first = flow.next();
  return first.done === true ? first.value : continueFlow(flow, first.value);
}

async function continueFlow<T>(flow: Flow<T>, first: PromiseLike<unknown>): Promise<T> {
  let pending = first;
  for (;;) {
    let result: IteratorResult<PromiseLike<unknown>, T>;
    let value: unknown;
    try {
      value = await pending;
    } catch (error) {
      result = flow.throw(error);
      if (result.done === true) return result.value;
      pending = result.value;
      continue;
    }
    result = flow.next(value);
    if (result.done === true) return result.value;
    pending = result.value;
  }
}

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";

/**
 * Starts several pieces of I/O and waits for all of them. Even after a failure it waits for the others: they write
 * into memory that is given to someone else once the task is over.
 */
export function* all(starts: Iterable<() => void | PromiseLike<void>>): Flow {
  const pending: PromiseLike<void>[] = [];
  let failed = false;
  let failure: unknown;
  const fail = (error: unknown): void => {
    if (!failed) failure = error;
    failed = true;
  };
  for (const start of starts) {
    try {
      const answer = start();
      if (isPromise(answer)) pending.push(answer.then(undefined, fail));
    } catch (error) {
      fail(error);
    }
    if (failed) break;
  }
  if (pending.length > 0) yield Promise.all(pending);
  if (failed) throw failure;
}
