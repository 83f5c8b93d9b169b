"""Correctly rounded values of logarithms and inverse hyperbolic functions, with what rounding left over.

Run with mpmath and numpy: python generate_logarithms.py. The form of the files is that of generate_trigonometry.py.
"""

import json
import pathlib

import mpmath as mp
import numpy as np

from rounding import base, nearest

mp.mp.prec = 300
FOLDER = pathlib.Path(__file__).parent / "vectors"
rng = np.random.default_rng(21)
# The worst found by a search among some million points.
HARD = {
    "log": [0.7051132303990034, 0.7001688527084388, 0.7035530202086907, 1.41383320845973, 0.7038788979682883, 1.4138470364308258],
    "log1p": [-0.25045696013990437, -0.25941737137229215, -0.25735402269447694, 0.4999999419525534, 0.4990815332446086],
    "log2": [1.4126235160860252, 1.4017643667807584, 1.4036751981466635, 1.413880531919524, 1.4042780852076142, 1.4067978631792324],
    "log10": [0.7064081613946288, 1.3223016382828912, 1.3318157049006907, 1.4116890692054425, 0.702864903381404, 1.3218170675611998],
    "asinh": [1.1339065169305322, 1.1271890867814252, -1.110961901726736, 1.128391471341128, -1.1416969995566433],
    "acosh": [1.1204701529807448, 1.0313421456493248, 1.007798172095402, 1.0019519537691377, 1.1251210117861266, 1.1230796565555399],
    "atanh": [0.5974178325692339, 0.5990579989628333, 0.5948138592005077, -0.5996231293877974, 0.4472135954999579],
}
# Where the way of computing changes, and where values vanish.
EDGES = {
    "log": [0.5**0.5, 1, 2**0.5, 2],
    "log1p": [-0.25045696013990437, -0.25, 0.5, 2, -0.625, 2.0**-30],
    "log2": [1.4126235160860252, 1.4017643667807584, 0.5**0.5, 1, 2**0.5, 2],
    "log10": [0.7064081613946288, 1.3223016382828912, 0.5**0.5, 1, 2**0.5, 10, 1000],
    "asinh": [0.75, 1.2374368670764582, -0.75, 2.0**-30],
    "acosh": [1, 1.25, 1.590990257669732, 2],
    "atanh": [1 / 3, 0.6, 7 / 9, 1 - 2.0**-52, -1 / 3, 2.0**-30],
}


def any_bits(low, high, n, dtype):
    """Uniform over bit patterns."""
    word = np.uint64 if dtype == np.float64 else np.uint32
    ends = [int(np.array(v, dtype).view(word)) for v in (low, high)]
    return rng.integers(*ends, n, dtype=np.uint64).astype(word).view(dtype)


def limits(dtype):
    return (5e-324, 1.7e308) if dtype == np.float64 else (1e-45, 3.4e38)


def signs(n):
    return rng.choice([-1, 1], n)


def around(points, n, dtype):
    """Some units on either side."""
    points = rng.choice(np.asarray(points, dtype), n)
    return (points * (1 + rng.integers(-40, 40, n) * np.finfo(dtype).eps)).astype(dtype)


def arguments(fn, n, dtype):
    tiny, huge = limits(dtype)
    q = n // 4
    if fn == "log1p":
        near_one = -1 + 10 ** rng.uniform(-14, 0, q // 2)
        parts = [rng.uniform(-0.9, 3, q), near_one, any_bits(1e-20, huge, q, dtype)]
        parts += [-any_bits(tiny, 0.9, q // 2, dtype)]
    elif fn == "asinh":
        parts = [rng.uniform(-3, 3, 2 * q), any_bits(tiny, huge, q, dtype) * signs(q)]
    elif fn == "acosh":
        parts = [rng.uniform(1, 3, q), 1 + 10 ** rng.uniform(-14, 1, q), any_bits(1, huge, q, dtype)]
    elif fn == "atanh":
        edge = 1 - 10 ** rng.uniform(-15, 0, q)
        parts = [rng.uniform(-1, 1, q), edge * signs(q), any_bits(tiny, 1, q, dtype) * signs(q)]
    else:
        parts = [rng.uniform(0.3, 3, q), 1 + rng.uniform(-1, 1, q) ** 9 / 2, any_bits(tiny, huge, q, dtype)]
    parts = np.concatenate([np.asarray(p, dtype) for p in [*parts, around(EDGES[fn], q, dtype), HARD[fn]]])
    if fn in ("atanh", "log1p"):
        parts = parts[(parts > -1) & ((parts < 1) | (fn == "log1p"))]
    return parts[parts >= 1] if fn == "acosh" else parts


# What cancels for small arguments is a series there.
EXACT = {
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": lambda x: mp.log1p(x),
    "asinh": lambda x: mp.asinh(x) if abs(x) > 2.0**-60 else x - x**3 / 6,
    "atanh": lambda x: mp.atanh(x) if abs(x) > 2.0**-60 else x + x**3 / 3,
}

for fn in HARD:
    data = {}
    for dtype in (np.float64, np.float32):
        args = arguments(fn, 1200 if dtype == np.float64 else 600, dtype)
        exact = EXACT.get(fn, getattr(mp, fn))
        results = [nearest(mp.mpf(exact(mp.mpf(float(x))))) for x in args]
        form = {"args": [base(args, dtype)], "values": base([r[0] for r in results], np.float64)}
        if dtype == np.float64:
            form["rests"] = base([r[1] for r in results], np.float32)
        data[np.dtype(dtype).name] = form
    (FOLDER / f"{fn}.json").write_text(json.dumps(data, indent=1) + "\n")
