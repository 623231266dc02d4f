"""The decision, and the only place that makes it: what was measured and a policy in, findings and a verdict out."""
