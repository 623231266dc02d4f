"""Metrics: each scores one answer; deterministic ones here, judges by asking a model through the port they are given."""
