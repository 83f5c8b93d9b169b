"""
Boolean selections. In `selectors`, { arg: i } is argument i; `then` is what is done to the selection: functions with
their options, and `with` for a second selection by the same selectors from another argument.
"""

import numpy as np

from indexing import parse_selector
from operands import small_values
from reductions import accumulation_tolerance, extremum_of_zeros
from table import FLOATS, REAL, arrays, pool, record


def make_masks():
    make_mask_operands()
    make_selections()
    make_reductions()
    make_complex_moments()
    make_special_values()
    make_arithmetic()
    make_views()
    make_again()
    make_nonzero()
    make_measured()


def make_mask_operands():
    rng = np.random.default_rng(5)
    for dtype in REAL:
        pool(f"{dtype}.line", small_values(dtype, (7,)))
        pool(f"{dtype}.cube", small_values(dtype, (3, 4, 5)))
    pool("complex64.cube", (small_values("float32", (3, 4, 5)) * np.complex64(1 - 2j)).astype("complex64"))
    pool("float64.other", small_values("float64", (3, 4, 5))[::-1].copy())
    pool("int32.hollow", np.empty((3, 0, 2), "int32"))
    pool("m7", np.array([True, False, False, True, True, False, True]))
    pool("none7", np.zeros(7, "bool"))
    pool("all7", np.ones(7, "bool"))
    pool("last7", np.arange(7) == 6)
    pool("m3", np.array([True, False, True]))
    pool("none3", np.zeros(3, "bool"))
    pool("m4", np.array([False, True, True, False]))
    pool("m5", np.array([True, False, True, True, False]))
    for name, shape in {"m34": (3, 4), "m45": (4, 5), "m345": (3, 4, 5)}.items():
        pool(name, rng.random(shape) < 0.45)
    pool("none34", np.zeros((3, 4), "bool"))
    pool("none345", np.zeros((3, 4, 5), "bool"))
    pool("m0", np.zeros(0, "bool"))
    pool("m30", np.zeros((3, 0), "bool"))


def selectors_of(text, mask):
    """`M` is the mask, the rest as in indexing.py."""
    objects, plain = [], []
    for part in (p.strip() for p in text.split(",")):
        if part == "M":
            objects.append(arrays[mask])
            plain.append({"arg": 1})
        else:
            more, same = parse_selector(part)
            objects.extend(more)
            plain.extend(same)
    return tuple(objects), plain


def selection(x, text, mask, expected=None, then=None, variant="", more=(), fn="at", tolerance=None):
    objects, plain = selectors_of(text, mask)
    if expected is None:
        expected = arrays[x][objects]
    options = {"selectors": plain}
    if then:
        options["then"] = then
    parts = [text.replace(" ", ""), variant]
    record(fn, [x, mask, *more], expected, options, "/".join(p for p in parts if p), tolerance)


PLACES = [
    ("M", "m3"),
    ("M", "none3"),
    (":, M", "m4"),
    ("..., M", "m5"),
    (":, :, M", "m5"),
    ("M, ...", "m34"),
    ("M", "m34"),
    ("M", "none34"),
    (":, M", "m45"),
    ("..., M", "m45"),
    ("M", "m345"),
    ("M", "none345"),
    ("..., M", "m345"),
    ("M, 1:3", "m3"),
    ("M, ::-1, ::2", "m3"),
    ("::-1, M", "m4"),
    ("1:, M, ::-2", "m4"),
    ("1:1, M", "m4"),
    ("M, 1", "m3"),
    ("0, M", "m4"),
    ("-1, M, ::-1", "m4"),
    (":, M, 2", "m4"),
    (":, 1, M", "m5"),
    ("M, :, 2", "m3"),
    ("M, 1, 2", "m3"),
    ("1, :, M", "m5"),
    ("1, 2, M", "m5"),
    ("0, M, 1", "m4"),
    ("M, ..., 1", "m3"),
    ("1, ..., M", "m5"),
    ("M, newaxis", "m3"),
    ("newaxis, M", "m3"),
    (":, newaxis, M", "m4"),
    ("M, newaxis, 1", "m3"),
    ("1, newaxis, M", "m4"),
    ("newaxis, 1, M", "m4"),
    ("..., newaxis, M", "m5"),
    ("M, 2", "m34"),
    ("M, ::2", "m34"),
    ("M, newaxis", "m34"),
    ("0, M", "m45"),
    ("::2, M", "m45"),
    ("newaxis, ..., M, newaxis", "m5"),
]


