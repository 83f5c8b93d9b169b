/** Row-major reshape as independent groups of axes with equal products. */

export interface ReshapeGroup {
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/**
 * Splits a reshape into the finest groups of consecutive axes whose products agree. Axes of length 1 join the group
 * before them (or the first one). Shapes with a zero are one group.
 *
 * @example reshapeGroups([4, 6, 5], [24, 5]) // [{input:[0,1], output:[0]}, {input:[2], output:[1]}]
 */
export function reshapeGroups(
  input: readonly number[],
  output: readonly number[],
): readonly ReshapeGroup[] {
  if (input.includes(0)) {
    return [{ input: input.map((_, i) => i), output: output.map((_, i) => i) }];
  }
  const groups: { input: number[]; output: number[] }[] = [];
  let i = 0;
  let j = 0;
  while (i < input.length || j < output.length) {
    const group = { input: [] as number[], output: [] as number[] };
    let a = 1;
    let b = 1;
    do {
      if (a <= b && i < input.length) {
        a *= input[i] as number;
        group.input.push(i++);
      } else if (j < output.length) {
        b *= output[j] as number;
        group.output.push(j++);
      } else {
        a *= input[i] as number;
        group.input.push(i++);
      }
    } while (
      a !== b || group.input.length === 0 || group.output.length === 0
        ? i < input.length || j < output.length
        : false
    );
    while (i < input.length && input[i] === 1) group.input.push(i++);
    while (j < output.length && output[j] === 1) group.output.push(j++);
    groups.push(group);
  }
  return groups;
}
