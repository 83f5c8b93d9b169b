"""Complex numbers: elementwise functions at special and ordinary values, mixed dtypes, reductions.

Expected values are computed with parts of more precision (long double, for complex64 double) and rounded once. Special
values are those of complex128. They are left out where the array-API standard leaves a sign open or NumPy does not
follow it; the standard's own values stand in `STANDARD` then.
"""

import numpy as np

from table import COMPLEX, EPSILON, arrays, pool, record

PART = {"complex64": "float32", "complex128": "float64"}
INF, NAN = np.inf, np.nan

# Units of the magnitude between two good libraries: 2 of one, for formulas of a few roundings.
UNARY = {
    "acos": np.acos,
    "acosh": np.acosh,
    "asin": np.asin,
    "asinh": np.asinh,
    "atan": np.atan,
    "atanh": np.atanh,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "reciprocal": np.reciprocal,
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}
EXACT_UNARY = {
    "abs": np.abs,
    "conj": np.conj,
    "imag": np.imag,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "logicalNot": np.logical_not,
    "negative": np.negative,
    "positive": np.positive,
    "real": np.real,
    "round": np.round,
}
UNITS = 4


def of(re, im):
    """Complex numbers of parts; re + im * 1j would make NaN of infinities."""
    re, im = np.broadcast_arrays(re, im)
    z = np.empty(re.shape, "complex128")
    z.real, z.imag = re, im
    return z


infinite = lambda x: np.isinf(x)
nonfinite = lambda x: ~np.isfinite(x)
zero = lambda x: x == 0
# Left out, by real and imaginary part.
LEFT_OUT = {
    # The sign of the zero beside an infinity is open, and NumPy takes inf + nan j for infinite.
    "sign": lambda a, b: infinite(a) | infinite(b) | (zero(b) & np.signbit(b)) | (zero(a) & np.signbit(a)),
    # NumPy computes exp(a) * sin(b) as it stands.
    "expm1": lambda a, b: infinite(a) | np.isnan(a),
    # Open: the standard does not speak of -0, which is its own logarithm in the real case.
    "log1p": lambda a, b: zero(a) & np.signbit(a),
    # Open signs.
    "sinh": lambda a, b: infinite(a) & nonfinite(b),
    "sin": lambda a, b: infinite(b) & nonfinite(a),
    "cosh": lambda a, b: (zero(a) & nonfinite(b)) | (np.isnan(a) & zero(b)) | (infinite(a) & nonfinite(b)),
    "cos": lambda a, b: (zero(b) & nonfinite(a)) | (np.isnan(b) & zero(a)) | (infinite(b) & nonfinite(a)),
    # Open signs, and NumPy gives 1 - 0j for inf + 2j.
    "tanh": lambda a, b: infinite(a),
    "tan": lambda a, b: infinite(b),
    "asin": lambda a, b: infinite(a) & np.isnan(b),
    "asinh": lambda a, b: infinite(b) & np.isnan(a),
    "acos": lambda a, b: infinite(a) & np.isnan(b),
    "acosh": lambda a, b: zero(a) & np.isnan(b),
    "atanh": lambda a, b: np.isnan(a) & infinite(b),
    "atan": lambda a, b: np.isnan(b) & infinite(a),
    "sqrt": lambda a, b: infinite(a) & np.isnan(b),
    "exp": lambda a, b: infinite(a) & nonfinite(b),
}