def make_selections():
    for dtype in REAL:
        for mask in ("m7", "none7", "all7", "last7"):
            selection(f"{dtype}.line", "M", mask)
    for text, mask in PLACES:
        selection("int32.cube", text, mask)
    for text, mask in (("M", "m345"), (":, M", "m4"), ("M, ::-1", "m3"), ("M", "none345")):
        selection("complex64.cube", text, mask)
        selection("uint8.cube", text, mask)
        selection("float64.cube", text, mask)
    for text, mask in (("M", "m3"), (":, M", "m0"), ("M", "m30")):
        selection("int32.hollow", text, mask)


REDUCTIONS = {
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "any": np.any,
    "all": np.all,
    "argmin": np.argmin,
    "argmax": np.argmax,
    "countNonzero": np.count_nonzero,
}


def reduction(fn, x, text, mask, axis=None, keepdims=False, **more):
    objects, _ = selectors_of(text, mask)
    selected = arrays[x][objects]
    options = dict(more)
    if axis is not None:
        options["axis"] = list(axis) if isinstance(axis, tuple) else axis
    if keepdims:
        options["keepdims"] = True
    with np.errstate(all="ignore"):
        expected = np.asarray(REDUCTIONS[fn](selected, axis=axis, keepdims=keepdims, **more))
    expected = extremum_of_zeros(fn, selected, expected, axis, keepdims)
    # The bound counts what is not selected too: it is added as zero.
    tolerance = accumulation_tolerance(fn, arrays[x], expected, None if axis is None else axis)
    if tolerance and "relative" in tolerance:
        tolerance = {"relative": tolerance["relative"] * arrays[x].size}
    elif tolerance:
        whole = accumulation_tolerance(fn, arrays[x], expected, None)
        tolerance = {"absolute": whole["absolute"]}
    variant = ",".join([fn, *(f"{k}={v}".replace(" ", "") for k, v in options.items())])
    selection(x, text, mask, expected, [{"fn": fn, "options": options}], variant, tolerance=tolerance)


def make_reductions():
    no_identity = ("min", "max", "argmin", "argmax")
    for fn in REDUCTIONS:
        for dtype in REAL:
            reduction(fn, f"{dtype}.line", "M", "m7")
        for dtype in ("bool", "int8", "uint64", "float32"):
            reduction(fn, f"{dtype}.cube", "M", "m345", keepdims=dtype == "int8")
        for dtype in ("bool", "float32"):
            reduction(fn, f"{dtype}.cube", "M", "m3", axis=0)
        for x in ("float64.cube", "int16.cube"):
            reduction(fn, x, ":, M", "m4", axis=1, keepdims=True)
            reduction(fn, x, ":, M", "m4", axis=0, keepdims=True)
            reduction(fn, x, ":, M, ::-1", "m4", axis=0)
            reduction(fn, x, "M", "m34", axis=0)
            reduction(fn, x, "M", "m34", axis=1)
            reduction(fn, x, ":, M", "m45", axis=0)
            reduction(fn, x, ":, M", "m45", axis=-1, keepdims=True)
            if not fn.startswith("arg"):
                reduction(fn, x, "M", "m3")
                reduction(fn, x, ":, M", "m4", axis=(0, 1))
                reduction(fn, x, ":, M", "m4", axis=(1, 2), keepdims=True)
                reduction(fn, x, ":, M", "m4", axis=(0, 2))
                reduction(fn, x, ":, M", "m4", axis=(0, 2), keepdims=True)
                reduction(fn, x, "M", "m34", axis=(0, 1))
                reduction(fn, x, ":, M", "m45", keepdims=True)
            if fn not in no_identity:
                reduction(fn, x, "M", "none3")
                reduction(fn, x, "M", "none3", axis=0)
                reduction(fn, x, "M", "none345")
        # Nothing is selected, but nothing is asked of it either.
        if not fn.startswith("arg"):
            reduction(fn, "int16.cube", "M", "none3", axis=(1, 2))
        if fn not in no_identity:
            for dtype in ("bool", "uint8", "float32"):
                reduction(fn, f"{dtype}.line", "M", "none7")
    for fn in ("var", "std"):
        for correction in (1, 2.5, 9):
            for x, text, mask, axis in CORRECTED:
                reduction(fn, x, text, mask, axis=axis, correction=correction)
    for fn in ("sum", "prod"):
        for source, target in (("int8", "int8"), ("bool", "uint8"), ("int32", "float32"), ("float32", "float64")):
            reduction(fn, f"{source}.cube", ":, M", "m4", axis=1, dtype=target)
            reduction(fn, f"{source}.line", "M", "m7", dtype=target)


