"""Functions that move elements."""

import json

import numpy as np

from table import arrays, pool, record


# Public name -> NumPy call for the options as the table spells them.
MANIPULATIONS = {
    "broadcastTo": lambda x, shape: np.broadcast_to(x, shape),
    "expandDims": lambda x, axis=0: np.expand_dims(x, _tuple(axis)),
    "flip": lambda x, axis=None: np.flip(x, _tuple(axis)),
    "matrixTranspose": lambda x: np.matrix_transpose(x),
    "moveaxis": lambda x, source, destination: np.moveaxis(x, source, destination),
    "permuteDims": lambda x, axes: np.permute_dims(x, axes),
    "repeat": lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
    "reshape": lambda x, shape: np.reshape(x, shape),
    "roll": lambda x, shift, axis=None: np.roll(x, shift, _tuple(axis)),
    "squeeze": lambda x, axis: np.squeeze(x, _tuple(axis)),
    "tile": lambda x, repetitions: np.tile(x, repetitions),
    "take": lambda x, indices, axis: np.take(x, indices, axis),
}


def _tuple(axis):
    return tuple(axis) if isinstance(axis, list) else axis


CUBE_CASES = [
    ("broadcastTo", {"shape": [2, 3, 4, 5]}),
    ("expandDims", {"axis": 0}),
    ("expandDims", {"axis": 2}),
    ("expandDims", {"axis": -1}),
    ("flip", {}),
    ("flip", {"axis": 1}),
    ("flip", {"axis": [0, -1]}),
    ("matrixTranspose", {}),
    ("moveaxis", {"source": 0, "destination": 2}),
    ("moveaxis", {"source": [0, 1], "destination": [-1, 0]}),
    ("permuteDims", {"axes": [2, 0, 1]}),
    ("permuteDims", {"axes": [1, 0, 2]}),
    ("repeat", {"repeats": 2}),
    ("repeat", {"repeats": 3, "axis": 1}),
    ("repeat", {"repeats": 0, "axis": 0}),
    ("repeat", {"repeats": [2, 0, 1], "axis": 0}),
    ("repeat", {"repeats": [1, 0, 2, 0, 3], "axis": -1}),
    ("reshape", {"shape": [60]}),
    ("reshape", {"shape": [4, 15]}),
    ("reshape", {"shape": [-1, 6]}),
    ("reshape", {"shape": [3, 2, 2, 5, 1]}),
    ("reshape", {"shape": [12, 5]}),
    ("roll", {"shift": 7}),
    ("roll", {"shift": -2, "axis": 2}),
    ("roll", {"shift": [1, -3], "axis": [0, 2]}),
    ("roll", {"shift": [1, 2], "axis": [1, 1]}),
    ("roll", {"shift": 2, "axis": [0, 1]}),
    ("roll", {"shift": 100, "axis": 1}),
    ("tile", {"repetitions": [2]}),
    ("tile", {"repetitions": [2, 1, 2]}),
    ("tile", {"repetitions": [2, 1, 1, 1]}),
    ("tile", {"repetitions": [0, 1]}),
]


def case_name(options):
    return ",".join(f"{k}={json.dumps(v, separators=(',', ':'))}" for k, v in options.items())


def make_manipulation():
    for dtype in ("int32", "float64", "bool", "complex64"):
        name = f"{dtype}.cube"
        for fn, options in CUBE_CASES:
            expected = MANIPULATIONS[fn](arrays[name], **options)
            record(fn, [name], expected, options, case_name(options))
    other = [
        ("broadcastTo", "float64.line", {"shape": [3, 7]}),
        ("broadcastTo", "float64.scalar", {"shape": [2, 2]}),
        ("broadcastTo", "float64.scalar", {"shape": [0]}),
        ("expandDims", "float64.scalar", {"axis": 0}),
        ("reshape", "float64.scalar", {"shape": [1, 1]}),
        ("reshape", "float64.hollow", {"shape": [0, 6]}),
        ("flip", "float64.empty", {}),
        ("roll", "float64.empty", {"shift": 1}),
        ("repeat", "float64.line", {"repeats": [0, 1, 2, 0, 0, 3, 1]}),
        ("tile", "int64.line", {"repetitions": [2, 2]}),
    ]
    for fn, name, options in other:
        expected = MANIPULATIONS[fn](arrays[name], **options)
        record(fn, [name], expected, options, case_name(options))
    thin = np.arange(12, dtype="int32").reshape(1, 3, 1, 4)
    pool("int32.thin", thin)
    for axis in (0, 2, -2, [0, 2]):
        options = {"axis": axis}
        expected = MANIPULATIONS["squeeze"](thin, **options)
        record("squeeze", ["int32.thin"], expected, options, case_name(options))
    make_joining()
    make_take()


def make_joining():
    for dtype in ("int32", "float64", "complex128"):
        x = arrays[f"{dtype}.cube"]
        parts = {"left": x[:, :2], "right": x[:, 3:], "none": x[:, 1:1]}
        parts = [*(pool(f"{dtype}.{n}", p) for n, p in parts.items()), f"{dtype}.cube"]
        for axis in (1, -2):
            expected = np.concat([arrays[p] for p in parts], axis=axis)
            record("concat", parts, expected, {"axis": axis}, f"axis={axis}")
        sheets = [pool(f"{dtype}.sheet{i}", x[i]) for i in (0, 2, 1)]
        planes = [arrays[s] for s in sheets]
        for axis in (0, 1, 2, -1):
            record("stack", sheets, np.stack(planes, axis=axis), {"axis": axis}, f"axis={axis}")
        record("concat", sheets, np.concat(planes, axis=None), {"axis": None}, "flat")
        for axis in (0, -1):
            for i, expected in enumerate(np.unstack(x, axis=axis)):
                record("unstack", [f"{dtype}.cube"], expected, {"axis": axis}, f"axis={axis}", output=i)
    shapes = [np.arange(3, dtype="int32"), np.array([[0.5], [1.5]]), np.array(True)]
    for i, expected in enumerate(np.broadcast_arrays(*shapes)):
        record("broadcastArrays", shapes, expected, {}, "mixed", output=i)
    mixed = [np.array([1, 2], "int8"), np.array([300], "uint16"), np.array([0.5], "float32")]
    record("concat", mixed, np.concat(mixed), {"axis": 0}, "mixed")
    record("stack", [m[:1] for m in mixed], np.stack([m[:1] for m in mixed]), {"axis": 0}, "mixed")


def make_take():
    for name in ("int32.cube", "float64.cube", "complex64.cube"):
        for axis, indices in ((0, [2, 0]), (1, [3, 3, 0, 1]), (2, [0, 4, 2]), (-1, [1]), (1, [])):
            index = np.array(indices, "int64")
            expected = np.take(arrays[name], index, axis=axis)
            record("take", [name, index], expected, {"axis": axis}, f"{axis}/{indices}".replace(" ", ""))
    index = np.array([-1, 0, -3], "int32")
    record("take", ["float64.line", index], np.take(arrays["float64.line"], index, axis=0), {"axis": 0}, "negative")