# What the standard says about some of these.
STANDARD = {
    "expm1": [
        (INF, 0.0, INF, 0.0),
        (INF, -0.0, INF, -0.0),
        (-INF, 2.0, -1.0, 0.0),
        (-INF, -2.0, -1.0, -0.0),
        (INF, 2.0, -INF, INF),
        (INF, -1.0, INF, -INF),
        (NAN, 0.0, NAN, 0.0),
        (NAN, 1.0, NAN, NAN),
        (NAN, NAN, NAN, NAN),
    ],
    "sign": [(INF, NAN, NAN, NAN), (NAN, -INF, NAN, NAN), (-0.0, -0.0, 0.0, 0.0), (-0.0, 0.0, 0.0, 0.0)],
    "tanh": [
        (INF, 2.0, 1.0, 0.0),
        (INF, -2.0, 1.0, -0.0),
        (-INF, 0.5, -1.0, 0.0),
        (0.0, INF, 0.0, NAN),
        (0.0, NAN, 0.0, NAN),
    ],
    "tan": [(2.0, INF, 0.0, 1.0), (-0.5, INF, -0.0, 1.0), (0.5, -INF, 0.0, -1.0)],
    "sqrt": [(INF, NAN, INF, NAN), (NAN, INF, INF, INF), (NAN, -INF, INF, -INF)],
}


def make_complex():
    parts = np.array([0.0, -0.0, 1.0, -1.0, 2.5, INF, -INF, NAN])
    grid = of(parts[:, None], parts[None, :]).reshape(-1)
    rng = np.random.default_rng(20261122)
    angles = rng.uniform(-3.1, 3.1, 24)
    sizes = 10.0 ** rng.uniform(-3, 2, 24)
    ordinary = of(sizes * np.cos(angles), sizes * np.sin(angles))
    others = of(rng.uniform(-3, 3, 24), rng.uniform(-3, 3, 24))
    for dtype in COMPLEX:
        pool(f"{dtype}.grid", grid.astype(dtype))
        pool(f"{dtype}.ordinary", ordinary.astype(dtype))
        pool(f"{dtype}.others", others.astype(dtype))
        make_unary(dtype)
        make_binary(dtype)
        make_reductions(dtype)
        make_products(dtype)
    make_extremes()
    make_mixed()


def precise(function, *operands):
    """In parts of more precision, rounded once."""
    dtype = operands[0].dtype
    wide = "complex128" if dtype == "complex64" else "clongdouble"
    result = function(*(x.astype(wide) for x in operands))
    return result.astype(dtype if result.dtype.kind == "c" else PART[dtype.name])


def make_unary(dtype):
    grid, ordinary = f"{dtype}.grid", f"{dtype}.ordinary"
    z = arrays[grid].astype("complex128")
    for fn, function in EXACT_UNARY.items():
        tolerance = {"ulps": 1} if fn == "abs" else None
        for name in (grid, ordinary):
            record(fn, [name], function(arrays[name]), tolerance=tolerance)
    for fn, function in UNARY.items():
        tolerance = {"normwise": UNITS}
        record(fn, [ordinary], precise(function, arrays[ordinary]), tolerance=tolerance)
        kept = z
        if fn in LEFT_OUT:
            kept = z[~LEFT_OUT[fn](z.real, z.imag)]
        with np.errstate(all="ignore"):
            expected = function(kept).astype(dtype)
        record(fn, [kept.astype(dtype)], expected, variant=f"{dtype}.special", tolerance=tolerance)
        if fn in STANDARD:
            a, b, c, d = np.array(STANDARD[fn]).T
            record(fn, [of(a, b).astype(dtype)], of(c, d).astype(dtype), variant=f"{dtype}.standard")


def make_extremes():
    """Magnitudes whose squares overflow or vanish, and arguments near 1 and 0."""
    z = of([1e200, -1e300, 3e-200, 1e-300, 1 + 1e-9, 1e-9, 0.6, 700.5], [2e200, 1.0, 4e-200, -2e-300, 1e-9, 0.5, -0.8, 2.0])
    pool("complex128.extremes", z)
    for fn in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "log", "log2", "log10", "reciprocal", "sign", "sqrt"):
        record(fn, ["complex128.extremes"], precise(UNARY[fn], z), tolerance={"normwise": UNITS})
    record("abs", ["complex128.extremes"], precise(np.abs, z), tolerance={"ulps": 1})
    names = [pool("complex128.large", of([1e200, 1e-200, 1e308], [-1e200, 1e-200, 1e308]))]
    names.append(pool("complex128.small", of([2e200, -1e-200, 1e308], [1e200, 3e-200, -5e307])))
    record("divide", names, precise(np.divide, *(arrays[n] for n in names)), tolerance={"normwise": UNITS})


