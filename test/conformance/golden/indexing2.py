"""Selection by arrays of positions, one position per place, and assignment."""

import numpy as np

from table import arrays, pool, record


def selection(text, named):
    """
    The selector as Python objects and twice as JSON: with arrays as constants ({ list }) and as lazy arrays ({ arg }).
    Besides what basic selectors are, a part is a list such as `[0 2]` (spaces, not commas) or a name in `named`.
    """
    objects, constant, lazy, names = [], [], [], []
    for part in (p.strip() for p in text.split(",")):
        if part in named or part.startswith("["):
            value = named[part] if part in named else np.array(eval(part.replace(" ", ",")), dtype=int)
            objects.append(value)
            constant.append({"list": value.tolist()})
            names.append(value)
            lazy.append({"arg": len(names)})
        else:
            plain = basic(part)
            objects.append(plain[0])
            constant.append(plain[1])
            lazy.append(plain[1])
    return tuple(objects), constant, lazy, names


def basic(part):
    if part == "...":
        return Ellipsis, "..."
    if part == "newaxis":
        return np.newaxis, "newaxis"
    if ":" in part:
        bounds = [int(b) if b else None for b in part.split(":")]
        bounds += [None] * (3 - len(bounds))
        return slice(*bounds), {"slice": bounds}
    return int(part), int(part)


BY_ARRAYS = [
    "[0]",
    "[2 0 -1]",
    "[-3 2 2 2]",
    "[]",
    "square",
    ":, [0 -2]",
    "..., [4 0 0 -1]",
    "[0 2], [1 3]",
    "[0 2], :, [1 3]",
    ":, [0 2], [1 3]",
    "[0 2], ..., [1 3]",
    ":, [0 2], ..., [1 3]",
    "0, [1 3]",
    "0, :, [1 3]",
    "[0 1], 2",
    "[0 1], :, 2",
    ":, 2, [0 1]",
    ":, [0 1], 2",
    "[0 1], [1 2], [4 -5]",
    "[0 1], [1], [4]",
    "column, [0 3]",
    "column, row",
    "row, column",
    ":, column, row",
    "column, ::-1, row",
    "square, [0 1]",
    "square, square, square",
    "::-1, [3 0], 1::2",
    "1:, [0 1 1], ::-2",
    "newaxis, [1 0]",
    "[1 0], newaxis",
    "[1 0], newaxis, [1 0]",
    ":, newaxis, [1 0], [0 1]",
    "[0 1], newaxis, :, 3",
    "1, newaxis, [0 1], 3",
    "0:0, [0 1]",
    "[0 1], 1:1",
    "[], []",
    "[1], []",
    "empty, [0 1]",
    "2, 3, [4 0]",
]

NAMED = {
    "square": np.array([[0, 1], [2, -1]]),
    "column": np.array([[0], [2], [1]]),
    "row": np.array([[1, -1]]),
    "empty": np.zeros((0, 2), int),
}


