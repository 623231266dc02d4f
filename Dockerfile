# Dependencies are installed by hash in a first stage; only what runs is kept: no pip, compiler, tests, headers or caches.
# `make image` builds and runs this without an engine and prints what everything weighs.
ARG BASE=docker.io/library/python:3.13.3-slim@sha256:56a11364ffe0fee3bd60af6d6d5209eba8a99c2c16dc4c7c5861dc06261503cc

# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN python3 -m venv /opt/evalbot \
    && /opt/evalbot/bin/pip install --no-cache-dir --no-compile --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY evalbot evalbot
COPY examples/support-bot examples/support-bot
COPY examples/workflows examples/workflows
# The second line takes out what only built the package, and cryptography, which PyGithub needs to sign in as an app and we
# never do; the third what only compilers, type checkers and test runs read; the fourth what is in scipy beside its special functions.
RUN /opt/evalbot/bin/pip install --no-cache-dir --no-compile --no-deps --no-build-isolation . \
    && /opt/evalbot/bin/pip uninstall --yes cryptography editables hatchling packaging pluggy tomlkit trove-classifiers setuptools pip \
    && find /opt/evalbot/lib -path '*/site-packages/*' \( -name tests -o -name '*.pyi' -o -name '*.pxd' -o -name '*.h' -o -name '*.a' \) -prune -exec rm -rf {} + \
    && find /opt/evalbot/lib -path '*/site-packages/scipy/*' -prune -type d ! -name _lib ! -name special ! -name __pycache__ -exec rm -rf {} + \
    && /opt/evalbot/bin/python -m compileall -q -j 0 /opt/evalbot/lib

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="evalbot" \
      org.opencontainers.image.description="Tells you, in the pull request, whether a prompt change made your product worse" \
      org.opencontainers.image.source="https://github.com/evalbot/evalbot" \
      org.opencontainers.image.licenses="MIT"
# Of git we run the program itself and its HTTPS transport. Perl (48 MB), the scripts in it, the servers and the translations
# are never run; apt's records stay, so that scanners know which git this is.
# hadolint ignore=DL3008,DL4006
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && dpkg-query --show --showformat '${Package}\n' git-man liberror-perl perl 'perl-modules-*' 'libperl5*' \
        | xargs dpkg --purge --force-depends \
    && find /usr/lib/git-core -type f ! -name git ! -name 'git-remote-*' -delete \
    && find /usr/lib/git-core -xtype l -delete \
    && rm -rf /usr/bin/scalar /usr/bin/git-shell /usr/share/gitweb /usr/share/locale/*/LC_MESSAGES/git.mo \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/evalbot /opt/evalbot
COPY entrypoint /opt/evalbot/bin/entrypoint
ENV PATH=/opt/evalbot/bin:$PATH PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/evalbot/bin/python", "/opt/evalbot/bin/entrypoint"]
