"""NumPy's best form of each work: `out=` arguments, no temporaries that can be avoided."""

import numpy as np
from data import empty

VERSION = np.__version__


def threads(n):
    """The environment set OpenBLAS to one thread; nothing else here has any."""


def prepare(work, arrays):
    x = arrays[0]
    dtype = x.dtype
    name, _, axis = work.partition(":")
    if name in ("sum", "mean", "min", "max"):
        function = getattr(np, name)
        if axis == "":
            return lambda: function(x)
        k = int(axis)
        out = empty(np.delete(x.shape, k), dtype)
        return lambda: function(x, axis=k, out=out)
    if name == "sqdiff":
        a, b = arrays
        t = empty(a.shape, dtype)

        def sqdiff():
            np.subtract(a, b, out=t)
            np.multiply(t, t, out=t)
            return t.mean()

        return sqdiff
    if name in ("var", "std"):
        function = getattr(np, name)
        return lambda: function(x)
    if name == "transpose":
        turned = x.transpose(1, 2, 0)
        out = empty(turned.shape, dtype)

        def transpose():
            np.copyto(out, turned)
            return out

        return transpose
    if name == "matmul":
        out = empty(x.shape, dtype)
        return lambda: np.matmul(arrays[0], arrays[1], out=out)
    raise ValueError(work)
