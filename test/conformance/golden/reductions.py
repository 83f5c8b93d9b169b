"""Reductions: axes, options, special values, ties and nothing at all."""

import numpy as np

from table import EPSILON, FLOATS, INTS, REAL, UINTS, arrays, pool, record


AXES = {
    "scalar": [None],
    "line": [None, 0, -1],
    "cube": [None, 0, 1, 2, -1, (0, 1), (0, 2), (-1, 0), (0, 1, 2)],
}
# Others than these are reduced over a few axes only.
THOROUGH = [("sum", "float64"), ("sum", "int32"), ("var", "float64"), ("max", "int32"), ("argmin", "float64")]
FEW = [None, 0, -1, (0, 2)]
KEEPING = ["float64", "int32", "bool"]

REDUCTIONS = {
    "sum": (np.sum, REAL),
    "prod": (np.prod, REAL),
    "min": (np.min, REAL),
    "max": (np.max, REAL),
    "mean": (np.mean, REAL),
    "var": (np.var, REAL),
    "std": (np.std, REAL),
    "any": (np.any, REAL),
    "all": (np.all, REAL),
    "argmin": (np.argmin, REAL),
    "argmax": (np.argmax, REAL),
    "countNonzero": (np.count_nonzero, REAL),
}


def accumulation_tolerance(fn, x, expected, axis):
    """Two orders of summation differ by at most n * eps of the sum of magnitudes (Higham 2002, section 4.2)."""
    if expected.dtype.name not in FLOATS or fn not in ("sum", "prod", "mean", "var", "std"):
        return None
    n = max(1, x.size if axis is None else int(np.prod([x.shape[a] for a in np.atleast_1d(axis)])))
    # NumPy accumulates in the dtype of the result.
    bound = n * EPSILON[expected.dtype.name]
    if fn == "prod":
        return {"relative": bound}
    finite = np.where(np.isfinite(x), x, 0).astype("float64")
    if fn in ("var", "std"):
        # The two-pass formula is stable: relative to the mean square.
        scale = np.max(np.abs(finite), initial=0)
        return {"absolute": float(4 * bound * (scale if fn == "std" else scale**2))}
    magnitude = np.max(np.sum(np.abs(finite), axis=axis), initial=0)
    return {"absolute": float(bound * (magnitude if fn == "sum" else magnitude / n))}


def extremum_of_zeros(fn, x, expected, axis, keepdims):
    """As in signed_extremum: a minimum that is zero is -0 if any zero below it is."""
    if fn not in ("min", "max") or x.dtype.name not in FLOATS:
        return expected
    zero = x == 0
    signs = np.signbit(x)
    negative = (
        np.any(zero & signs, axis=axis, keepdims=keepdims)
        if fn == "min"
        else ~np.any(zero & ~signs, axis=axis, keepdims=keepdims)
    )
    return np.where(expected == 0, np.where(negative, -0.0, 0.0).astype(x.dtype), expected)


def reduction(fn, name, axis=None, keepdims=False, **more):
    """One record; `more` holds options that NumPy and the public API share by name."""
    function, _ = REDUCTIONS[fn]
    x = arrays[name]
    options, variant = {}, []
    if axis is not None:
        options["axis"] = list(axis) if isinstance(axis, tuple) else axis
        variant.append(str(axis).replace(" ", ""))
    if keepdims:
        options["keepdims"] = True
        variant.append("keep")
    for key, value in more.items():
        options[key] = value
        variant.append(f"{key}={value}")
    expected = np.asarray(function(x, axis=axis, keepdims=keepdims, **more))
    expected = extremum_of_zeros(fn, x, expected, axis, keepdims)
    tolerance = accumulation_tolerance(fn, x, expected, axis)
    record(fn, [name], expected, options, ",".join(variant), tolerance)


def make_reductions():
    for fn, (_, dtypes) in REDUCTIONS.items():
        for dtype in dtypes:
            for shape, axes in AXES.items():
                for axis in axes if (fn, dtype) in THOROUGH else [a for a in axes if a in FEW]:
                    if isinstance(axis, tuple) and fn.startswith("arg"):
                        continue
                    reduction(fn, f"{dtype}.{shape}", axis)
            if dtype not in KEEPING:
                continue
            reduction(fn, f"{dtype}.cube", 1, keepdims=True)
            reduction(fn, f"{dtype}.cube", None, keepdims=True)
            if not fn.startswith("arg"):
                reduction(fn, f"{dtype}.cube", (0, -1), keepdims=True)
    make_reduction_options()
    make_special_reductions()
    make_empty_reductions()


def make_reduction_options():
    pairs = [
        ("int8", "int8"),
        ("int8", "int16"),
        ("uint8", "float64"),
        ("bool", "uint8"),
        ("int32", "float32"),
        ("int32", "uint64"),
        ("float32", "float64"),
        ("float64", "float32"),
    ]
    for fn in ("sum", "prod"):
        for source, target in pairs:
            reduction(fn, f"{source}.cube", 0, dtype=target)
            reduction(fn, f"{source}.cube", dtype=target)
    for fn in ("var", "std"):
        for dtype in ("float64", "float32", "int16"):
            for correction in (1, 2.5, 3, 10):
                reduction(fn, f"{dtype}.cube", 0, correction=correction)
            reduction(fn, f"{dtype}.line", correction=1)


def make_special_reductions():
    """One row per situation, reduced along the rows and over everything."""
    nan, inf = np.nan, np.inf
    rows = [
        [1, nan, 2, nan, 0],
        [nan, nan, nan, nan, nan],
        [inf, 1, 2, 3, 4],
        [-inf, 1, 2, 3, 4],
        [inf, -inf, 0, 1, 2],
        [0.0, -0.0, 0.0, -0.0, 0.0],
        [-0.0, -0.0, -0.0, -0.0, -0.0],
        [-0.0, 0.0, 5, 5, -3],
        [3, 1, 3, 1, 3],
    ]
    for dtype in FLOATS:
        pool(f"{dtype}.rows", np.array(rows, dtype))
        info = np.finfo(dtype)
        pool(f"{dtype}.limits", np.array([[info.max, info.max], [info.tiny, -info.tiny]], dtype))
        for fn in REDUCTIONS:
            reduction(fn, f"{dtype}.rows", 1)
            reduction(fn, f"{dtype}.rows")
        for fn in ("min", "max", "argmin", "argmax", "any", "all", "countNonzero"):
            reduction(fn, f"{dtype}.limits", 1)
    for dtype in INTS + UINTS:
        info = np.iinfo(dtype)
        pool(f"{dtype}.limits", np.array([[info.max, info.max, info.min], [info.min, 1, 2]], dtype))
        for fn in ("sum", "prod", "min", "max", "argmin", "argmax", "any", "all", "countNonzero"):
            reduction(fn, f"{dtype}.limits", 1)


def make_empty_reductions():
    for dtype in ("float64", "float32", "int32", "uint8", "bool"):
        pool(f"{dtype}.empty", np.empty((0,), dtype))
        pool(f"{dtype}.hollow", np.empty((3, 0, 2), dtype))
        for fn in ("sum", "prod", "mean", "var", "std", "any", "all", "countNonzero"):
            reduction(fn, f"{dtype}.empty")
            reduction(fn, f"{dtype}.hollow", 1)
            reduction(fn, f"{dtype}.hollow", (0, 1), keepdims=True)
        # Nothing is reduced, and there is no result element either.
        reduction("min", f"{dtype}.hollow", 0)
        reduction("argmax", f"{dtype}.hollow", 2)
