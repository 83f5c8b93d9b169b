/**
 * Datasets in Zarr, as xarray and the CF conventions lay them out: one group; every array names its dimensions; an
 * array with the name of its only dimension holds that dimension's labels, and what the attribute `coordinates` names
 * are labels too.
 */
import * as cw from "chunkwise";
import { type Attributes, type Coordinate, type Coordinates, coordinate } from "./coordinates.js";
import { DataArray } from "./data-array.js";
import { Dataset } from "./dataset.js";

/** How values are stored is not what they mean: these are read by `openGroup`, and written anew. */
const ENCODING = [
  "_ARRAY_DIMENSIONS",
  "_FillValue",
  "missing_value",
  "scale_factor",
  "add_offset",
  "coordinates",
];

/** Opens a group as a dataset. Coordinates are read; of the rest only metadata. Packed values are decoded lazily. */
export async function openDataset(
  url: cw.StoreLike,
  options: { readonly path?: string; readonly signal?: AbortSignal } = {},
): Promise<Dataset> {
  const group = await cw.openGroup(url, options);
  const entries = Object.entries(group.arrays);
  const named = entries.flatMap(([, { attributes }]) =>
    String(attributes["coordinates"] ?? "").split(" "),
  );
  const isLabels = ([name, x]: readonly [string, cw.ZarrArray]): boolean =>
    x.ndim <= 1 && (named.includes(name) || dimsOf(name, x)[0] === name);
  const labels = entries.filter(isLabels);
  const values = await cw.compute(
    labels.map(([, x]) => x),
    { signal: options.signal },
  );
  const coords = labels.map(([name, x], i): readonly [string, Coordinate] => {
    const data = (values[i] as cw.NDArray).data as ArrayLike<number | bigint>;
    return [
      name,
      { ...coordinate(dimsOf(name, x)[0], data, meaning(x.attributes)), dtype: x.dtype },
    ];
  });
  const variables = entries
    .filter((entry) => !isLabels(entry))
    .map(([name, x]) => {
      const dims = dimsOf(name, x);
      const listed = String(x.attributes["coordinates"] ?? "").split(" ");
      const own = coords.filter(([key, c]) =>
        c.dim === undefined ? listed.includes(key) : dims.includes(c.dim),
      );
      const parts = { name, coords: Object.fromEntries(own), attrs: meaning(x.attributes) };
      return [name, new DataArray(x, dims, parts)] as const;
    });
  return new Dataset(Object.fromEntries(variables), group.attributes);
}

const dimsOf = (name: string, x: cw.ZarrArray): string[] =>
  x.shape.map((_, axis) => x.dimensionNames?.[axis] ?? `${name}_${axis}`);

const meaning = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => !ENCODING.includes(key)));

export interface SaveOptions
  extends Pick<cw.StoreOptions, "codecs" | "mode" | "path" | "zarrFormat">,
    cw.RunOptions {
  /** Lengths of the stored chunks by dimension; default: the blocks of the arrays. */
  readonly chunks?: Readonly<Record<string, number>> | undefined;
}

/** Writes a dataset as one group, in one plan. */
export async function saveDataset(
  dataset: Dataset,
  url: cw.StoreLike,
  { chunks = {}, ...options }: SaveOptions = {},
): Promise<cw.RunStats> {
  const { variables, coords, attrs } = dataset;
  const labels = Object.entries(coords).map(([name, c]) => [name, labelArray(name, c)] as const);
  const all = [...Object.entries(variables), ...labels];
  const blocks = (x: DataArray): cw.LazyArray =>
    x.data.rechunk(x.dims.map((dim, axis) => chunks[dim] ?? x.data.chunks[axis] ?? null));
  return cw.store(Object.fromEntries(all.map(([name, x]) => [name, blocks(x)])), url, {
    ...options,
    attributes: { Conventions: "CF-1.11", ...attrs },
    arrays: Object.fromEntries(
      all.map(([name, x]) => [
        name,
        { dimensionNames: x.dims, attributes: { ...x.attrs, ...namesOf(x.coords) } },
      ]),
    ),
  });
}

function labelArray(
  name: string,
  { dim, values, attrs, dtype = "float64" }: Coordinate,
): DataArray {
  const data = cw.asarray(values).astype(dtype);
  return new DataArray(
    dim === undefined ? data.reshape([]) : data,
    dim === undefined ? [] : [dim],
    { name, attrs },
  );
}

/** Labels that do not have the name of a dimension are found by this attribute (CF 1.11, section 5). */
function namesOf(coords: Coordinates): Attributes {
  const names = Object.entries(coords).flatMap(([name, c]) => (c.dim === name ? [] : [name]));
  return names.length === 0 ? {} : { coordinates: names.join(" ") };
}
