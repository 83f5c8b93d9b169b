"""Elementwise functions, `where`, `astype`, and the matrix of dtype pairs."""

import numpy as np

from operands import specials
from table import BOOL, FLOATS, INTS, NUMERIC, REAL, UINTS, arrays, pool, record


# Exact in IEEE arithmetic, or defined by bits.
EXACT_UNARY = {
    "abs": (np.abs, REAL),
    "bitwiseInvert": (np.invert, BOOL + INTS + UINTS),
    "ceil": (np.ceil, INTS + UINTS + FLOATS),
    "conj": (np.conj, NUMERIC),
    "floor": (np.floor, INTS + UINTS + FLOATS),
    "imag": (np.imag, NUMERIC),
    "isfinite": (np.isfinite, NUMERIC),
    "isinf": (np.isinf, NUMERIC),
    "isnan": (np.isnan, NUMERIC),
    "logicalNot": (np.logical_not, BOOL),
    "negative": (np.negative, NUMERIC),
    "positive": (np.positive, NUMERIC),
    "real": (np.real, NUMERIC),
    "reciprocal": (np.reciprocal, FLOATS),
    "round": (np.round, NUMERIC),
    "sign": (np.sign, NUMERIC),
    "signbit": (np.signbit, FLOATS),
    "sqrt": (np.sqrt, FLOATS),
    "square": (np.square, NUMERIC),
    "trunc": (np.trunc, INTS + UINTS + FLOATS),
}

# ulps allowed between two good libraries: 1 where argument reduction and one polynomial are all there is,
# 2 where the function is composed of others.
TRANSCENDENTAL_UNARY = {
    "acos": (np.acos, 1),
    "acosh": (np.acosh, 2),
    "asin": (np.asin, 1),
    "asinh": (np.asinh, 2),
    "atan": (np.atan, 1),
    "atanh": (np.atanh, 2),
    "cos": (np.cos, 1),
    "cosh": (np.cosh, 2),
    "exp": (np.exp, 1),
    "expm1": (np.expm1, 2),
    "log": (np.log, 1),
    "log1p": (np.log1p, 2),
    "log2": (np.log2, 1),
    "log10": (np.log10, 1),
    "sin": (np.sin, 1),
    "sinh": (np.sinh, 2),
    "tan": (np.tan, 2),
    "tanh": (np.tanh, 2),
}

EXACT_BINARY = {
    "add": (np.add, NUMERIC),
    "bitwiseAnd": (np.bitwise_and, BOOL + INTS + UINTS),
    "bitwiseLeftShift": (np.left_shift, INTS + UINTS),
    "bitwiseOr": (np.bitwise_or, BOOL + INTS + UINTS),
    "bitwiseRightShift": (np.right_shift, INTS + UINTS),
    "bitwiseXor": (np.bitwise_xor, BOOL + INTS + UINTS),
    "copysign": (np.copysign, FLOATS),
    "divide": (np.divide, NUMERIC),
    "equal": (np.equal, REAL),
    "floorDivide": (np.floor_divide, NUMERIC),
    "greater": (np.greater, REAL),
    "greaterEqual": (np.greater_equal, REAL),
    "less": (np.less, REAL),
    "lessEqual": (np.less_equal, REAL),
    "logicalAnd": (np.logical_and, BOOL),
    "logicalOr": (np.logical_or, BOOL),
    "logicalXor": (np.logical_xor, BOOL),
    "multiply": (np.multiply, NUMERIC),
    "nextafter": (np.nextafter, FLOATS),
    "notEqual": (np.not_equal, REAL),
    "remainder": (np.remainder, NUMERIC),
    "subtract": (np.subtract, NUMERIC),
}

TRANSCENDENTAL_BINARY = {
    "atan2": (np.atan2, 1),
    "hypot": (np.hypot, 2),
    "logaddexp": (np.logaddexp, 2),
    "pow": (np.pow, 2),
}


def in_float64(function, *operands):
    """A float32 transcendental is the float64 value rounded once; NumPy's own float32 loops are up to 4 ulp off."""
    dtype = operands[0].dtype
    return function(*(x.astype("float64") for x in operands)).astype(dtype)


def signed_extremum(function, a, b):
    """NumPy leaves the sign of min(-0, 0) to the processor; IEEE 754-2019 orders -0 below 0."""
    result = function(a, b)
    zeros = (a == 0) & (b == 0)
    negative = np.signbit(a) | np.signbit(b)
    if function is np.maximum:
        negative = np.signbit(a) & np.signbit(b)
    return np.where(zeros, np.where(negative, -0.0, 0.0).astype(a.dtype), result)


def make_elementwise():
    for fn, (function, dtypes) in EXACT_UNARY.items():
        for dtype in dtypes:
            name = f"{dtype}.values"
            expected = function(arrays[name])
            assert expected.dtype.name in (dtype, "bool"), (fn, dtype, expected.dtype)
            record(fn, [name], expected)
    for fn, (function, ulps) in TRANSCENDENTAL_UNARY.items():
        for dtype in FLOATS:
            name = f"{dtype}.values"
            record(fn, [name], in_float64(function, arrays[name]), tolerance={"ulps": ulps})
    for fn, (function, dtypes) in EXACT_BINARY.items():
        for dtype in dtypes:
            names = [f"{dtype}.a", f"{dtype}.b"]
            record(fn, names, function(*(arrays[n] for n in names)))
    for fn, function in {"minimum": np.minimum, "maximum": np.maximum}.items():
        for dtype in NUMERIC:
            a, b = arrays[f"{dtype}.a"], arrays[f"{dtype}.b"]
            expected = signed_extremum(function, a, b) if dtype in FLOATS else function(a, b)
            record(fn, [f"{dtype}.a", f"{dtype}.b"], expected)
    for fn, (function, ulps) in TRANSCENDENTAL_BINARY.items():
        for dtype in FLOATS:
            names = [f"{dtype}.a", f"{dtype}.b"]
            expected = in_float64(function, *(arrays[n] for n in names))
            record(fn, names, expected, tolerance={"ulps": ulps})
    make_ordinary_floats()
    make_integer_power()
    make_bool_arithmetic()
    make_integer_comparisons()
    make_floats_of_integers()
    make_clip()
    make_where()
    make_astype()
    make_promotion()


