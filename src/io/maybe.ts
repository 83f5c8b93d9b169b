/**
 * Values that are there now or later. Local files answer at once and user stores answer with a promise; the
 * same code serves both, and the synchronous road never pays for a promise.
 */

export type Maybe<T> = T | Promise<T>;

export const isPromise = <T>(value: Maybe<T>): value is Promise<T> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { readonly then?: unknown }).then === "function";

/** `next(value)`, at once when the value is there. */
export function then<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Runs `last` after `work`, whether it answers or throws, at once or later. */
export function andFinally<T>(work: () => Maybe<T>, last: () => void): Maybe<T> {
  let result: Maybe<T>;
  try {
    result = work();
  } catch (error) {
    last();
    throw error;
  }
  if (isPromise(result)) return result.finally(last);
  last();
  return result;
}

/** Answers `work()`; whatever it throws, at once or later, is replaced by `replace(error)`. */
export function mapError<T>(work: () => Maybe<T>, replace: (error: unknown) => unknown): Maybe<T> {
  let result: Maybe<T>;
  try {
    result = work();
  } catch (error) {
    throw replace(error);
  }
  if (!isPromise(result)) return result;
  return result.catch((error: unknown) => {
    throw replace(error);
  });
}

/**
 * Runs the tasks that an iterator yields. Synchronous tasks run one after the other; from the first promise
 * on, at most `limit` are in flight. The first failure stops the start of new tasks and is thrown once
 * those in flight have ended, so that nobody writes into a target after the call has failed.
 */
export function runAll(tasks: Iterator<() => Maybe<void>>, limit: number): Maybe<void> {
  for (let next = tasks.next(); next.done !== true; next = tasks.next()) {
    const result = next.value();
    if (isPromise(result)) return runRest(tasks, result, limit);
  }
}

async function runRest(
  tasks: Iterator<() => Maybe<void>>,
  first: Promise<void>,
  limit: number,
): Promise<void> {
  const failures: unknown[] = [];
  const lane = async (begun: Promise<void> | undefined): Promise<void> => {
    try {
      if (begun !== undefined) await begun;
      while (failures.length === 0) {
        const next = tasks.next();
        if (next.done === true) return;
        await next.value();
      }
    } catch (error) {
      failures.push(error);
    }
  };
  const lanes = [lane(first)];
  for (let i = 1; i < limit; i++) lanes.push(lane(undefined));
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
}
