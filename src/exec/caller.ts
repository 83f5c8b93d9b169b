/**
 * Sources and sinks that only the calling thread can reach: a worker asks over its own line, the calling thread reads
 * straight into the arena (or writes from it) and answers. Only numbers travel; both ends see the same memory.
 *
 * A worker may die while the calling thread still works for it. Its memory must not be given to anybody else until
 * that is over, so the coordinator asks for `whenQuiet` before it takes the memory back.
 */
import type { MessagePort } from "node:worker_threads";
import { errorFromData, errorToData, InternalError, SourceError } from "../errors.js";
import type { ChunkWriter, Findings, ReadTarget, RegionReader } from "../ir/binding.js";
import type { TypedArray } from "../ir/dtype.js";
import type { Box } from "../ir/index-map.js";
import type { Bindings } from "../ir/stage.js";
import { type Probe, SPAN } from "../ir/trace.js";
import type { ArenaPlace, CallerAnswer, CallerRequest, Traced } from "./protocol.js";
import { isPromise } from "./task/flow.js";
import type { Recorder } from "./trace/index.js";

const VIEWS: Readonly<
  Record<string, new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray>
> = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
};

function placeOf(memory: WebAssembly.Memory, target: ReadTarget): ArenaPlace {
  const { data, shape, stride, offset } = target;
  if (data.buffer !== memory.buffer) {
    throw new InternalError("a read for the calling thread must go into the arena");
  }
  const type = data.constructor.name;
  return { type, byteOffset: data.byteOffset, length: data.length, shape, stride, offset };
}

function targetOf(memory: WebAssembly.Memory, place: ArenaPlace): ReadTarget {
  const View = VIEWS[place.type];
  if (View === undefined) throw new InternalError(`no views of type ${place.type}`);
  const { shape, stride, offset } = place;
  return { data: new View(memory.buffer, place.byteOffset, place.length), shape, stride, offset };
}

const tracedBy = (probe: Probe | undefined): Traced | undefined =>
  probe && { stage: probe.stage, task: probe.task };

/** Of the elements; complex ones take two slots of the view. */
function bytesOf({ type, shape }: ArenaPlace): number {
  const View = VIEWS[type];
  const size = View === undefined ? 1 : new View(new ArrayBuffer(0), 0, 0).BYTES_PER_ELEMENT;
  return shape.reduce((n, s) => n * s, size);
}

/** What a request comes to; writes, and readers that have nothing to tell, give nothing. */
type Answer = Findings | undefined;
/** What readers say that have nothing to tell. */
const NOTHING: Findings = { missing: 0, uniform: false };

/** `Omit` that keeps the members of a union apart. */
type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

/** The worker's end. */
export class CallerLine {
  readonly #port: MessagePort;
  readonly #memory: WebAssembly.Memory;
  readonly #waiting = new Map<
    number,
    { resolve(found: Findings | undefined): void; reject(error: Error): void }
  >();
  #next = 0;

  constructor(port: MessagePort, memory: WebAssembly.Memory) {
    this.#port = port;
    this.#memory = memory;
    port.on("message", (answer: CallerAnswer) => {
      const waiter = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiter?.resolve(answer.found);
      else waiter?.reject(errorFromData(answer.error));
    });
  }

  /** A reader that asks. The signal stays on the other side: the calling thread has the run's own. */
  reader(run: number, source: number): RegionReader {
    const read = (
      region: Box,
      target: ReadTarget,
      lazily: boolean,
      probe: Probe | undefined,
    ): Promise<Findings | undefined> =>
      this.#ask({
        kind: "read",
        run,
        source,
        region,
        target: placeOf(this.#memory, target),
        lazily,
        of: tracedBy(probe),
      });
    return {
      readInto: (region, target, _signal, probe) =>
        read(region, target, false, probe).then(() => undefined),
      readSparse: (region, target, lazily, _signal, probe) =>
        read(region, target, lazily, probe).then((found) => found ?? NOTHING),
    };
  }

  writer(run: number, sink: number): ChunkWriter {
    return {
      writeChunk: (position, elements, _signal, probe) =>
        this.#ask({
          kind: "write",
          run,
          sink,
          position,
          elements: placeOf(this.#memory, elements),
          of: tracedBy(probe),
        }).then(() => undefined),
    };
  }

  #ask(request: Unnumbered<CallerRequest>): Promise<Findings | undefined> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ ...request, id });
    });
  }
}

