/** Block functions of a module, for the tests: they may use what the module has around them. */
const FACTOR = 3;
export const tripled = (block) => block.data.map((v) => FACTOR * v);
const total = (block) => {
  let sum = 0;
  for (const v of block.data) sum += v;
  return Float64Array.of(sum);
};

// biome-ignore lint/style/noDefaultExport: a default export is what the test takes
export { total as default };
export const added = (a, b) => a.data.map((v, i) => v + b.data[b.data.length === 1 ? 0 : i]);
export const notAFunction = 4;
