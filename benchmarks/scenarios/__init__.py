"""The benchmarks, a file for each topic."""
