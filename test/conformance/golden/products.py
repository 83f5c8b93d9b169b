"""Products and contractions: dtypes, batches, lengths of 0 and 1, and the grammar of einsum."""

import numpy as np

from table import EPSILON, FLOATS, REAL, arrays, pool, record

PAIRS = [
    ("int8", "uint8"),
    ("bool", "int16"),
    ("bool", "float32"),
    ("int32", "float32"),
    ("uint64", "int64"),
    ("float32", "float64"),
    ("int16", "float64"),
]


def values(dtype, shape, seed=0):
    """Small numbers; integers large enough that their products wrap."""
    rng = np.random.default_rng(int(np.prod(shape)) + 31 * len(shape) + seed)
    if dtype == "bool":
        return rng.random(shape) < 0.4
    if dtype in FLOATS:
        return rng.uniform(-3, 3, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min // 2, info.max // 2, shape, dtype=dtype, endpoint=True)


def named(dtype, shape, seed=0):
    name = f"{dtype}[{','.join(map(str, shape))}]" + (f"'{seed}" if seed else "")
    return name if name in arrays else pool(name, values(dtype, shape, seed))


def product(fn, function, names, options=None, variant=""):
    """
    In float64, and rounded once: a sum of n products of m factors has an error of at most (n + m) * eps of the sum of
    magnitudes (Higham 2002, section 3.1), and integers none.
    """
    operands = [arrays[n] for n in names]
    expected = np.asarray(function(*operands))
    tolerance = None
    if expected.dtype.name in FLOATS:
        wide = [x.astype("float64") for x in operands]
        expected = np.asarray(function(*wide)).astype(expected.dtype)
        magnitude = np.max(function(*(np.abs(x) for x in wide)), initial=0)
        terms = np.max(function(*(np.ones(x.shape) for x in operands)), initial=0) + len(operands)
        tolerance = {"absolute": float(terms * EPSILON[expected.dtype.name] * magnitude)}
    record(fn, names, expected, options, variant, tolerance)


def make_products():
    make_matmul()
    make_tensordot()
    make_vecdot()
    make_outer()
    make_einsum()


def dtypes():
    return [*((d, d) for d in REAL), *PAIRS]


def make_matmul():
    for a, b in dtypes():
        product("matmul", np.matmul, [named(a, (3, 4)), named(b, (4, 5))])
    shapes = [
        ((4,), (4,)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 3)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 3)),
        ((2, 3, 4), (2, 4, 3)),
        ((2, 1, 3, 4), (3, 4, 2)),
        ((1, 3, 4), (5, 4, 1)),
        ((1, 1), (1, 1)),
        ((1, 6), (6, 1)),
        ((6, 1), (1, 6)),
        ((0, 4), (4, 5)),
        ((3, 0), (0, 5)),
        ((3, 4), (4, 0)),
        ((0,), (0,)),
        ((0, 3, 4), (4, 2)),
        ((0, 3, 4), (1, 4, 2)),
    ]
    for dtype in ("float64", "int8"):
        for left, right in shapes:
            product("matmul", np.matmul, [named(dtype, left), named(dtype, right, 1)])
    rows = np.array([[np.nan, 1.0], [np.inf, 1.0], [-0.0, -0.0]])
    column = np.array([[1.0, 0.0], [-np.inf, 2.0]])
    with np.errstate(invalid="ignore"):
        record("matmul", [rows, column], rows @ column, variant="special", tolerance={"absolute": 0})


def make_tensordot():
    for a, b in dtypes():
        product("tensordot", np.tensordot, [named(a, (2, 3, 4)), named(b, (3, 4, 2))])
    cases = [
        ((2, 3), (4,), 0),
        ((2, 3), (3, 4), 1),
        ((2, 3, 4), (4, 3, 5), [[1, 2], [1, 0]]),
        ((2, 3, 4), (4, 3, 5), [[-1], [0]]),
        ((2, 3, 4), (2, 3, 4), [[0, 1, 2], [0, 1, 2]]),
        ((2, 3, 4), (4, 2, 3), [[0, 2, 1], [1, 0, 2]]),
        ((2, 3), (3, 2), [[], []]),
        ((), (), 0),
        ((3,), (), 0),
        ((2, 0), (0, 3), 1),
        ((0, 2), (2, 3), 1),
        ((1, 1), (1, 1), 2),
    ]
    for dtype in ("float64", "int16"):
        for left, right, axes in cases:
            given = axes if isinstance(axes, int) else tuple(axes)
            variant = f"axes={axes}".replace(" ", "")
            names = [named(dtype, left), named(dtype, right, 1)]
            product("tensordot", lambda x, y: np.tensordot(x, y, given), names, {"axes": axes}, variant)


