/** A file system that refuses folders in its own way must not hang the writer. */
import * as fs from "node:fs";
import { expect, test } from "vitest";
import { directoryStore } from "../../dist/io/index.js";

test.skipIf(!fs.existsSync("/proc/self"))("a folder that cannot be made is an error", () => {
  const store = directoryStore("/proc/chunkwise-test");
  expect(() => store.set("/a/b", new Uint8Array(1))).toThrow(/ENOENT|EPERM|EACCES/);
});
