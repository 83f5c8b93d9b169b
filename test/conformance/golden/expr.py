"""Expressions as text: Python itself says what binds to what, NumPy what the functions give.

The `text` of a record is evaluated here by `eval` and in the tests by `expr`, with the same arrays under the same names.
Random expressions of constants are judged by Python alone; those in which an intermediate integer leaves 64 bits are
left out, because `expr` refuses them.
"""

import ast
import random

import numpy as np

from indexing import SELECTORS
from table import pool, record

# How far sums and elementary functions may be off; everything else is exact.
CLOSE = {"float32": {"relative": 1e-5}, "float64": {"relative": 1e-12}}

EXACT = """
u + v * 2
(u + v) * 2
-u**2
(-u)**2
2**u
u**2**1
u - v - u
u / v / 2
u // 2 % 3
u % 2 * 3
-u // 2
- -u
+u
u * -v
u ** 2 - 1
i + 1
i * 2
i * 2.0
i + 2.5
2.0 * i + i
i / 2
i / 2.0
i // 2
i // 2.0
-i // 3
i % 3
-i % 3
i ** 2
2 ** i
i - 1 - 1
1 - i
i << 1 + 1
i << 1 << 1
i >> 1 & 1
i & 3 | 4
i | 4 & 3
i ^ 3 | 1
i ^ 3 & 1
~i & 7
-i & 7
i & i + 1
i == 3
i != 3
i + 1 > 3 - 1
i > 2.5
(i > 1) & (i < 5)
(i > 1) | ~(i < 5)
~(i == 3) ^ m
m
~m
m & True
m | False
m * 1
m + 1
m + 1.5
m * 2.0
b + 1
b * 2
b / 2
b * 2.0
b // 3
u[:2, :3] + i
b + i
u + 1e-3
u + 16777217
u > 0.1
u[0]
u[-1, 2]
u[1:, ::-1]
u[::2, 1:3]
u[None, 1]
u[..., None]
u[..., 0]
u[newaxis, :, newaxis]
u[:, :2][1]
u[1:2*1, 3 - 2]
u[(1, 2)]
u[1,]
u[1 : , : -1]
i[::-1][1:3]
u.T
u.T[1]
u.T.T
c.T
c[0].T + 1
(u * 2).T[0]
-u.T
-u[0]
u[0] ** 2
u.shape[0] * i
i + u.ndim + u.size
u.real
u.astype('f8')
u.astype('float64') + 1
u.astype(float32)
u.astype(float)
i.astype('<i2') + 1
i.astype(dtype='u1')
astype(u, 'int16')
u.min()
u.max(axis=0)
u.max(0)
u.max(axis=-1, keepdims=True)
max(u, 1)
amax(i)
amin(u, axis=(0, 1))
i.sum()
i.sum(axis=0)
sum(i, 0)
sum(b)
sum(i, dtype='i4')
sum(c, (0, 2))
sum(c, axis=[0, 2][0])
prod(i[1:])
any(m)
all(m, axis=0)
i.argmax()
argmin(u, axis=1)
count_nonzero(m)
count_nonzero(i > 2)
maximum(i, 3)
minimum(u, 0)
minimum(u, 0.5)
maximum(i, 2.5)
absolute(-i)
abs(i - 3)
clip(i, 1, 4)
clip(i, a_min=2, a_max=None)
clip(i, 1.5, None)
u.clip(0, 1)
i.clip(min=2)
where(i > 2, i, 0)
where(i > 2, 1, 0)
where(m, 1.5, 0)
where(m, 2, 0.5)
where(u > 0, u, -u)
where(i > 2, i, 0.5)
floor(u) + ceil(u)
square(u)
sign(u)
trunc(u)
isnan(u / 0)
isfinite(u)
logical_and(i > 1, i < 4)
logical_not(m)
bitwise_and(i, 3)
bitwise_invert(i)
invert(i)
left_shift(i, 2)
right_shift(i, 1)
not_equal(i, 2)
less_equal(i, 2)
floor_divide(i, 4)
remainder(i, 4)
mod(-i, 4)
negative(i)
power(i, 2)
true_divide(i, 4)
divide(i, 4)
copysign(u, -1)
i.reshape(3, 2)
i.reshape((3, -1))
i.reshape(-1)
reshape(i, (3, 2))
reshape(i, shape=(1, -1))
i.ravel()
ravel(i)[2:]
i.flatten()
c.transpose()
c.transpose(1, 0, 2)
c.transpose((2, 0, 1))
transpose(c, (0, 2, 1))
permute_dims(c, (0, 2, 1))
swapaxes(c, 0, 2)
c.swapaxes(-1, 0)
moveaxis(c, 0, -1)
matrix_transpose(c)
c.mT
expand_dims(u, 1)
expand_dims(u, axis=(0, 1))
squeeze(u[:1], 0)
u[:1].squeeze()
broadcast_to(u[0], (2, 4))
concat([u, u], 1)
concat((u, v), axis=0)
concatenate([u, u], axis=None)
concat([i, i[:, :1]], axis=1)
stack([u, v])
stack([u, v], axis=-1)[0]
tile(i, (1, 2))
repeat(i, 2)
repeat(i, 2, axis=0)
roll(i, 1)
roll(i, 1, axis=1)
roll(i, (1, 2), (0, 1))
flip(u, 1)
flip(u)
take(u, [0, 2, 2], axis=1)
take(u, [-1, 0], 0)
u.take([1], axis=0)
cumsum(i, 1)
cumulative_sum(i, axis=0)
cumulative_sum(i, axis=1, include_initial=True)
i.cumprod(axis=1)
i @ i.T
i[i > 2].sum()
tril(u)
triu(u, k=1)
triu(u, -1)
zeros((2, 3))
zeros(3, dtype='i4')
ones((2,), bool)
full((2, 2), 7)
full(3, 1.5)
full(2, True)
full((2,), 3, dtype='f4')
zeros_like(i)
ones_like(u, dtype='i8')
full_like(u, 2)
arange(5)
arange(5.0)
arange(2, 5)
arange(0, 1, 0.25)
arange(5, 0, -2)
arange(3, dtype='f4')
eye(3)
eye(2, 3)
eye(3, k=-1)
linspace(0, 1, 5)
meshgrid(arange(2), arange(3))[1]
meshgrid(arange(2), arange(3), indexing='ij')[0]
broadcast_arrays(u, u[0])[1]
unstack(u)[1]
u + [1, 2, 3, 4]
i * [1.5, 2, 3]
[1, 2, 3]
[1.5, 2, 3]
[[1, 2], [3, 4]]
[True, False]
(1, 2)
u\t+\tv
0x10 + 0o17 + 0b11 + 1_000
1_0.5_0 + .5 + 5. + 1e3 + 1.5E-3 + 1e+2
"""

