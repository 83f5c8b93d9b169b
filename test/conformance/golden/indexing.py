"""Basic indexing: every form of selector."""

import numpy as np

from table import arrays, record


SELECTORS = [
    "0",
    "-1",
    "2, 3, 4",
    "-3, 0, -1",
    "1, ...",
    "..., 1",
    "..., 0, 1",
    "0, ..., -2",
    "...",
    ":",
    "1:",
    ":2",
    "1:3",
    ":, 1:3",
    ":, :, 1:4",
    "::2, ::3, ::4",
    "::-1",
    "..., ::-1",
    "::-1, ::-1, ::-1",
    ":, ::-2, 3:0:-1",
    "..., -2:",
    "..., :-2",
    "..., -4:-1",
    "..., 100:",
    "..., -100:100",
    "..., 4:1",
    "..., 1:4:-1",
    "..., 4::-3",
    "..., :1:-1",
    "..., -1:-100:-2",
    "2:2",
    "newaxis",
    "newaxis, 1",
    ":, newaxis",
    "..., newaxis",
    "newaxis, ..., newaxis",
    "1, newaxis, 1:3, newaxis, ::-1",
    "0, 1:2, newaxis, 3",
    ":, -1:, 2",
]


def parse_selector(text):
    """The selector as Python objects and as JSON: integers, "...", "newaxis", or { slice: [start, stop, step] }."""
    objects, plain = [], []
    for part in (p.strip() for p in text.split(",")):
        if part == "...":
            objects.append(Ellipsis)
            plain.append("...")
        elif part == "newaxis":
            objects.append(np.newaxis)
            plain.append("newaxis")
        elif ":" in part:
            bounds = [int(b) if b else None for b in part.split(":")]
            bounds += [None] * (3 - len(bounds))
            objects.append(slice(*bounds))
            plain.append({"slice": bounds})
        else:
            objects.append(int(part))
            plain.append(int(part))
    return tuple(objects), plain


def make_indexing():
    for name in ("int32.cube", "complex64.cube"):
        for text in SELECTORS:
            objects, plain = parse_selector(text)
            options = {"text": text, "selectors": plain}
            record("at", [name], arrays[name][objects], options, text.replace(" ", ""))
    for text in ("...", "newaxis", "..., newaxis"):
        objects, plain = parse_selector(text)
        options = {"text": text, "selectors": plain}
        record("at", ["float64.scalar"], arrays["float64.scalar"][objects], options, text)
    for text in ("::-1", "0", ":, 0:0", "2, :, 1"):
        objects, plain = parse_selector(text)
        options = {"text": text, "selectors": plain}
        record("at", ["int32.hollow"], arrays["int32.hollow"][objects], options, text)