def make_ordinary_floats():
    for dtype in FLOATS:
        names = [f"{dtype}.x", f"{dtype}.y"]
        x, y = (arrays[n] for n in names)
        for fn in ("add", "divide", "floorDivide", "multiply", "nextafter", "remainder"):
            function, _ = EXACT_BINARY[fn]
            record(fn, names, function(x, y))
        for fn, (function, ulps) in TRANSCENDENTAL_BINARY.items():
            record(fn, names, in_float64(function, x, y), tolerance={"ulps": ulps})


def make_integer_power():
    # NumPy refuses negative exponents.
    for dtype in INTS + UINTS:
        exponents = np.array([0, 1, 2, 3, 7, 100], dtype)
        base = specials(dtype)[:, np.newaxis]
        base, exponent = np.broadcast_arrays(base, exponents)
        record("pow", [base, exponent], np.power(base, exponent), variant=dtype)


def make_bool_arithmetic():
    """The standard has no arithmetic on two bools; NumPy computes some of it in bool and the rest in int8."""
    names = ["bool.a", "bool.b"]
    functions = {
        "add": np.add,
        "multiply": np.multiply,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "floorDivide": np.floor_divide,
        "remainder": np.remainder,
        "pow": np.pow,
        "bitwiseLeftShift": np.left_shift,
        "bitwiseRightShift": np.right_shift,
        "divide": np.divide,
    }
    for fn, function in functions.items():
        record(fn, names, function(*(arrays[n] for n in names)))


def make_integer_comparisons():
    """int64 against uint64 is compared exactly, though their common dtype is float64."""
    for fn in ("equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"):
        function, _ = EXACT_BINARY[fn]
        for names in (["int64.a", "uint64.b"], ["uint64.a", "int64.b"]):
            record(fn, names, function(*(arrays[n] for n in names)))


def make_floats_of_integers():
    """Integers that float32 does not hold are computed in float64; for narrower ones NumPy has float16."""
    for fn in ("sqrt", "exp", "sin", "log1p"):
        function, ulps = TRANSCENDENTAL_UNARY.get(fn, (np.sqrt, 0))
        tolerance = {"ulps": ulps} if ulps else None
        for dtype in ("int32", "int64", "uint64"):
            name = f"{dtype}.values"
            record(fn, [name], function(arrays[name]), tolerance=tolerance)


def make_clip():
    for dtype in NUMERIC:
        name = f"{dtype}.values"
        x = arrays[name]
        low, high = (1, 7) if dtype in UINTS else (-1, 7) if dtype in INTS else (-1.5, 2.5)
        record("clip", [name], np.clip(x, low, high), {"min": low, "max": high}, "both")
        record("clip", [name], np.clip(x, low, None), {"min": low}, "min")
        record("clip", [name], np.clip(x, None, high), {"max": high}, "max")


def make_where():
    for dtype in REAL:
        a, b = arrays[f"{dtype}.a"], arrays[f"{dtype}.b"]
        condition = (np.arange(a.size) % 3 == 0).reshape(a.shape)
        record("where", [condition, f"{dtype}.a", f"{dtype}.b"], np.where(condition, a, b))


def make_astype():
    for source in REAL:
        for target in REAL:
            x = arrays[f"{source}.values"]
            if source in FLOATS and target in INTS + UINTS:
                # NumPy leaves a float that does not fit undefined.
                info = np.iinfo(target)
                whole = np.trunc(x.astype("float64"))
                x = x[(whole >= float(info.min)) & (whole < float(info.max) + (info.bits < 53))]
                record("astype", [x], x.astype(target), {"dtype": target}, f"{source}-{target}")
            else:
                name = f"{source}.values"
                record("astype", [name], x.astype(target), {"dtype": target}, target)


def make_promotion():
    small = {d: np.array([0, 1, 2, 3], "uint8").astype(d) for d in REAL}
    other = {d: np.array([3, 1, 0, 2], "uint8").astype(d) for d in REAL}
    condition = np.array([True, False, False, True])
    pool("condition", condition)
    for d in REAL:
        pool(f"{d}.small", small[d])
        pool(f"{d}.other", other[d])
    for d in REAL:
        for e in REAL:
            names = [f"{d}.small", f"{e}.other"]
            x, y = small[d], other[e]
            # The standard has no + on two bools.
            if (d, e) != ("bool", "bool"):
                total = x + y
                assert total.dtype == np.result_type(d, e)
                record("add", names, total)
                record("divide", names, np.divide(x.astype(total.dtype), y.astype(total.dtype)))
            record("less", names, x < y)
            record("where", ["condition", *names], np.where(condition, x, y))
