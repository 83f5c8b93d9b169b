"""Correctly rounded exponentials and hyperbolic functions, with what rounding left over.

Run with mpmath and numpy: python generate_exponentials.py. The form of the files is that of generate_trigonometry.py.
"""

import json
import pathlib

import mpmath as mp
import numpy as np

from rounding import base, nearest

mp.mp.prec = 3000
FOLDER = pathlib.Path(__file__).parent / "vectors"
rng = np.random.default_rng(22)
# The worst found by a search among a million points, and the ends of what is finite and not zero.
HARD = {
    "exp": [-708.8800077709028, -708.768387564039, -708.8336956856092, 709.782712893384, -745.1332191019411, 1],
    "expm1": [0.35537706280450143, 0.35810397728317145, 0.3559313336232719, 37.083374162749251, 709.782712893384],
    "sinh": [0.35045250264356143, -0.35902868269720345, 0.35125713268051184, 0.3465735903166656, 710.4758600739439],
    "cosh": [33.61763826172327, 39.85596288659765, -10.050636124853566, 18.380425899937038, 710.4758600739439],
    "tanh": [0.20627730906632702, 0.21824832725649532, 0.2060007837377359, 0.17349097198911817, 18.714973875118524],
}
RANGES = {
    np.float64: {"exp": (-745, 709.78), "expm1": (-40, 709.78), "sinh": (-710.4, 710.4), "tanh": (-20, 20)},
    np.float32: {"exp": (-103, 88.7), "expm1": (-20, 88.7), "sinh": (-89.4, 89.4), "tanh": (-10, 10)},
}


def arguments(fn, n, dtype):
    low, high = RANGES[dtype]["sinh" if fn == "cosh" else fn]
    whole = rng.integers(-30, 30, n // 4) + 0.5
    step = np.log(2) / (2 if fn == "tanh" else 1)
    breaks = whole * step * (1 + rng.uniform(-1, 1, n // 4) * 2.0 ** rng.uniform(-50, -3, n // 4))
    # Of every size, down to subnormal numbers.
    sizes = 2.0 ** rng.uniform(-1070 if dtype == np.float64 else -148, 2, n // 8)
    near = 2.0 ** rng.uniform(-30, 2, n // 8)
    signs = rng.choice([-1, 1], 2 * (n // 8))
    hard = [v for v in HARD[fn] if low <= v <= high or dtype == np.float64]
    parts = [rng.uniform(low, high, n // 4), rng.uniform(-1.2, 1.2, n // 4), breaks]
    x = np.concatenate([*parts, signs * np.concatenate([sizes, near]), hard]).astype(dtype)
    return x[(x >= low) & (x <= high) | np.isin(x, hard)]


for fn in HARD:
    data = {}
    for dtype, n in ((np.float64, 1200), (np.float32, 600)):
        x = arguments(fn, n, dtype)
        results = [nearest(getattr(mp, fn)(mp.mpf(float(v)))) for v in x]
        form = {"args": [base(x, dtype)], "values": base([r[0] for r in results], np.float64)}
        if dtype == np.float64:
            form["rests"] = base([r[1] for r in results], np.float32)
        data[np.dtype(dtype).name] = form
    (FOLDER / f"{fn}.json").write_text(json.dumps(data, indent=1) + "\n")
