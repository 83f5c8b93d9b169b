"""Loops that numba compiles: parallel for the chain, one thread for the moments; fastmath is off."""

import numba
import numpy as np
from data import empty

VERSION = numba.__version__


def threads(n):
    numba.set_num_threads(n)


@numba.njit(parallel=True)
def chain(a, b, c, out, two):
    for i in numba.prange(a.size):
        out[i] = (a[i] * b[i] + c[i]) * two - np.sqrt(np.abs(a[i]))


@numba.njit
def sqdiff(a, b):
    s = 0.0
    for i in range(a.size):
        d = a[i] - b[i]
        s += d * d
    return s / a.size


@numba.njit
def var(x):
    # One read: moments about the first element.
    shift = x[0]
    s = 0.0
    q = 0.0
    for i in range(x.size):
        d = x[i] - shift
        s += d
        q += d * d
    return (q - s * s / x.size) / x.size


def prepare(work, arrays):
    flat = [x.reshape(-1) for x in arrays]
    if work == "chain":
        out = empty(flat[0].shape, flat[0].dtype)
        two = out.dtype.type(2)  # an int would widen float32

        def run():
            chain(*flat, out, two)
            return out

    elif work == "sqdiff":

        def run():
            return sqdiff(*flat)

    elif work == "var":

        def run():
            return var(*flat)

    elif work == "std":

        def run():
            return var(*flat) ** 0.5

    else:
        raise ValueError(work)
    run()  # compiles
    return run
