"""The outside world, one module a port; adapters know the domain and nothing else of ours."""
