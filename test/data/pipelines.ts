/**
 * Every case of the real data as a user would write it, in functions of the public API. `store` is a store's path
 * with the array's name, or without one for the winds.
 */
import * as cw from "../../dist/index.js";
import { type Case, dates, named, sibling } from "./support.js";

type Lazy = cw.LazyArray;
type Pipeline = (store: string, c: Case) => Promise<Lazy>;
type Axes = number | number[] | null;

const RADIUS = 6371000;
const GRAVITY = 9.80665;
const MONTHS = Array.from({ length: 12 }, (_, i) => i + 1);

const valid = (x: Lazy): Lazy => x.isnan().logicalNot();
const filled = (x: Lazy, value: number): Lazy => cw.where(x.isnan(), value, x);
/** Sums of float64 elements: NumPy's expected values were made in float64. */
const nanmean = (x: Lazy, axis: Axes = 0): Lazy =>
  filled(x, 0).sum({ axis, dtype: "float64" }).divide(valid(x).sum({ axis }));
const nanstd = (x: Lazy): Lazy => {
  const deviation = x.astype("float64").subtract(cw.expandDims(nanmean(x), 0));
  return nanmean(deviation.square()).sqrt();
};

/** Positions of the elements of each group, in order. */
const positions = (labels: readonly number[], group: number): number[] =>
  labels.flatMap((label, i) => (label === group ? [i] : []));
const grouped = (x: Lazy, labels: readonly number[], groups: readonly number[]): Lazy =>
  cw.stack(groups.map((g) => nanmean(cw.take(x, positions(labels, g), { axis: 0 }))));

const months = async (store: string): Promise<number[]> =>
  (await dates(store)).map((d) => d.getUTCMonth() + 1);

async function anomaly(store: string): Promise<Lazy> {
  const sst = await named(store);
  const labels = await months(store);
  const climatology = grouped(sst, labels, MONTHS);
  const spread = cw.take(
    climatology,
    labels.map((m) => m - 1),
    { axis: 0 },
  );
  return sst.astype("float64").subtract(spread);
}

const radians = (degrees: Lazy): Lazy => degrees.astype("float64").multiply(Math.PI / 180);
const column = (x: Lazy): Lazy => cw.expandDims(x, -1);

/** numpy.gradient(x, coordinates) along an axis: second order inside, first order at both ends. */
function gradient(x: Lazy, coordinates: Lazy, axis: number): Lazy {
  const n = x.shape[axis] as number;
  const part = (a: Lazy, along: number, start: number, stop: number): Lazy =>
    a.at(...new Array<null>(along).fill(null), cw.slice(start, stop));
  const place = (d: Lazy): Lazy => (axis === x.ndim - 1 ? d : column(d));
  const step = part(coordinates, 0, 1, n).subtract(part(coordinates, 0, 0, n - 1));
  const [hs, hd] = [place(part(step, 0, 0, n - 2)), place(part(step, 0, 1, n - 1))];
  const [f0, f1, f2] = [0, 1, 2].map((k) => part(x, axis, k, n - 2 + k)) as [Lazy, Lazy, Lazy];
  const a = hd.negative().divide(hs.multiply(hs.add(hd)));
  const b = hd.subtract(hs).divide(hs.multiply(hd));
  const c = hs.divide(hd.multiply(hs.add(hd)));
  const inside = f0.multiply(a).add(f1.multiply(b)).add(f2.multiply(c));
  const slope = part(x, axis, 1, n)
    .subtract(part(x, axis, 0, n - 1))
    .divide(place(step));
  const ends = [part(slope, axis, 0, 1), part(slope, axis, n - 2, n - 1)] as const;
  return cw.concat([ends[0], inside, ends[1]], { axis });
}

interface Winds {
  readonly u: Lazy;
  readonly v: Lazy;
  readonly latitude: Lazy;
  readonly longitude: Lazy;
}
async function winds(store: string): Promise<Winds> {
  const [u, v, latitude, longitude] = await Promise.all(
    ["u", "v", "latitude", "longitude"].map((name) => sibling(`${store}/u`, name)),
  );
  return { u, v, latitude, longitude } as Winds;
}

