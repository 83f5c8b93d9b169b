"""Correctly rounded powers, lengths and logarithms of sums of exponentials, with what rounding left over.

Run with mpmath and numpy: python generate_powers.py. The form of the files is that of generate_trigonometry.py.
"""

import json
import pathlib

import mpmath as mp
import numpy as np

from rounding import base, nearest

mp.mp.prec = 3000
FOLDER = pathlib.Path(__file__).parent / "vectors"
rng = np.random.default_rng(21)
# The worst found among some hundred thousand points.
HARD = {
    "pow": [(7.136065986726648, -0.5), (8.043017092968176, 0.5), (0.9999899757005414, -658436.8044705822), (76, -6)],
    "hypot": [(3.39075747543761e-309, 5.793836854502215e-309), (2.5456458522508107, -4.896706842560499)],
    "logaddexp": [(1, 2), (0, 0), (1000, 0), (-745, 0)],
}


def powers(n):
    x = [np.exp(rng.uniform(-2, 2, n)), 1 + rng.uniform(-5e-4, 5e-4, n), np.exp2(rng.uniform(-1070, 1020, n))]
    y = [rng.uniform(-300, 300, n), rng.uniform(-7e5, 7e5, n), 700 / np.log(x[2]) * rng.uniform(-1, 1, n)]
    whole = rng.integers(1, 100, n), rng.integers(-10, 10, n)
    return np.concatenate([*x, whole[0]]), np.concatenate([*y, whole[1]])


def lengths(n):
    x = [rng.uniform(-5, 5, n), np.exp2(rng.uniform(-1070, 1020, n))]
    y = [rng.uniform(-5, 5, n), x[1] * rng.uniform(-4, 4, n)]
    near = np.exp2(rng.uniform(-1070, -1000, n))
    return np.concatenate([*x, near]), np.concatenate([*y, near / rng.uniform(1, 2, n)])


def sums(n):
    x = rng.uniform(-40, 40, 3 * n)
    return x, x + np.concatenate([rng.uniform(-1, 1, n), rng.uniform(-30, 30, n), rng.uniform(-800, 800, n)])


FUNCTIONS = {
    "pow": (powers, mp.power),
    "hypot": (lengths, lambda x, y: mp.sqrt(x * x + y * y)),
    "logaddexp": (sums, lambda x, y: mp.log(mp.exp(x) + mp.exp(y))),
}

for fn, (arguments, function) in FUNCTIONS.items():
    data = {}
    for dtype, n, most, least in ((np.float64, 220, 2.0**1023, 2.0**-1070), (np.float32, 110, 2.0**126, 2.0**-126)):
        x, y = arguments(n)
        hard = np.array(HARD[fn])
        pairs = np.stack([np.concatenate([x, hard[:, 0]]), np.concatenate([y, hard[:, 1]])]).astype(dtype)
        points = []
        for a, b in pairs.T:
            if not (np.isfinite(a) and np.isfinite(b)) or (fn == "pow" and a == 0):
                continue
            value = function(mp.mpf(float(a)), mp.mpf(float(b)))
            if value != 0 and not least < abs(value) < most:
                continue
            points.append((a, b, *nearest(value)))
        columns = list(zip(*points))
        form = {"args": [base(c, dtype) for c in columns[:2]], "values": base(columns[2], np.float64)}
        if dtype == np.float64:
            form["rests"] = base(columns[3], np.float32)
        data[np.dtype(dtype).name] = form
    (FOLDER / f"{fn}.json").write_text(json.dumps(data, indent=1) + "\n")
