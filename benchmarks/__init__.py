"""The benchmarks of `nox -s bench`."""