MULTILINE = ["(u +\n v)", "maximum(\n  u,\n  v,\n)", "concat([\n u,\n v,\n])[\n 1:\n]"]

ROUNDED = """
u @ v.T
2 * u @ v.T
-u @ v.T ** 2
matmul(u, v.T)
u[0] @ v[0]
vecdot(u, v)
outer(u[0], v[0])
tensordot(u, v, axes=2)
tensordot(u, v, axes=([0], [0]))
einsum('ij,kj->ik', u, v)
einsum('ij->j', u)
cumsum(u, axis=0)
u.cumsum(axis=1)
sqrt(u**2 + v**2)
mean(u**2 + v**2, axis=0)
u - u.mean(axis=0)
u.mean()
mean(i)
i.mean(axis=1, keepdims=True)
std(u, axis=0)
std(u, ddof=1)
u.std(axis=0, ddof=1)
var(u, axis=1, correction=1)
var(i)
sum(u)
sum(u, 0, 'f8')
u.sum(axis=(0, 1))
sin(u)**2 + cos(u)**2
exp(-u / 2)
log1p(i)
sqrt(i)
i ** 0.5
i ** -1.0
2.0 ** i
arctan2(u, v)
arcsin(u / 10)
hypot(u, v)
u * pi
np.pi * u
np.sqrt(abs(u))
sqrt(2)
exp(1) - e
sqrt(2) * w
2 * pi * w
"""

