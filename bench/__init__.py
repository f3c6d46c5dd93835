"""Benchmarks: what the project promises about time and memory, measured."""
