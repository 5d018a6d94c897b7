"""`make bench [ONLY=load]`: run every benchmark, or those whose names are given."""

import importlib
import pkgutil
import sys

import benchmarks

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for module in sorted(each.name for each in pkgutil.iter_modules(benchmarks.__path__)):
        name = module.removeprefix("bench_")
        if name != module and (not wanted or name in wanted):
            importlib.import_module(f"benchmarks.{module}").main()
