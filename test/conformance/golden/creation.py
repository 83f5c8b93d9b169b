"""Arrays that are made from nothing, and tril, triu and meshgrid."""

import numpy as np

from table import COMPLEX, EPSILON, FLOATS, REAL, arrays, record


def make_creation():
    for dtype in ("int8", "int32", "int64", "uint8", "uint64", "float32", "float64"):
        for bounds in ((0, 10), (3, 11, 4), (2, 7, 5), (5, 5), (7, 2)):
            start, stop, step = (*bounds, 1)[:3]
            options = {"start": start, "stop": stop, "step": step, "dtype": dtype}
            expected = np.arange(start, stop, step, dtype=dtype)
            record("arange", [], expected, options, f"{dtype}/{start}:{stop}:{step}")
    for dtype in ("int16", "int64", "float32", "float64"):
        for start, stop, step in ((10, 0, -1), (5, -6, -4), (-3, 3, 2), (0, 5, -1)):
            options = {"start": start, "stop": stop, "step": step, "dtype": dtype}
            expected = np.arange(start, stop, step, dtype=dtype)
            record("arange", [], expected, options, f"{dtype}/{start}:{stop}:{step}")
    for dtype in FLOATS:
        for start, stop, step in ((0, 1, 0.25), (-1, 2.1, 0.5), (1, 0, -0.125), (0.5, 0.25, 1)):
            options = {"start": start, "stop": stop, "step": step, "dtype": dtype}
            expected = np.arange(start, stop, step, dtype=dtype)
            record("arange", [], expected, options, f"{dtype}/{start}:{stop}:{step}")
    # NumPy's step is the difference of its first two values, which adds an error of eps per element.
    tenths = {"start": 1, "stop": 2.05, "step": 0.1, "dtype": "float64"}
    tolerance = {"absolute": 11 * 2 * EPSILON["float64"] * 2.05}
    record("arange", [], np.arange(1, 2.05, 0.1), tenths, "tenths", tolerance)
    make_linspace()
    make_constants()
    make_likes()
    make_matrices()


def make_linspace():
    for dtype in FLOATS:
        for endpoint in (True, False):
            for num in (0, 1, 2, 7):
                # Dyadic steps are exact; others round in the product and in the sum.
                for start, stop in ((0, 3), (-1, 1), (5, -1.75), (2, 2), (0.1, 0.7)):
                    options = {"start": start, "stop": stop, "num": num}
                    options |= {"endpoint": endpoint, "dtype": dtype}
                    expected = np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
                    size = 4 * EPSILON[dtype] * max(abs(start), abs(stop))
                    variant = f"{dtype}/{start}:{stop}:{num}{'' if endpoint else ',open'}"
                    record("linspace", [], expected, options, variant, {"absolute": size})


def make_constants():
    for dtype in REAL + COMPLEX:
        for shape in ([], [2, 0, 3], [2, 3]):
            options = {"shape": shape, "dtype": dtype}
            variant = f"{dtype}/{'x'.join(map(str, shape))}"
            record("zeros", [], np.zeros(shape, dtype), options, variant)
            record("ones", [], np.ones(shape, dtype), options, variant)
            # Virtual arrays have no uninitialised memory.
            record("empty", [], np.zeros(shape, dtype), options, variant)
        value = True if dtype == "bool" else 7
        options = {"shape": [2, 3], "fillValue": value, "dtype": dtype}
        record("full", [], np.full((2, 3), value, dtype), options, dtype)
    for value in (-1.5, 0.1):
        for dtype in FLOATS:
            options = {"shape": [5], "fillValue": value, "dtype": dtype}
            record("full", [], np.full(5, value, dtype), options, f"{dtype}/{value}")


def make_likes():
    for name in ("float64.line", "bool.cube", "int32.cube", "complex64.cube"):
        x = arrays[name]
        for dtype in (None, "int16", "float32"):
            options = {"dtype": dtype} if dtype else {}
            zeros, variant = np.zeros_like(x, dtype), dtype or "same"
            record("zerosLike", [name], zeros, options, variant)
            record("onesLike", [name], np.ones_like(x, dtype), options, variant)
            record("emptyLike", [name], zeros, options, variant)
            value = True if x.dtype == "bool" else 7
            full = np.full_like(x, value, dtype)
            record("fullLike", [name], full, {"fillValue": value, **options}, variant)


def make_matrices():
    for dtype in ("float64", "int32", "bool", "uint64"):
        for rows, columns, k in ((3, 3, 0), (3, 5, 1), (4, 2, -1), (3, 3, 5), (0, 3, 0), (5, 7, -9)):
            options = {"rows": rows, "columns": columns, "k": k, "dtype": dtype}
            expected = np.eye(rows, columns, k, dtype=dtype)
            record("eye", [], expected, options, f"{dtype}/{rows}x{columns}/{k}")
    for name in ("float64.cube", "int32.cube", "bool.cube", "float64.rows"):
        for k in (0, 1, -2, 9, -9):
            record("tril", [name], np.tril(arrays[name], k), {"k": k}, f"k={k}")
            record("triu", [name], np.triu(arrays[name], k), {"k": k}, f"k={k}")
    vectors = [np.array([1, 2, 3], "int32"), np.array([4, 5], "int32"), np.array([6, 7], "int32")]
    for count in (1, 2, 3):
        for indexing in ("xy", "ij"):
            outputs = np.meshgrid(*vectors[:count], indexing=indexing)
            for i, expected in enumerate(outputs):
                options, variant = {"indexing": indexing}, f"{count}/{indexing}"
                record("meshgrid", vectors[:count], expected, options, variant, output=i)
