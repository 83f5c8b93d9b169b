/** Objects with an identity that equal calls share as long as someone holds them, so that equal calls are one node. */
const table = new Map<string, WeakRef<object>>();
const collected = new FinalizationRegistry<{ key: string; ref: WeakRef<object> }>(
  ({ key, ref }) => {
    // A new object may have taken the key since: delete only what we put there.
    if (table.get(key) === ref) table.delete(key);
  },
);

/** The object that was made for `key`, if it is still there and `same` accepts it, or a new one. */
export function shared<T extends object>(
  key: string,
  make: () => T,
  same: (found: T) => boolean = () => true,
): T {
  const found = table.get(key)?.deref() as T | undefined;
  if (found !== undefined && same(found)) return found;
  const made = make();
  const ref = new WeakRef<object>(made);
  table.set(key, ref);
  collected.register(made, { key, ref });
  return made;
}
