"""numexpr's form of the elementwise chain."""

import numexpr as ne
from data import empty

VERSION = ne.__version__


def threads(n):
    ne.set_num_threads(n)


def prepare(work, arrays):
    if work != "chain":
        raise ValueError(work)
    a, b, c = arrays
    out = empty(a.shape, a.dtype)
    names = {"a": a, "b": b, "c": c}
    return lambda: ne.evaluate("(a * b + c) * 2 - sqrt(abs(a))", local_dict=names, out=out)