CONSTANTS = """
-2**2
2**-1
2**-2**2
2**3**2
(2**3)**2
-2**-2
--2
-+-2
~-1
-~1
2 * 3 + 4
2 + 3 * 4
7 // 2 * 2
7 % 4 // 2
-7 // 2
-7 % 3
7 % -3
7.5 // -2
-7.5 % 2
1 / 3
4 / 2
1 << 2 + 1
1 << 2 << 1
6 & 3 == 2
6 & (3 == 2)
1 | 2 ^ 3 & 4
5 - 3 - 1
2 ** 0.5
True + True
True & False
True | 2
-True
not_equal(1, 2)
1 < 2
1 < 2 < 3
3 > 2 > 2
1 == 1.0
1 == True == 1
1 < 3 > 2 != 5
1 + 1 == 2
1 < 2 == True
1e308 * 10
9007199254740993 + 0
2 ** 62 - 1 + 2 ** 62
0 ** 0
1 ** -1
0.1 + 0.2
"""


def names():
    u = (np.arange(12, dtype="float32").reshape(3, 4) - 4.5) / 2
    return {
        "u": u,
        "v": (np.arange(12, dtype="float32").reshape(3, 4)[::-1] + 1) / 4,
        "w": np.array([0.1, -0.7, 1e10]),
        "i": np.arange(6, dtype="int32").reshape(2, 3),
        "b": np.array([0, 1, 7], dtype="int8"),
        "m": np.array([[True, False, True], [False, False, True]]),
        "c": np.arange(24, dtype="int16").reshape(2, 3, 4),
    }


def value(text, variables):
    scope = {k: v for k, v in vars(np).items() if not k.startswith("_")}
    scope |= {"np": np, "int": int, "float": float, "bool": bool, **variables}
    # In brackets, because `expr` takes line ends for blanks.
    return np.asarray(eval(f"({text}\n)", scope))


def fits(text):
    """Whether no intermediate result is an integer beyond 64 bits, complex, or an error."""
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare)):
            try:
                result = eval(compile(ast.Expression(node), "", "eval"))
            except (ArithmeticError, ValueError, TypeError):
                return False
            if isinstance(result, complex):
                return False
            if isinstance(result, int) and not -(2**63) <= result < 2**63:
                return False
    return True


def random_text(rng):
    operators = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^"]
    weights = [3, 3, 3, 1, 2, 2, 3, 1, 1, 2, 2, 2]
    if rng.random() < 0.3:
        operators, weights = operators[:7] + ["<", "<=", "==", "!=", ">"], weights[:7] + [1] * 5
    text = ""
    open_brackets = 0
    powers = 0
    for n in range(rng.randint(2, 7)):
        if n:
            operator = rng.choices(operators, weights)[0]
            powers = powers + 1 if operator == "**" else 0
            if powers > 2:
                operator, powers = "+", 0
            text += rng.choice([operator, f" {operator} "])
        signs = "".join(rng.choices(["-", "+", "~", "- "], k=rng.choice([0, 0, 0, 1, 1, 2])))
        text += signs
        if rng.random() < 0.15:
            text += "("
            open_brackets += 1
        text += rng.choice(["0", "1", "2", "3", "5", "7", "2", "3", "0.5", "2.5", "1.0"][: rng.choice([8, 8, 11])])
        if open_brackets and rng.random() < 0.4:
            text += ")"
            open_brackets -= 1
    return text + ")" * open_brackets


def make_expr():
    variables = names()
    for name, array in variables.items():
        pool(f"expr-{name}", array)

    def add(text, tolerance=None):
        used = [n for n in variables if n in {x.id for x in ast.walk(ast.parse(f"({text}\n)")) if isinstance(x, ast.Name)}]
        expected = value(text, variables)
        if tolerance:
            tolerance = tolerance.get(expected.dtype.name)
        record(
            "expr",
            [f"expr-{n}" for n in used],
            expected,
            {"text": text, "names": used},
            variant=text,
            tolerance=tolerance,
        )

    for text in dict.fromkeys(EXACT.strip().split("\n")):
        add(text)
    for text in MULTILINE:
        add(text)
    for text in ROUNDED.strip().split("\n"):
        add(text, CLOSE)
    for text in CONSTANTS.strip().split("\n"):
        add(text, CLOSE)
    rng = random.Random(20)
    seen = set()
    while len(seen) < 400:
        text = random_text(rng)
        if text not in seen and fits(text):
            seen.add(text)
            add(text, CLOSE)
    x = pool("expr-indexed", np.arange(60, dtype="int32").reshape(3, 4, 5))
    for text in SELECTORS:
        record("at", [x], eval(f"x[{text}]", {"x": np.arange(60, dtype="int32").reshape(3, 4, 5), "newaxis": None}), {"text": text}, variant=f"text/{text}")
