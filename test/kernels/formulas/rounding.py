"""Correctly rounded values as the vector files hold them. Arrays are little-endian, in base64."""

import base64

import mpmath as mp
import numpy as np


def nearest(value):
    """The double nearest to a value, and the rest in units in its last place."""
    sign, mantissa, exponent, bits = value._mpf_
    if mantissa == 0:
        return 0.0, 0.0
    place = max(exponent + bits - 53, -1074)
    scaled = mp.ldexp(value, -place)
    whole = mp.nint(scaled)
    return float(mp.ldexp(whole, place)), float(scaled - whole)


def base(values, dtype):
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()
