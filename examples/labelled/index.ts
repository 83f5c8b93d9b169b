/**
 * Labelled arrays on chunkwise: a small library in the manner of xarray, on the public API alone, as a pattern for real
 * ones.
 *
 * - `data-array.ts`, `dataset.ts`: arrays with named dimensions, and what both can do
 * - `coordinates.ts`, `time.ts`: labels, and dates as the CF conventions store them
 * - `reduce.ts`, `groupby.ts`: statistics that leave NaN out, over dimensions and by group
 * - `zarr.ts`: datasets in stores; `repr.ts`: datasets for people
 */
export {
  type Attributes,
  type Coordinate,
  type Coordinates,
  coordinate,
  type Index,
  type Label,
  type LabelSelector,
} from "./coordinates.js";
export { DataArray, type DataArrayParts, type Dims, Labelled } from "./data-array.js";
export { computeTogether, Dataset } from "./dataset.js";
export { GroupBy } from "./groupby.js";
export type { Statistic, StatisticOptions } from "./reduce.js";
export { openDataset, type SaveOptions, saveDataset } from "./zarr.js";
