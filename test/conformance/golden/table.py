"""The table while it is made: the pool of arrays, the records, and the dtypes."""

import base64
import os

# One code path on every processor: the vectorised loops of NumPy differ from each other in the last bits.
os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"

import numpy as np  # noqa: E402

BOOL = ["bool"]
INTS = ["int8", "int16", "int32", "int64"]
UINTS = ["uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]
NUMERIC = INTS + UINTS + FLOATS
REAL = BOOL + NUMERIC
COMPLEX = ["complex64", "complex128"]
EPSILON = {"float32": float(np.finfo("float32").eps), "float64": float(np.finfo("float64").eps)}

arrays = {}
records = []


def encode(array):
    array = np.asarray(array)
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    text = base64.b64encode(little.tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": text}


def pool(name, array):
    """Puts an array into the pool, under a name that says what it holds."""
    assert name not in arrays
    arrays[name] = np.asarray(array)
    return name


def record(fn, args, expected, options=None, variant="", tolerance=None, output=None):
    """`args` are pool names or small arrays. An id is the function, its named arguments and the variant."""
    names = [a if isinstance(a, str) else "" for a in args]
    parts = [fn, *(n for n in names if n), variant]
    entry = {"id": "/".join(p for p in parts if p), "fn": fn}
    entry["args"] = [a if isinstance(a, str) else encode(a) for a in args]
    if options:
        entry["options"] = options
    if output is not None:
        entry["output"] = output
        entry["id"] += f"#{output}"
    entry["expected"] = encode(expected)
    if tolerance:
        entry["tolerance"] = tolerance
    records.append(entry)
