"""Benchmarks that anyone can run: what evalbot adds, in time, CPU and memory, to the model calls themselves."""
