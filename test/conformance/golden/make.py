"""Writes the golden tables: what NumPy says about every function x dtype x special values.

    python3 make.py        (NumPy 2.x; needs nothing else)

The tables are committed and replayed without Python. Each is a pool of named arrays and a list of records

    { id, fn, args, options?, output?, expected, tolerance? }

An array is { dtype, shape, data } with its little-endian bytes in base64 (bool as bytes, complex as pairs). `args`
are names of the pool, or arrays; `options` are the other parameters by their names in the public API; `output`
is the place of `expected` among several results.

Without `tolerance` every bit must agree, where all NaNs are equal. Otherwise it is one of
    { ulps }      units in the last place
    { relative }  of the expected value
    { absolute }  a difference; the sign of zero is free
    { normwise }  units of the larger part of a complex number, for either part; zeros keep their sign
Infinities and NaNs must always agree. Tolerances are set here, by rules about algorithms, never by looking at
results of the code under test.
"""

import json
import pathlib
import warnings

from table import arrays, encode, records  # first: it sets NumPy up

import complex
import creation
import elementwise
import expr
import indexing
import indexing2
import manipulation
import masks
import operands
import products
import reductions
import scans

warnings.simplefilter("ignore")


TABLES = {
    "table": [
        operands.make_operands,
        elementwise.make_elementwise,
        reductions.make_reductions,
        creation.make_creation,
        manipulation.make_manipulation,
        indexing.make_indexing,
    ],
    "selection": [
        indexing2.make_operands,
        indexing2.make_selections,
        indexing2.make_take_along_axis,
        indexing2.make_assignments,
    ],
    "complex": [complex.make_complex],
    "expr": [expr.make_expr],
    "masks": [masks.make_masks],
    "products": [products.make_products],
    "scans": [scans.make_scans],
}


def line(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def write(name, makers):
    arrays.clear()
    records.clear()
    for make in makers:
        make()
    ids = [r["id"] for r in records]
    repeated = {i for i in ids if ids.count(i) > 1}
    assert not repeated, repeated
    lines = [f"{json.dumps(key)}:{line(encode(array))}" for key, array in arrays.items()]
    text = '{"arrays":{\n' + ",\n".join(lines) + '\n},"records":[\n'
    text += ",\n".join(line(r) for r in records) + "\n]}\n"
    assert len(text) < 1_000_000, len(text)
    pathlib.Path(__file__).with_name(f"{name}.json").write_text(text)
    print(f"{name}: {len(records)} records, {len(text)} bytes")


if __name__ == "__main__":
    for name, makers in TABLES.items():
        write(name, makers)