def make_binary(dtype):
    names = [f"{dtype}.ordinary", f"{dtype}.others"]
    x, y = (arrays[n] for n in names)
    record("add", names, x + y)
    record("subtract", names, x - y)
    for fn, function in {"multiply": np.multiply, "divide": np.divide}.items():
        record(fn, names, precise(function, x, y), tolerance={"normwise": UNITS})
    # The rounding of a logarithm times an exponent of magnitude up to 25 is that much of the result.
    record("pow", names, precise(np.pow, x, y), tolerance={"normwise": 64})
    z = arrays[f"{dtype}.grid"]
    for exponent in (0, 1, 2, 3, -1, -4, 0.5):
        e = np.full(x.shape, exponent, dtype)
        record("pow", [names[0], e], precise(np.pow, x, e), variant=f"{exponent}", tolerance={"normwise": 16})
    zeros = of([0.0, 0.0, -0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).astype(dtype)
    exponents = of([0.0, 2.0, 0.5, -1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]).astype(dtype)
    record("pow", [zeros, exponents], np.pow(zeros, exponents), variant=f"{dtype}.zeros")
    # Pairs of special values: many with a few.
    few = [0.0, -0.0, 1.0, -2.0, INF, NAN]
    some = of(np.array(few)[:, None], few).reshape(-1).astype(dtype)
    pairs = [np.tile(some, 4), np.repeat(np.array([2 + 1j, of(-0.0, 3.0), of(INF, 1.0), 0j], dtype), some.size)]
    names = [pool(f"{dtype}.a", pairs[0]), pool(f"{dtype}.b", pairs[1])]
    for fn, function in {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "equal": np.equal,
        "notEqual": np.not_equal,
        "logicalAnd": np.logical_and,
        "logicalOr": np.logical_or,
        "logicalXor": np.logical_xor,
    }.items():
        record(fn, names, function(*pairs))
    record("divide", names, np.divide(*pairs), tolerance={"normwise": UNITS})
    condition = np.arange(z.size) % 3 == 0
    record("where", [condition, f"{dtype}.grid", z[::-1].copy()], np.where(condition, z, z[::-1]), variant=dtype)


def make_mixed():
    """A complex array beside every other dtype."""
    z = {d: of([1.0, -2.5, 0.0], [0.5, 0.0, -3.0]).astype(d) for d in COMPLEX}
    for d in COMPLEX:
        pool(f"{d}.three", z[d])
        record("astype", [f"{d}.three"], z[d].astype("complex64"), {"dtype": "complex64"}, "complex64")
        record("astype", [f"{d}.three"], z[d].astype("complex128"), {"dtype": "complex128"}, "complex128")
    reals = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
    for other in [*reals, *COMPLEX]:
        y = np.array([1, 0, 1], "uint8").astype(other)
        pool(f"{other}.bits", y)
        for d in COMPLEX:
            names = [f"{d}.three", f"{other}.bits"]
            x = z[d]
            record("add", names, x + y)
            record("subtract", names[::-1], y - x)
            record("multiply", names, x * y)
            record("equal", names, x == y)
            record("astype", [f"{other}.bits"], y.astype(d), {"dtype": d}, f"to-{d}")


REDUCTIONS = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "any": np.any,
    "all": np.all,
    "countNonzero": np.count_nonzero,
}


