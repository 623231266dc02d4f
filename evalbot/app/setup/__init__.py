"""First run: looks at a repository and writes a configuration, a starter dataset and a workflow that work."""
