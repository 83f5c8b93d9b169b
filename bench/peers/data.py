"""Arrays of the peers: the numbers of bench/kernels/data.ts, at bases that do not fight for the same cache sets."""

import numpy as np

# An odd number of cache lines, so that no two bases lie a power of two apart.
SKEW = 207 * 64
_count = 0


def empty(shape, dtype):
    global _count
    _count = _count % 15 + 1
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = np.empty(size + 4096 + 16 * SKEW, np.uint8)
    start = -raw.ctypes.data % 4096 + _count * SKEW
    array = raw[start : start + size].view(dtype).reshape(shape)
    array[...] = 0  # touched, as preallocated outputs are
    return array


# Seed, low end and span of every input by name.
KINDS = {
    "a": (1, 0.5, 1.0),
    "b": (2, 0.5, 1.0),
    "c": (3, 0.5, 1.0),
    "wide": (4, -10.0, 20.0),
    "positive": (5, 0.001, 20.0),
}


def inputs(dtype, shape, names):
    return [fill(empty(shape, dtype), *KINDS[name]) for name in names]


def fill(array, seed, low, span):
    flat = array.reshape(-1)
    step = 1 << 22
    for start in range(0, flat.size, step):
        i = np.arange(start, min(start + step, flat.size), dtype=np.uint32)
        h = i * np.uint32(2654435761) + np.uint32(seed * 40503)
        flat[start : start + step] = low + h.astype(np.float64) / 4294967296.0 * span
    return array


def check(result):
    """The mean, and the mean of seven elements, so that a wrong order shows as well."""
    flat = np.asarray(result).reshape(-1)
    some = [float(flat[(flat.size * (2 * k + 1)) // 14]) for k in range(7)]
    weighted = sum(x * (k + 1) for k, x in enumerate(some)) / 7
    return [float(flat.mean(dtype=np.float64)), weighted]