def make_vecdot():
    for a, b in dtypes():
        product("vecdot", np.vecdot, [named(a, (3, 4)), named(b, (3, 4), 1)])
    cases = [
        ((4,), (4,), -1),
        ((3, 4), (4,), -1),
        ((4,), (2, 3, 4), -1),
        ((4, 3), (4, 1), -2),
        ((4, 3, 2), (4, 1, 2), -3),
        ((2, 4, 3), (4, 3), -2),
        ((3, 0), (3, 0), -1),
        ((0, 4), (4,), -1),
        ((1, 1), (5, 1), -1),
    ]
    for dtype in ("float64", "uint8"):
        for left, right, axis in cases:
            names = [named(dtype, left), named(dtype, right, 1)]
            product("vecdot", lambda x, y: np.vecdot(x, y, axis=axis), names, {"axis": axis}, f"axis={axis}")


def make_outer():
    for a, b in dtypes():
        product("outer", np.outer, [named(a, (3,)), named(b, (4,))])
    for left, right in (((0,), (3,)), ((3,), (0,)), ((1,), (1,))):
        product("outer", np.outer, [named("float64", left), named("float64", right, 1)])


EINSUM = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("ij,jk", (3, 4), (4, 5)),
    ("ji,kj", (3, 4), (5, 3)),
    ("ba", (3, 4)),
    ("aB", (3, 4)),
    ("ij->ji", (3, 4)),
    ("ij->", (3, 4)),
    ("ij->j", (3, 4)),
    ("ii", (4, 4)),
    ("ii->i", (4, 4)),
    ("iij->j", (3, 3, 4)),
    ("iji->ij", (3, 4, 3)),
    ("ijij->ji", (3, 4, 3, 4)),
    ("iii->i", (3, 3, 3)),
    ("iii", (3, 3, 3)),
    ("i,i", (4,), (4,)),
    ("i,j->ij", (3,), (4,)),
    ("i,j->ji", (3,), (4,)),
    ("ij,ij->", (3, 4), (3, 4)),
    ("ij,ij->ij", (3, 4), (3, 4)),
    ("ij,j->i", (3, 4), (4,)),
    ("ii,i->i", (4, 4), (4,)),
    ("ii,jj->", (3, 3), (4, 4)),
    ("i,->i", (3,), ()),
    (",", (), ()),
    ("", ()),
    ("ij,k->i", (3, 4), (5,)),
    ("...", (3, 4)),
    ("...->...", ()),
    ("i...->...", (3, 4)),
    ("...i->i...", (3, 4, 2)),
    ("...ii->...i", (2, 3, 3)),
    ("i...i->...", (3, 4, 3)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
    ("...ij,...jk", (2, 3, 4), (1, 4, 5)),
    ("...i,i...", (2, 3), (3, 2)),
    ("i...,i->...", (3, 4, 2), (3,)),
    ("...,...", (3, 1), (2, 1, 4)),
    ("a...b,b...->...a", (2, 3, 4), (4, 3)),
    ("ij,jk->...ik", (3, 4), (4, 5)),
    ("ij,jk->ik", (3, 1), (4, 5)),
    ("ij,ij->i", (3, 4), (1, 4)),
    ("i,i", (1,), (4,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("ij,jk,ki->", (2, 3), (3, 4), (4, 2)),
    ("ij,jk,kl,lm->im", (2, 3), (3, 4), (4, 2), (2, 3)),
    ("i,j,k->kji", (2,), (3,), (4,)),
    ("i,i,i", (4,), (4,), (4,)),
    ("ij,ik,il->jkl", (3, 2), (3, 4), (3, 2)),
    ("bij,bjk,b->ik", (2, 3, 4), (2, 4, 3), (2,)),
    ("...a,...b,ab->...", (2, 3), (2, 4), (3, 4)),
    (" i j , j k -> i k ", (3, 4), (4, 5)),
    ("ij,jk->ik", (0, 4), (4, 5)),
    ("ij,jk->ik", (3, 0), (0, 5)),
    ("ij->i", (3, 0)),
    ("ij->j", (3, 0)),
    ("ii->i", (0, 0)),
    ("ii", (1, 1)),
    ("i,j,k->", (2,), (0,), (3,)),
]


def make_einsum():
    for text, *shapes in EINSUM:
        for dtype in ("float64", "int16"):
            names = [named(dtype, shape, i) for i, shape in enumerate(shapes)]
            einsum(text, names)
    for a, b in dtypes():
        einsum("ij,kj->ik", [named(a, (3, 4)), named(b, (5, 4))])
        if a == b:
            einsum("ij->i", [named(a, (3, 4))])
    einsum("i,ij,j", [named("bool", (3,)), named("int8", (3, 4)), named("float32", (4,))])


def einsum(text, names):
    options = {"subscripts": text}
    product("einsum", lambda *xs: np.einsum(text, *xs), names, options, text.replace(" ", "_"))
