"""The Python side of `npm run bench -- kernels`: one JSON request a line in, one answer a line out.

{"peers": true} -> {"numpy": "2.0", ...}: what can be imported here.
{"run": "chain", "peer": "numba", "dtype": "float64", "shape": [n], "inputs": ["a"], "threads": 1, "check": true}
    -> {"seconds": 0.1, "check": 1.5}: one call, and the mean and some elements of its result if asked for.
"""

import gc
import importlib
import json
import sys
import time

PEERS = ("numpy", "numexpr", "numba", "dask")


def load():
    found = {}
    for name in PEERS:
        try:
            found[name] = importlib.import_module(f"{name}_works")
        except ImportError:
            pass
    return found


def main():
    peers = load()
    key = None
    arrays = []
    ready = {}
    gc.disable()
    for line in sys.stdin:
        request = json.loads(line)
        if "peers" in request:
            answer = {name: module.VERSION for name, module in peers.items()}
        else:
            import data

            wanted = [request["dtype"], request["shape"], request["inputs"]]
            if wanted != key:
                ready, arrays = {}, []
                gc.collect()
                arrays = data.inputs(*wanted)
                key = wanted
            what = (request["peer"], request["run"])
            module = peers[request["peer"]]
            if what not in ready:
                # One output at a time: those of others are freed.
                ready = {w: f for w, f in ready.items() if w[1] == request["run"]}
                gc.collect()
                ready[what] = module.prepare(request["run"], arrays)
            run = ready[what]
            module.threads(request["threads"])
            start = time.perf_counter()
            result = run()
            seconds = time.perf_counter() - start
            answer = {"seconds": seconds}
            if request.get("check"):
                answer["check"] = data.check(result)
            del result
        print(json.dumps(answer), flush=True)


main()
