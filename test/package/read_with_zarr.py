"""Reads what `npm run demo` wrote with zarr-python, and checks it against the data that it was made from.

Usage: python3 read_with_zarr.py .demo
"""
import json
import pathlib
import sys

import numpy
import zarr

root = pathlib.Path(__file__).resolve().parents[2]
demo = pathlib.Path(sys.argv[1])

raster = json.loads((root / "node_modules/vega-datasets/data/annual-precip.json").read_text())
expected = numpy.array(raster["values"], dtype="float32").reshape(raster["height"], raster["width"])
rain = zarr.open_array(demo / "rain.zarr", path="precipitation", mode="r")
assert rain.chunks == (42, 90), rain.chunks
assert rain.attrs["units"] == "mm", dict(rain.attrs)
assert rain.metadata.dimension_names == ("lat", "lon"), rain.metadata
assert rain.dtype == "float32", rain.dtype
assert numpy.array_equal(rain[:], expected)

geoid = zarr.open_array(demo / "geoid.zarr", path="height", mode="r")[:]
copy = zarr.open_array(demo / "geoid.zarr", path="height_by_meridian", mode="r")
assert copy.chunks == (721, 48), copy.chunks
assert geoid.shape == (721, 1440) and numpy.array_equal(copy[:], geoid)
print(f"zarr-python {zarr.__version__} reads the same values")
