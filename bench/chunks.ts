/** What a chunk costs, and what it does not: ten thousand tiny chunks, a million planned ones, a very long expression. */
import * as cw from "chunkwise";
import { below, type Figure, median, milliseconds, timeRounds } from "./report.js";

const MEMORY = "256MiB";

/** `x[i] = i` as a source in chunks of `chunk` elements, which counts how often it is read. */
function countingSource(
  length: number,
  chunk: number,
): { array: cw.LazyArray; reads: () => number } {
  let reads = 0;
  const array = cw.fromSource({
    shape: [length],
    dtype: "float64",
    chunks: [chunk],
    readInto: ([x = { start: 0, stop: 0 }], { data, offset, stride: [step = 1] }) => {
      reads += 1;
      for (let i = x.start; i < x.stop; i += 1) data[offset + (i - x.start) * step] = i;
    },
  });
  return { array, reads: () => reads };
}

export async function chunks(): Promise<Figure[]> {
  return [...(await tinyChunks()), ...(await millionChunks()), ...(await longChain())];
}

async function tinyChunks(): Promise<Figure[]> {
  const [count, size, rounds] = [10_000, 100, 15];
  const length = count * size;
  const { array, reads } = countingSource(length, size);
  const sum = async (): Promise<void> => {
    const result = await array.add(1).sum().compute({ memory: MEMORY });
    check("sum of 10,000 chunks", Number(result.item()), (length * (length + 1)) / 2);
  };
  await sum();
  const before = reads();
  const time = median(await timeRounds(rounds, sum));
  return [
    below("10,000 chunks of 100 elements, (x + 1).sum(), warm", time, 50, "ms"),
    { name: "reads of the source in one run", figure: String((reads() - before) / rounds) },
  ];
}

async function millionChunks(): Promise<Figure[]> {
  const { array } = countingSource(100_000_000, 100);
  const build = (): cw.LazyArray => array.multiply(2).add(1).sqrt().sum();
  build().plan({ memory: MEMORY });
  const times = await timeRounds(15, () => build().plan({ memory: MEMORY }));
  return [below("1,000,000 chunks: build and plan", median(times), 50, "ms")];
}

async function longChain(): Promise<Figure[]> {
  const length = 100_000;
  const start = performance.now();
  let x: cw.LazyArray = cw.asarray(new Float64Array(1000));
  for (let i = 0; i < length; i += 1) x = x.add(1);
  const built = performance.now();
  x.plan({ memory: MEMORY });
  const planned = performance.now();
  const result = await x.compute({ memory: MEMORY });
  const ran = performance.now();
  check("100,000 additions", Number(result.get(999)), length);
  return [
    { name: "100,000 operations in a chain: build", figure: milliseconds(built - start) },
    { name: "the same: plan", figure: milliseconds(planned - built) },
    { name: "the same: compute (plans again)", figure: milliseconds(ran - planned) },
  ];
}

/** A wrong result is not a fast result. */
function check(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`${what} gave ${got}, not ${expected}`);
}
