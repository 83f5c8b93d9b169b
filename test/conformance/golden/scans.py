"""Running sums and products: axes, dtypes, the initial element, special values and numbers that wrap."""

import numpy as np

from operands import small_values
from table import EPSILON, FLOATS, INTS, REAL, UINTS, arrays, pool, record

FUNCTIONS = {"cumulativeSum": np.cumulative_sum, "cumulativeProd": np.cumulative_prod}
CASTS = [
    ("int8", "int8"),
    ("int8", "uint8"),
    ("int32", "int16"),
    ("int64", "uint64"),
    ("uint8", "float64"),
    ("bool", "uint8"),
    ("bool", "float32"),
    ("int32", "float32"),
    ("int64", "float64"),
    ("uint64", "float32"),
    ("float32", "float64"),
    ("float64", "float32"),
    ("float64", "int32"),
    ("float32", "int8"),
]


def scan(fn, name, tolerance=True, **options):
    """
    In float64 and rounded once, as the state is wide. Two orders of summation differ by at most n * eps of the sum of
    magnitudes (Higham 2002, section 4.2), of multiplication by n * eps of the product.
    """
    x = arrays[name]
    named = {"include_initial" if k == "includeInitial" else k: v for k, v in options.items()}
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[fn](x, **named)
        dtype = expected.dtype.name
        allowed = None
        if dtype in FLOATS and tolerance:
            wide = {**named, "dtype": "float64"}
            entering = x.astype(dtype)
            expected = FUNCTIONS[fn](entering, **wide).astype(dtype)
            n = x.shape[options.get("axis", 0)]
            eps = EPSILON[dtype]
            if fn == "cumulativeSum":
                most = np.max(FUNCTIONS[fn](np.abs(entering), **wide), initial=0)
                allowed = {"absolute": float(n * eps * most)}
            else:
                allowed = {"relative": n * eps}
    variant = ",".join(f"{k}={v}" for k, v in options.items())
    record(fn, [name], expected, options, variant, allowed)


def make_scan_operands():
    """As in the other tables, so that each can be read by itself."""
    nan, inf = np.nan, np.inf
    rows = [
        [1, nan, 2, nan, 0],
        [inf, 1, 2, 3, 4],
        [-inf, 1, 2, 3, 4],
        [inf, -inf, 0, 1, 2],
        [0.0, -0.0, 0.0, -0.0, 0.0],
        [-0.0, -0.0, -0.0, -0.0, -0.0],
        [-0.0, 0.0, 5, 5, -3],
    ]
    for dtype in REAL:
        pool(f"{dtype}.line", small_values(dtype, (7,)))
        pool(f"{dtype}.cube", small_values(dtype, (3, 4, 5)))
        pool(f"{dtype}.empty", np.empty((0,), dtype))
        pool(f"{dtype}.hollow", np.empty((3, 0, 2), dtype))
    for dtype in INTS + UINTS:
        info = np.iinfo(dtype)
        limits = [[info.max, info.max, info.min, info.max], [info.min, 1, 2, info.max], [info.max, 3, info.max, 7]]
        pool(f"{dtype}.limits", np.array(limits, dtype))
    for dtype in FLOATS:
        pool(f"{dtype}.rows", np.array(rows, dtype))
        pool(f"{dtype}.zeros", np.array([-0.0, -0.0, 0.0, -0.0], dtype))


def make_scans():
    make_scan_operands()
    for fn in FUNCTIONS:
        for dtype in REAL:
            scan(fn, f"{dtype}.line")
            for axis in (0, 1, -1):
                scan(fn, f"{dtype}.cube", axis=axis)
            scan(fn, f"{dtype}.line", includeInitial=True)
            scan(fn, f"{dtype}.cube", axis=1, includeInitial=True)
        for dtype in INTS + UINTS:
            scan(fn, f"{dtype}.limits", axis=0)
            scan(fn, f"{dtype}.limits", axis=1)
        for dtype in FLOATS:
            # Infinities, NaNs and zeros of either sign: no rounding, so every bit counts.
            scan(fn, f"{dtype}.rows", tolerance=False, axis=1)
            scan(fn, f"{dtype}.rows", tolerance=False, axis=1, includeInitial=True)
            scan(fn, f"{dtype}.zeros", tolerance=False)
        for dtype in ("float64", "int8", "uint16", "bool"):
            scan(fn, f"{dtype}.empty")
            scan(fn, f"{dtype}.empty", includeInitial=True)
            for axis in (0, 1, 2):
                scan(fn, f"{dtype}.hollow", axis=axis)
                scan(fn, f"{dtype}.hollow", axis=axis, includeInitial=True)
        for source, target in CASTS:
            scan(fn, f"{source}.cube", axis=0, dtype=target)
            scan(fn, f"{source}.line", dtype=target, includeInitial=True)
