"""The operands: special values, pairs of them, and small arrays of three ranks."""

import numpy as np

from table import BOOL, COMPLEX, FLOATS, REAL, UINTS, pool

SHAPES = {"scalar": (), "line": (7,), "cube": (3, 4, 5)}


def float_specials(dtype):
    info = np.finfo(dtype)
    large = 1e300 if dtype == "float64" else 1e30
    values = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, -1.5, 2.5, np.inf, -np.inf, np.nan]
    values += [info.max, info.tiny, info.smallest_subnormal, -large]
    return np.array(values, dtype)


def specials(dtype):
    if dtype == "bool":
        return np.array([False, True])
    if dtype in FLOATS:
        return float_specials(dtype)
    info = np.iinfo(dtype)
    if dtype in UINTS:
        return np.array([0, 1, 2, 7, 100, info.max // 2, info.max - 1, info.max], dtype)
    return np.array([0, 1, -1, 7, -7, 100, info.min, info.max], dtype)


def unary_values(dtype):
    """Special values, then values of every magnitude and of the range where functions bend."""
    values = specials(dtype)
    if dtype not in FLOATS:
        return values
    rng = np.random.default_rng(20240229)
    near = rng.uniform(-1, 1, 24)
    middle = rng.uniform(-12, 12, 24)
    wide = np.exp(rng.uniform(-60, 60, 24)) * np.where(rng.random(24) < 0.5, -1, 1)
    edges = [88.0, -87.5, 100.0, -103.0, 709.0, 710.0, -708.5, -745.0, 1e5, 1e-5, -1e-10, 22.0, 8.0, 1000.0]
    halves = [-2.5, -0.5, 3.5, 0.49999999999999994, 2251799813685249.5, 8388607.5, 0.1, -0.3]
    return np.concatenate([values, np.array([*near, *middle, *wide, *edges, *halves]).astype(dtype)])


def ordinary_pairs(dtype):
    """Unremarkable numbers, small multiples and exact fractions among them."""
    rng = np.random.default_rng(19)
    x = np.concatenate([rng.uniform(-30, 30, 40), rng.uniform(0, 3, 40), rng.integers(-40, 40, 16) / 4])
    y = np.concatenate([rng.uniform(-4, 4, 40), rng.uniform(-9, 9, 40), rng.integers(1, 9, 16) / 4])
    return x.astype(dtype), y.astype(dtype)


def make_operands():
    """`values` for unary functions, `a` and `b` for all pairs, and `scalar`, `line`, `cube` for the rest."""
    for dtype in REAL:
        pool(f"{dtype}.values", unary_values(dtype))
        values = specials(dtype)
        n = len(values)
        pool(f"{dtype}.a", np.repeat(values, n).reshape(n, n))
        pool(f"{dtype}.b", np.tile(values, n).reshape(n, n))
    for dtype in FLOATS:
        x, y = ordinary_pairs(dtype)
        pool(f"{dtype}.x", x)
        pool(f"{dtype}.y", y)
    for dtype in REAL:
        for shape, extents in SHAPES.items():
            pool(f"{dtype}.{shape}", small_values(dtype, extents))
    for dtype in COMPLEX:
        x = small_values("float64", (3, 4, 5)) + 1j * np.arange(60).reshape(3, 4, 5)
        pool(f"{dtype}.cube", x.astype(dtype))


def small_values(dtype, shape):
    """Small values with ties; floats are not exact in binary, so that the order of summation shows."""
    n = int(np.prod(shape))
    rng = np.random.default_rng(n + 7)
    whole = rng.integers(0 if dtype in UINTS + BOOL else -4, 5, n)
    if dtype == "bool":
        return (whole > 1).reshape(shape)
    if dtype in FLOATS:
        return (whole * 0.3 + 0.1).astype(dtype).reshape(shape)
    return whole.astype(dtype).reshape(shape)
