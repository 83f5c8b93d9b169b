"""The Python side of `npm run bench -- rechunk` and `zarr`: one JSON request a line in, one reply a line out.

{"peers": true} -> {"tensorstore": "0.1", ...}: what can be imported here.
{"peer": "dask", "run": "copy", "from": DIR, "to": DIR, "chunks": [...], "codec": "zstd", "threads": 2} -> {"seconds": 1}
"""

import importlib
import json
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

CODECS = {
    "raw": None,
    "zstd": {"id": "zstd", "level": 1},
    "blosc": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1},
}


class Clock:
    """Wall and processor seconds since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def reply(self):
        return {"seconds": time.perf_counter() - self.wall, "cpu": time.process_time() - self.cpu}


def store(path, context=None, **more):
    import tensorstore as ts

    spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": path}, **more}
    return ts.open(spec, context=context).result()


def context(threads, cache=0):
    import tensorstore as ts

    return ts.Context(
        {
            "data_copy_concurrency": {"limit": threads},
            "file_io_concurrency": {"limit": threads},
            "cache_pool": {"total_bytes_limit": cache},
        }
    )


def target(request, source, context):
    metadata = {
        "shape": list(source.shape),
        "chunks": request["chunks"],
        "dtype": "<f4",
        "compressor": CODECS[request["codec"]],
        "dimension_separator": ".",
    }
    shutil.rmtree(request["to"], ignore_errors=True)
    return store(request["to"], context, metadata=metadata, create=True)


def tensorstore_copy(request):
    where = context(request["threads"])
    source = store(request["from"], where)
    dest = target(request, source, where)
    clock = Clock()
    # Its own copy from store to store rewrites every chunk for every slab; all of it at once is its fastest way.
    dest.write(source.read().result()).result()
    return clock.reply()


def tensorstore_mean(request):
    import numpy as np

    source = store(request["from"], context(request["threads"]))
    clock = Clock()
    # As many slabs at a time as fit 64 MiB: a read goes on while the mean of the one before is taken.
    step = max(1, (64 << 20) // (4 * source.shape[1] * source.shape[2]))
    total = np.zeros(source.shape[1:], np.float64)
    pending = source[0 : min(step, source.shape[0])].read()
    for at in range(0, source.shape[0], step):
        values = pending.result()
        if at + step < source.shape[0]:
            pending = source[at + step : min(at + 2 * step, source.shape[0])].read()
        total += values.sum(axis=0, dtype=np.float64)
    mean = total / source.shape[0]
    if request.get("axis") is None:
        mean = mean.mean()
    return {**clock.reply(), "value": float(np.ravel(mean)[0])}


class Blocks:
    """A store as Dask wants to see it: NumPy arrays by slices."""

    def __init__(self, source):
        import numpy as np

        self.source, self.shape, self.ndim = source, tuple(source.shape), source.ndim
        self.dtype = np.dtype(source.dtype.numpy_dtype)
        self.chunks = source.chunk_layout.read_chunk.shape

    def __getitem__(self, index):
        return self.source[index].read().result()


def dask_array(source):
    import dask.array as da

    blocks = Blocks(source)
    return da.from_array(blocks, chunks=blocks.chunks, name=False, asarray=False)


def dask_copy(request):
    import dask
    import dask.array as da

    where = context(request["threads"])
    source = store(request["from"], where)
    dest = target(request, source, where)
    clock = Clock()
    with dask.config.set(scheduler="threads", num_workers=request["threads"]):
        da.store(dask_array(source).rechunk(tuple(request["chunks"])), dest, lock=False)
    return clock.reply()


def dask_mean(request):
    import dask
    import numpy as np

    source = store(request["from"], context(request["threads"]))
    clock = Clock()
    with dask.config.set(scheduler="threads", num_workers=request["threads"]):
        result = dask_array(source).mean(axis=request.get("axis"), dtype="f8").compute()
    return {**clock.reply(), "value": float(np.ravel(result)[0])}


_kept = {}


def dask_rechunk(request):
    import dask
    import dask.array as da
    import numpy as np

    key = tuple(request["shape"])
    with dask.config.set(scheduler="threads", num_workers=request["threads"]):
        if key not in _kept:
            _kept.clear()
            t, y, x = key
            steps = np.arange(t, dtype="f4").reshape(t, 1, 1)
            full = np.broadcast_to(steps, key)
            _kept[key] = (da.from_array(full, chunks=(1, y, x)) + np.arange(x, dtype="f4")).persist()
        clock = Clock()
        result = _kept[key].rechunk(tuple(request["chunks"])).persist()
        reply = clock.reply()
        del result
    return reply


def numpy_memcpy(request):
    import numpy as np

    size = min(request["bytes"], 1 << 28)
    if size not in _kept:
        _kept[size] = (np.ones(size, np.uint8), np.ones(size, np.uint8))
    source, dest = _kept[size]
    parts = request["threads"]
    step = -(-size // parts)
    slices = [slice(i * step, (i + 1) * step) for i in range(parts)]
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(lambda s: None, slices))
        clock = Clock()
        for _ in range(-(-request["bytes"] // size)):
            list(pool.map(lambda s: np.copyto(dest[s], source[s]), slices))
        reply = clock.reply()
    return reply


RUNS = {
    ("tensorstore", "copy"): tensorstore_copy,
    ("tensorstore", "mean"): tensorstore_mean,
    ("dask", "copy"): dask_copy,
    ("dask", "mean"): dask_mean,
    ("dask", "rechunk"): dask_rechunk,
    ("numpy", "memcpy"): numpy_memcpy,
}


def found():
    names = {}
    for name in ("numpy", "tensorstore", "dask", "cubed", "rechunker"):
        try:
            importlib.import_module("dask.array" if name == "dask" else name)
            names[name] = version(name)
        except ImportError:
            pass
    return names


def main():
    for line in sys.stdin:
        request = json.loads(line)
        if "peers" in request:
            reply = found()
        else:
            reply = RUNS[request["peer"], request["run"]](request)
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
