/** What a graph writes: every chunk of the advertised grid once, with and without the passes. */
import type { SinkBinding } from "../../../dist/ir/binding.js";
import { type Cuts, pieceSize, pieceStart } from "../../../dist/ir/cuts.js";
import { arrayClass, slotsPerElement, type TypedArray } from "../../../dist/ir/dtype.js";
import { advertisedGrid } from "../../../dist/ir/grid.js";
import { elementCount } from "../../../dist/ir/index-map.js";
import { dtypeOf, freshId, knownShape, type Node } from "../../../dist/ir/node.js";
import { blockCount } from "../../../dist/ir/stage.js";
import type { ReferenceArray } from "../../../dist/kernels/reference/index.js";
import { plan } from "../../../dist/planner/plan.js";
import { RAW, runPlanned } from "../agree.js";
import { sameBits } from "../bits.js";
import type { Graph } from "../graphs.js";

const AMPLE = 2 ** 26;
const INLINE = Number.POSITIVE_INFINITY;

/** Writes the first root: every chunk of its advertised grid once, as it is without the passes. */
export async function checkSink(
  graph: Graph,
  want: readonly ReferenceArray[],
  workers: number,
): Promise<void> {
  const [node] = graph.roots as [Node];
  for (const passes of [{}, RAW]) {
    const { sink, data, written } = sinkFor(node);
    const { plan: planned, bindings } = plan([{ node, sink }], { memory: AMPLE, workers, passes });
    await runPlanned({ ...graph, roots: [] }, { plan: planned, bindings, rootOf: [] }, INLINE);
    const chunks = elementCount(sink.shape) === 0 ? written.length : blockCount(sink.chunks);
    if (written.length !== chunks || new Set(written).size !== chunks) {
      throw new Error(`sink: chunks ${written.join(" ")} of ${blockCount(sink.chunks)}`);
    }
    if (!sameBits(sink.dtype, data.buffer, (want[0] as ReferenceArray).data.buffer)) {
      throw new Error("sink: what was written differs from the reference");
    }
  }
}

/** A sink with the advertised grid of a node, that puts what is written in one array. */
function sinkFor(node: Node): {
  readonly sink: SinkBinding;
  readonly data: TypedArray;
  readonly written: string[];
} {
  const shape = knownShape(node);
  const dtype = dtypeOf(node);
  const chunks = advertisedGrid(node);
  const slots = slotsPerElement(dtype);
  const data = new (arrayClass(dtype))(elementCount(shape) * slots);
  const written: string[] = [];
  const writeChunk: SinkBinding["writer"]["writeChunk"] = (position, elements) => {
    written.push(position.join());
    const lo = position.map((k, a) => pieceStart(chunks[a] as Cuts, k));
    const size = position.map((k, a) => pieceSize(chunks[a] as Cuts, k));
    const total = elementCount(size);
    for (let n = 0; n < total; n++) {
      let to = 0;
      let from = elements.offset;
      for (let a = 0, rest = n, block = total; a < size.length; a++) {
        block /= size[a] as number;
        const at = Math.floor(rest / block);
        rest %= block;
        to = to * (shape[a] as number) + (lo[a] as number) + at;
        from += at * (elements.stride[a] as number);
      }
      for (let s = 0; s < slots; s++) {
        (data as Float64Array)[to * slots + s] = elements.data[from * slots + s] as number;
      }
    }
  };
  const sink: SinkBinding = {
    kind: "sink",
    id: freshId(),
    name: "fuzzed",
    shape,
    dtype,
    chunks,
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    writer: { writeChunk },
  };
  return { sink, data, written };
}