def make_operands():
    rng = np.random.default_rng(11)
    shape = (3, 4, 5)
    pool("int32.cube", rng.integers(-99, 99, shape, dtype="int32"))
    pool("float64.cube", np.where(rng.random(shape) < 0.1, np.nan, rng.normal(size=shape).round(3)))
    pool("complex64.cube", (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype("complex64"))
    pool("float64.wide", rng.normal(size=(4, 9)).round(2))
    pool("float64.scalar", np.array(1.25))


def make_selections():
    for name in ("int32.cube", "complex64.cube"):
        for text in BY_ARRAYS if name == "int32.cube" else BY_ARRAYS[::3]:
            objects, constant, lazy, names = selection(text, NAMED)
            expected = arrays[name][objects]
            variant = text.replace(" ", "_")
            # A shape like (0, 2) cannot be written as lists.
            if "empty" not in text:
                record("at", [name], expected, {"text": text, "selectors": constant}, variant)
            if name == "int32.cube":
                dtype = ["int64", "int32", "int8"][len(text) % 3]
                typed = [n.astype(dtype) for n in names]
                options = {"text": text, "selectors": lazy}
                record("at", [name, *typed], expected, options, variant + "/lazy")
    unsigned = np.array([1, 0, 2], "uint64")
    options = {"text": "unsigned", "selectors": [{"arg": 1}]}
    record("at", ["int32.cube", unsigned], arrays["int32.cube"][unsigned], options, "unsigned")
    zero = np.array(-1)
    options = {"text": "0-d", "selectors": [{"slice": [None, None, None]}, {"arg": 1}]}
    record("at", ["int32.cube", zero], arrays["int32.cube"][:, zero], options, "0-d")


def make_take_along_axis():
    rng = np.random.default_rng(5)
    x = arrays["int32.cube"]
    for axis, n in enumerate(x.shape):
        for length in (1, n, 7):
            shape = [length if a == axis else s for a, s in enumerate(x.shape)]
            index = rng.integers(-n, n, shape)
            expected = np.take_along_axis(x, index, axis)
            record("takeAlongAxis", ["int32.cube", index], expected, {"axis": axis}, f"{axis}/{length}")
    order = np.argsort(arrays["float64.wide"], axis=-1)
    expected = np.take_along_axis(arrays["float64.wide"], order, -1)
    record("takeAlongAxis", ["float64.wide", order], expected, {}, "order")
    thin = rng.integers(0, 5, (1, 4, 3))
    record("takeAlongAxis", ["int32.cube", thin], np.take_along_axis(x, thin, 2), {"axis": 2}, "thin")
    many = rng.integers(0, 2, (3, 6))
    row = pool("float64.row.once", np.array([[1.5, -0.0]]))
    expected = np.take_along_axis(arrays[row], many, 1)
    record("takeAlongAxis", [row, many], expected, {"axis": 1}, "stretched")
    lazy = np.array([[2, 0], [1, 1]], "int8")
    options = {"axis": 1}
    expected = np.take(x, lazy, axis=1)
    record("take", ["int32.cube", lazy], expected, options | {"lazy": True}, "lazy")
    expected = np.take(x, np.array([], int), axis=2)
    record("take", ["int32.cube", np.array([], "int64")], expected, {"axis": 2, "lazy": True}, "none")


ASSIGNED = [
    "0",
    "-1, 2, 3",
    "1, ...",
    "..., 1",
    "...",
    ":",
    "1:2",
    "1:, :3",
    "1:3, 1:3, 1:3",
    ":, 1:3",
    ":, :, 1:4",
    "0, 1:3",
    ":, 2, 1:",
    "::2",
    "1::2, ::3, ::4",
    ":, ::2, 1:4",
    "..., ::-1",
    "..., -2:0:-1",
    "..., ::-2",
    "::-1, 2:0:-1, 4::-3",
    "newaxis, 1",
    "1:, newaxis, ::2",
    "2:2",
    "..., 4:1",
    "[0]",
    "[2 0]",
    "[0 0 2 0]",
    "[]",
    "..., [4 0 0 -1]",
    "[0 2], [1 3]",
    "[0 2 0], :, [1 3 1]",
    "[0 2], 1:3, [1 3]",
    ":, [0 2], 2",
    "1:, [0 1 1], ::-2",
    "::-1, [3 0], 1::2",
    "column, row",
    "column, ::-1, row",
    "square, square, square",
    "newaxis, [1 0], newaxis, 2",
    "0:0, [0 1]",
    "[0 1 0], 1, ::2",
]


def make_assignments():
    for name in ("int32.cube", "float64.cube"):
        for text in ASSIGNED:
            objects, constant, lazy, names = selection(text, NAMED)
            x = arrays[name]
            shape = x[objects].shape
            dtype = x.dtype
            variant = text.replace(" ", "_")
            values = {"full": np.arange(100, 100 + int(np.prod(shape)), dtype="int16").reshape(shape)}
            if len(shape) > 1:
                values["row"] = np.arange(50, 50 + shape[-1], dtype="int8")
            if len(shape) > 1 and name == "int32.cube":
                values["column"] = np.arange(70, 70 + shape[0], dtype="int8").reshape(
                    (shape[0],) + (1,) * (len(shape) - 1)
                )
            for how, value in values.items():
                expected = x.copy()
                expected[objects] = value
                args = [name, value.astype(dtype) if how == "full" else value]
                options = {"text": text, "selectors": constant}
                record("setItem", args, expected, options, f"{variant}/{how}")
            expected = x.copy()
            expected[objects] = 7
            options = {"text": text, "selectors": constant, "value": 7}
            record("setItem", [name], expected, options, f"{variant}/scalar")
            if names and name == "int32.cube":
                value = values["full"]
                expected = x.copy()
                expected[objects] = value
                shifted = [s if not (isinstance(s, dict) and "arg" in s) else {"arg": s["arg"] + 1} for s in lazy]
                typed = [n.astype("int32") for n in names]
                options = {"text": text, "selectors": shifted}
                record("setItem", [name, value, *typed], expected, options, f"{variant}/lazy")
    scalar = np.array(5.0)
    options = {"text": "", "selectors": []}
    record("setItem", ["float64.scalar", scalar], scalar, options, "whole")
    wide = np.arange(4.0).reshape(1, 1, 4)
    expected = np.zeros(4)
    expected[:] = wide
    options = {"text": ":", "selectors": [{"slice": [None, None, None]}]}
    record("setItem", [pool("float64.zeros4", np.zeros(4)), wide], expected, options, "leading")