/** The winds between latitude indices 20 and 221, and coordinates in radians: gradients are those of this part. */
async function band(
  store: string,
): Promise<{ [name in "u" | "v" | "phi" | "lambda" | "cos"]: Lazy }> {
  const { u, v, latitude, longitude } = await winds(store);
  const rows = cw.slice(20, 221);
  const phi = radians(latitude.at(rows));
  const cos = column(phi.cos());
  return { u: u.at(null, rows), v: v.at(null, rows), phi, lambda: radians(longitude), cos };
}

/** Mean of `width` elements up to each one along the first axis; NaN before there are so many. */
function trailing(x: Lazy, width: number): Lazy {
  const n = x.shape[0] as number;
  const shifted = Array.from({ length: width }, (_, k) => x.at(cw.slice(k, n - width + 1 + k)));
  const sum = shifted.reduce((a, b) => a.add(b));
  const before = cw.full([width - 1, ...x.shape.slice(1)], Number.NaN);
  return cw.concat([before, sum.divide(width)], { axis: 0 });
}

const perDay = (t2m: Lazy): Lazy => t2m.reshape([10, 24, 33, 49]);

const SST: Readonly<Record<string, Pipeline>> = {
  sst_nanmean_time: async (s) => nanmean(await named(s)),
  sst_mean_time: async (s) => (await named(s)).astype("float64").mean({ axis: 0 }),
  sst_nanstd_time: async (s) => nanstd(await named(s)),
  sst_count_time: async (s) => valid(await named(s)).sum({ axis: 0 }),
  sst_nanmin: async (s) => filled(await named(s), Number.POSITIVE_INFINITY).min(),
  sst_nanmax: async (s) => filled(await named(s), Number.NEGATIVE_INFINITY).max(),
  sst_monthly_climatology: async (s) => grouped(await named(s), await months(s), MONTHS),
  sst_anomaly: async (s) => (await anomaly(s)).at(null, null, cw.slice(100, 220)),
  sst_anomaly_std: async (s) => (await anomaly(s)).std({ axis: 0 }),
  sst_seasonal_mean: async (s) => {
    const seasons = (await months(s)).map((m) => Math.floor((m % 12) / 3));
    return grouped(await named(s), seasons, [0, 1, 2, 3]);
  },
  sst_annual_mean: async (s, c) => {
    const years = (await dates(s)).map((d) => d.getUTCFullYear());
    return grouped(await named(s), years, c.params["years"] as number[]);
  },
  sst_area_mean: async (s) => {
    const sst = (await named(s)).astype("float64");
    const weight = column(radians(await sibling(s, "latitude")).cos());
    const weights = cw.where(sst.isnan(), 0, weight);
    const axis = [1, 2];
    return filled(sst, 0).multiply(weights).sum({ axis }).divide(weights.sum({ axis }));
  },
  sst_rolling3: async (s) =>
    trailing((await named(s)).astype("float64"), 3).at(null, null, cw.slice(200, 260)),
  sst_argmax_time: async (s) =>
    filled(await named(s), Number.NEGATIVE_INFINITY).argmax({ axis: 0 }),
  sst_diff_time: async (s) => {
    const sst = (await named(s)).astype("float64");
    const difference = sst.at(cw.slice(1)).subtract(sst.at(cw.slice(0, -1)));
    return difference.at(null, null, cw.slice(0, 60));
  },
  sst_slice: async (s) =>
    (await named(s)).at(cw.slice(5, 50, 7), cw.slice(null, null, -3), cw.slice(400, 20, -11)),
  sst_take: async (s) =>
    (await named(s)).take([3, 0, 53, 3], { axis: 0 }).take([17, 2], { axis: 1 }),
  sst_warm_months: async (s) => (await named(s)).greater(302).sum({ axis: 0 }),
  sst_nino34: async (s) => nanmean((await anomaly(s)).at(null, null, cw.slice(228, 288)), [1, 2]),
};