/** What the calling thread knows of a run that workers ask about. */
export interface CallerRun {
  readonly bindings: Bindings;
  readonly signal: AbortSignal;
  /** There if the run is recorded. */
  readonly recorder: Recorder | undefined;
}

/** The calling thread's end of one worker's line. */
export class CallerService {
  readonly #port: MessagePort;
  readonly #memory: WebAssembly.Memory;
  readonly #runs: (run: number) => CallerRun | undefined;
  readonly #closed: Promise<void>;
  #open = 0;
  #idle: (() => void) | undefined;

  constructor(
    port: MessagePort,
    memory: WebAssembly.Memory,
    runs: (run: number) => CallerRun | undefined,
  ) {
    this.#port = port;
    this.#memory = memory;
    this.#runs = runs;
    // What was sent before the other side closed still arrives, and only then "close" is told.
    this.#closed = new Promise((resolve) => port.once("close", () => resolve()));
    port.on("message", (request: CallerRequest) => void this.#serve(request));
    port.unref();
  }

  /** True while the calling thread reads or writes for the worker. */
  get busy(): boolean {
    return this.#open > 0;
  }

  /** Resolves when the worker is gone and nothing that it asked for goes on. */
  async whenQuiet(): Promise<void> {
    this.#port.ref();
    await this.#closed;
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  close(): void {
    this.#port.close();
  }

  async #serve(request: CallerRequest): Promise<void> {
    this.#open++;
    let answer: CallerAnswer = { id: request.id };
    try {
      const found = await this.#work(request);
      if (found !== undefined) answer = { ...answer, found };
    } catch (error) {
      answer = { id: request.id, error: errorToData(error) };
    }
    this.#open--;
    this.#port.postMessage(answer);
    if (this.#open === 0) this.#idle?.();
  }

  #work(request: CallerRequest): Answer | Promise<Answer> {
    const run = this.#runs(request.run);
    if (run === undefined) throw new SourceError("the computation that asked for data is over");
    run.signal.throwIfAborted();
    const { of } = request;
    const probe = of && run.recorder?.probe(of.stage, of.task);
    if (probe === undefined) return this.#move(request, run, undefined);
    const [from, before] = [probe.now(), probe.count];
    const [what, kind] =
      request.kind === "read" ? [request.source, SPAN.fetch] : [request.sink, SPAN.store];
    const bytes = bytesOf(request.kind === "read" ? request.target : request.elements);
    const end = (found: Answer): Answer => {
      probe.span(SPAN.serve, from, bytes, what);
      return found;
    };
    const done = this.#move(request, run, probe);
    if (isPromise(done)) return done.then(end);
    // Of what comes from memory nobody tells more.
    if (probe.count === before) probe.span(kind, from, bytes, what);
    return end(done);
  }

  #move(
    request: CallerRequest,
    run: CallerRun,
    probe: Probe | undefined,
  ): Answer | Promise<Answer> {
    if (request.kind === "read") {
      const source = run.bindings.sources[request.source];
      if (source === undefined) throw new InternalError(`there is no source ${request.source}`);
      const { region, lazily } = request;
      const target = targetOf(this.#memory, request.target);
      const { reader } = source;
      return reader.readSparse === undefined
        ? (reader.readInto(region, target, run.signal, probe) as Answer | Promise<Answer>)
        : reader.readSparse(region, target, lazily, run.signal, probe);
    }
    const sink = run.bindings.sinks[request.sink];
    if (sink === undefined) throw new InternalError(`there is no sink ${request.sink}`);
    const elements = targetOf(this.#memory, request.elements);
    return sink.writer.writeChunk(request.position, elements, run.signal, probe) as
      | Answer
      | Promise<Answer>;
  }
}