def make_reductions(dtype):
    rng = np.random.default_rng(7)
    shape = (4, 5, 3)
    cube = of(rng.uniform(-2, 2, shape), rng.uniform(-2, 2, shape)).astype(dtype)
    cube[1, 2] = 0
    pool(f"{dtype}.cube", cube)
    pool(f"{dtype}.empty", np.empty((0,), dtype))
    pool(f"{dtype}.hollow", np.empty((2, 0, 3), dtype))
    for fn in REDUCTIONS:
        for axis in (None, 0, 1, -1, (0, 2)):
            reduction(fn, f"{dtype}.cube", axis)
        reduction(fn, f"{dtype}.cube", 1, keepdims=True)
        reduction(fn, f"{dtype}.empty", None)
        reduction(fn, f"{dtype}.hollow", 1)
    for fn in ("var", "std"):
        reduction(fn, f"{dtype}.cube", 0, correction=1.5)
        reduction(fn, f"{dtype}.cube", 0, correction=4)
    for fn in ("sum", "prod"):
        reduction(fn, f"{dtype}.cube", 0, dtype="complex128")
    # Components of a sum are independent.
    rows = of([[1, NAN, 2], [INF, 1, 2], [INF, -INF, 1], [-0.0, -0.0, -0.0]], [[0, 1, 2], [1, 1, 1], [1, 2, NAN], [0, 0, 0]])
    pool(f"{dtype}.rows", rows.astype(dtype))
    for fn in ("sum", "any", "all", "countNonzero"):
        reduction(fn, f"{dtype}.rows", 1)


def make_products(dtype):
    """Sums of products and running ones; as many roundings as terms, of the product of magnitudes."""
    x = arrays[f"{dtype}.cube"]
    y = pool(f"{dtype}.square", x[0, :3].conj().copy())
    size = np.abs(x).max() * np.abs(arrays[y]).max()
    tolerance = {"absolute": float(2 * 3 * EPSILON[PART[dtype]] * 3 * size)}
    record("matmul", [f"{dtype}.cube", y], x @ arrays[y], tolerance=tolerance)
    rows = pool(f"{dtype}.rows3", x[:, :3].copy())
    record("vecdot", [rows, y], np.vecdot(x[:, :3], arrays[y]), tolerance=tolerance)
    for axis in (0, 2):
        total = np.cumulative_sum(x, axis=axis)
        bound = x.shape[axis] * EPSILON[PART[dtype]]
        most = float(bound * np.abs(x).sum(axis=axis).max())
        record("cumulativeSum", [f"{dtype}.cube"], total, {"axis": axis}, f"{axis}", {"absolute": most})
        product = np.cumulative_prod(x, axis=axis)
        most = float(4 * bound * np.abs(product).max())
        record("cumulativeProd", [f"{dtype}.cube"], product, {"axis": axis}, f"{axis}", {"absolute": most})


def reduction(fn, name, axis, keepdims=False, **more):
    x = arrays[name]
    options = dict(more)
    if axis is not None:
        options["axis"] = list(axis) if isinstance(axis, tuple) else axis
    if keepdims:
        options["keepdims"] = True
    expected = np.asarray(REDUCTIONS[fn](x, axis=axis, keepdims=keepdims, **more))
    variant = ",".join(f"{k}={v}".replace(" ", "") for k, v in options.items())
    record(fn, [name], expected, options, variant, tolerance_of(fn, x, axis))


def tolerance_of(fn, x, axis):
    """As in reductions.py, with twice the roundings in products."""
    if fn in ("any", "all", "countNonzero"):
        return None
    n = max(1, x.size if axis is None else int(np.prod([x.shape[a] for a in np.atleast_1d(axis)])))
    bound = n * EPSILON[PART[x.dtype.name]]
    size = np.abs(np.where(np.isfinite(x), x, 0))
    if fn == "prod":
        return {"absolute": float(4 * bound * np.max(np.prod(size, axis=axis), initial=0))}
    if fn in ("var", "std"):
        most = np.max(size, initial=0)
        return {"absolute": float(4 * bound * (most if fn == "std" else most**2))}
    total = np.max(np.sum(size, axis=axis), initial=0)
    return {"absolute": float(bound * (total if fn == "sum" else total / n))}
