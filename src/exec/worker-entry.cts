/**
 * What piscina loads in a new thread. It would `require()` an ES module, and Node aborts the whole process if the
 * thread is ended in the middle of that (v8::Module::IsGraphAsync on a module that is not instantiated); an `import()`
 * can be ended at any time.
 */
import type { WorkerInit } from "./protocol.js" with { "resolution-mode": "import" };

const work = async (init: WorkerInit): Promise<void> => (await import("./worker.js")).default(init);

module.exports = work;
