"""Dask's threaded form of the elementwise chain: persisted chunks of 8 MiB, stored into an array that is there."""

import dask
import dask.array as da
from data import empty

VERSION = dask.__version__
_workers = 1


def threads(n):
    global _workers
    _workers = n


def prepare(work, arrays):
    if work != "chain":
        raise ValueError(work)
    chunk = (8 << 20) // arrays[0].itemsize
    # The chunks are copies in memory of their own, as after any computation.
    a, b, c = (da.from_array(x, chunks=chunk).persist(scheduler="threads") for x in arrays)
    out = empty(arrays[0].shape, arrays[0].dtype)
    stored = da.store((a * b + c) * 2 - da.sqrt(abs(a)), out, lock=False, compute=False)

    def run():
        stored.compute(scheduler="threads", num_workers=_workers)
        return out

    return run