const T2M: Readonly<Record<string, Pipeline>> = {
  t2m_mean: async (s) => (await named(s)).mean(),
  t2m_hourly_climatology: async (s) => {
    const hours = (await dates(s)).map((d) => d.getUTCHours());
    return grouped(await named(s), hours, [...Array(24).keys()]);
  },
  t2m_daily_min: async (s) => perDay(await named(s)).min({ axis: 1 }),
  t2m_rolling24_domain: async (s) => trailing((await named(s)).mean({ axis: [1, 2] }), 24),
  t2m_std_time: async (s) => (await named(s)).std({ axis: 0, correction: 1 }),
  t2m_frost_hours: async (s) => (await named(s)).less(273.15).sum({ axis: 0 }),
  t2m_daily_mean: async (s) => perDay(await named(s)).mean({ axis: 1 }),
  t2m_coarsen: async (s) =>
    (await named(s)).reshape([10, 24, 3, 11, 7, 7]).mean({ axis: [1, 3, 5] }),
  t2m_time_range: async (s, c) => {
    const [start, stop] = ["start", "stop"].map((k) => Date.parse(`${c.params[k]}Z`)) as [
      number,
      number,
    ];
    const within = (await dates(s)).flatMap((d, i) =>
      d.getTime() >= start && d.getTime() <= stop ? [i] : [],
    );
    return (await named(s)).take(within, { axis: 0 }).mean({ axis: 0 });
  },
};

const WINDS: Readonly<Record<string, Pipeline>> = {
  winds_speed_mean: async (s) => {
    const { u, v } = await winds(s);
    return cw.hypot(u, v).mean({ axis: 2 });
  },
  winds_quadratic_means: async (s) => {
    const { u, v } = await winds(s);
    return cw.stack([u.multiply(v), u.square(), v.square()]).mean({ axis: 3 });
  },
  winds_vorticity: async (s) => {
    const { u, v, phi, lambda, cos } = await band(s);
    const change = gradient(v.at(1), lambda, 1).subtract(gradient(u.at(1).multiply(cos), phi, 0));
    return change.divide(cos.multiply(RADIUS));
  },
  winds_divergence_absmax: async (s) => {
    const { u, v, phi, lambda, cos } = await band(s);
    const change = gradient(u, lambda, 2).add(gradient(v.multiply(cos), phi, 1));
    return change
      .divide(cos.multiply(RADIUS))
      .abs()
      .max({ axis: [1, 2] });
  },
  winds_shear: async (s) => {
    const { u, v } = await winds(s);
    const shear = (x: Lazy): Lazy => x.at(0).subtract(x.at(1)).square();
    return shear(u)
      .add(shear(v))
      .sqrt()
      .at(cw.slice(null, null, 4), cw.slice(null, null, 4));
  },
  winds_thickness_mean: async (s) => {
    const z = await sibling(`${s}/u`, "z");
    const weight = column(radians(await sibling(`${s}/u`, "latitude")).cos());
    const thickness = z.at(0).subtract(z.at(1)).divide(GRAVITY);
    const weights = weight.broadcastTo(thickness.shape);
    return thickness.multiply(weights).sum().divide(weights.sum());
  },
  winds_z500_smooth: async (s) => {
    const z = (await sibling(`${s}/u`, "z")).at(0);
    const [rows, columns] = z.shape as [number, number];
    const edge = (n: number): number[] => [0, ...Array(n).keys(), n - 1];
    const padded = z.take(edge(rows), { axis: 0 }).take(edge(columns), { axis: 1 });
    const shifted = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) => padded.at(cw.slice(i, i + rows), cw.slice(j, j + columns))),
    );
    const mean = shifted.reduce((a, b) => a.add(b)).divide(9);
    return mean.at(cw.slice(null, null, 3), cw.slice(null, null, 3));
  },
};

/** Cases whose operations do not exist yet. */
export const WAITING: ReadonlySet<string> = new Set(["sst_percentiles", "t2m_percentiles"]);

const PIPELINES: Readonly<Record<string, Pipeline>> = { ...SST, ...T2M, ...WINDS };
/** Cases that have a pipeline of their own. */
export const NAMES: readonly string[] = Object.keys(PIPELINES);

/** The pipeline of a case; the codec cases all read the whole array. */
export const pipelineOf = (id: string): Pipeline | undefined =>
  PIPELINES[id] ?? (id.startsWith("codecs") ? named : undefined);
