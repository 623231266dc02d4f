"""Parts for evalbot that live in a package of their own; pyproject.toml names them as entry points."""