CORRECTED = [
    ("float64.line", "M", "m7", None),
    ("float32.cube", ":, M", "m4", 1),
    ("int16.cube", "M", "m34", 0),
]


def make_complex_moments():
    """As in complex.py: as many roundings as elements, of the sum of magnitudes."""
    x = arrays["complex64.cube"]
    for fn in ("sum", "prod", "mean", "var", "std", "any", "all", "countNonzero"):
        for text, mask, axis in (("M", "m345", None), (":, M", "m4", 1), ("M", "none3", 0)):
            selected = x[selectors_of(text, mask)[0]].astype("complex128")
            options = {} if axis is None else {"axis": axis}
            with np.errstate(all="ignore"):
                expected = np.asarray(REDUCTIONS[fn](selected, axis=axis))
                if expected.dtype.kind in "cf":
                    expected = expected.astype("complex64" if expected.dtype.kind == "c" else "float32")
            size = max(1.0, float(np.abs(np.prod(selected, axis=axis)).max(initial=0)), float(np.abs(selected).sum()))
            tolerance = None if fn in ("any", "all", "countNonzero") else {"absolute": 4 * 60 * 2.0**-23 * size}
            then = [{"fn": fn, "options": options}]
            selection("complex64.cube", text, mask, expected, then, fn, tolerance=tolerance)


def make_special_values():
    """What is not selected must not be seen: it is NaN here, and infinite."""
    nan, inf = np.nan, np.inf
    values = [nan, 1.0, inf, -2.0, -inf, 3.5, nan, -0.0]
    masks = {
        "finite": [0, 1, 0, 1, 0, 1, 0, 1],
        "withNaN": [0, 1, 0, 1, 0, 1, 1, 0],
        "withInf": [0, 1, 1, 0, 0, 1, 0, 0],
        "both": [0, 0, 1, 0, 1, 0, 0, 0],
        "zero": [0, 0, 0, 0, 0, 0, 0, 1],
        "onlyNaN": [1, 0, 0, 0, 0, 0, 1, 0],
    }
    for name, mask in masks.items():
        pool(f"special.{name}", np.array(mask, "bool"))
    for dtype in FLOATS:
        x = pool(f"{dtype}.special", np.array(values, dtype))
        pool(f"{dtype}.infinite", np.array([inf, -inf, inf, -inf, inf, -inf, inf, -inf], dtype))
        for fn in REDUCTIONS:
            for name in masks:
                reduction(fn, x, "M", f"special.{name}")
        for fn in ("min", "max", "argmin", "argmax"):
            reduction(fn, f"{dtype}.infinite", "M", "special.both")
            reduction(fn, f"{dtype}.infinite", "M", "special.finite")
    limits = np.array([[127, -128, 127, -128], [-128, 127, -128, 127]], "int8")
    pool("int8.limits", limits)
    pool("special.low", limits < 0)
    pool("special.high", limits > 0)
    for fn in ("min", "max", "argmin", "argmax", "sum", "prod"):
        reduction(fn, "int8.limits", "M", "special.low")
        reduction(fn, "int8.limits", "M", "special.high")


def make_arithmetic():
    """Functions of selections by one mask, beside scalars, single elements and rows."""
    a, b = "float64.cube", "float64.other"
    x, y = arrays[a], arrays[b]
    row = pool("float64.row", np.arange(5.0))
    for text, mask in (("M", "m345"), (":, M", "m4"), ("M", "none34"), ("::-1, M", "m4"), ("0, M", "m45")):
        s, _ = selectors_of(text, mask)
        with_b = {"with": 2}
        selection(a, text, mask, x[s] + y[s], [{"fn": "add", **with_b}], "add", [b])
        selection(a, text, mask, x[s] > y[s], [{"fn": "greater", **with_b}], "greater", [b])
        selection(a, text, mask, -x[s] * 2, [{"fn": "negative"}, {"fn": "multiply", "scalar": 2}], "scaled")
        total = [{"fn": "multiply", **with_b}, {"fn": "min", "options": {"axis": 0}}]
        if x[s].shape[0] > 0:
            selection(a, text, mask, np.min(x[s] * y[s], axis=0), total, "min-of-product", [b])
        selection(a, text, mask, x[s].astype("int16"), [{"fn": "astype", "args": ["int16"]}], "astype")
    s, _ = selectors_of("M", "m34")
    selection(a, "M", "m34", x[s] - arrays[row], [{"fn": "subtract", "array": 2}], "row", [row])
    s, _ = selectors_of("M", "m3")
    selection(a, "M", "m3", x[s] - y[:1], [{"fn": "subtract", "array": 2}], "first", [pool("float64.first", y[:1])])


