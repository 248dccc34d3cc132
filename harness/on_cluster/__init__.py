"""Releases of the chart on a real cluster, and clients beside them: for its tests and for the benchmarks."""