def make_views():
    x = arrays["int32.cube"]
    for text, mask in ((":, M", "m4"), ("M", "m3"), ("M", "m34")):
        s, _ = selectors_of(text, mask)
        picked = x[s]
        turn = list(range(picked.ndim))[::-1]
        other = {"m4": 2, "m3": 1, "m34": 1}[mask]
        name = {"fn": "permuteDims", "args": [turn]}
        selection("int32.cube", text, mask, picked.transpose(turn), [name], "permuteDims")
        flip = {"fn": "flip", "options": {"axis": other}}
        selection("int32.cube", text, mask, np.flip(picked, other), [flip], "flip")
        grow = {"fn": "expandDims", "args": [1]}
        selection("int32.cube", text, mask, np.expand_dims(picked, 1), [grow], "expandDims")
        back = {"fn": "squeeze", "args": [1]}
        selection("int32.cube", text, mask, picked, [grow, back], "squeeze")
        move = {"fn": "moveaxis", "args": [0, -1]}
        selection("int32.cube", text, mask, np.moveaxis(picked, 0, -1), [move], "moveaxis")
        sliced = [None] * picked.ndim
        sliced[other] = {"slice": [1, None, 2]}
        objects = tuple(slice(None) if i != other else slice(1, None, 2) for i in range(picked.ndim))
        selection("int32.cube", text, mask, picked[objects], [{"fn": "at", "selectors": sliced}], "slice")
        then = [move, {"fn": "sum", "options": {"axis": -1}}]
        selection("int32.cube", text, mask, np.moveaxis(picked, 0, -1).sum(-1), then, "moveaxis-sum")


def make_again():
    """Selections of selections, by masks made from them."""
    for x, text, mask in (("int32.line", "M", "m7"), ("float64.cube", "M", "m345"), ("int32.line", "M", "none7")):
        s, _ = selectors_of(text, mask)
        picked = arrays[x][s]
        again = picked[picked > 0]
        own = {"fn": "at", "where": {"fn": "greater", "scalar": 0}}
        selection(x, text, mask, again, [own], "positive")
        selection(x, text, mask, np.sum(again), [own, {"fn": "sum"}], "positive-sum", tolerance=tolerance_of(again))
        twice = {"fn": "at", "where": {"fn": "less", "scalar": 1}}
        selection(x, text, mask, again[again < 1], [own, twice], "between")


def tolerance_of(values):
    return accumulation_tolerance("sum", values, np.sum(values), None)


def make_nonzero():
    for name in ("m7", "none7", "m345", "none34", "int32.cube", "float64.line", "float32.special", "bool.cube", "m30"):
        for i, places in enumerate(np.nonzero(arrays[name])):
            record("nonzero", [name], places.astype("int64"), output=i)


def make_measured():
    """A selection of known length is an array like any other."""
    for x, text, mask in (
        ("int32.line", "M", "m7"),
        ("int32.line", "M", "none7"),
        ("int32.line", "M", "all7"),
        ("float64.cube", ":, M", "m4"),
        ("float64.cube", "M", "m34"),
        ("complex64.cube", "M", "m345"),
    ):
        s, _ = selectors_of(text, mask)
        picked = arrays[x][s]
        selection(x, text, mask, picked, fn="measure")
        for part in ("::-1", "1:", "::2", "-2:", "5:2"):
            objects, plain = parse_selector(part)
            selection(x, text, mask, picked[objects], [{"fn": "at", "selectors": plain}], part, fn="measure")
        flat = {"fn": "reshape", "args": [[-1]]}
        if picked.size:
            selection(x, text, mask, picked.reshape(-1), [flat], "reshape", fn="measure")
        twice = np.concatenate([picked, picked])
        selection(x, text, mask, twice, [{"fn": "concat"}], "concat", fn="measure")
