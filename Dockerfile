# Dependencies are installed by hash in a first stage; only the result is kept, without pip, compiler or caches.
ARG BASE=docker.io/library/python:3.13.3-slim@sha256:56a11364ffe0fee3bd60af6d6d5209eba8a99c2c16dc4c7c5861dc06261503cc

# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN python3 -m venv /opt/evalbot \
    && /opt/evalbot/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY evalbot evalbot
COPY examples/support-bot examples/support-bot
RUN /opt/evalbot/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/evalbot/bin/pip uninstall --yes pip hatchling \
    && find /opt/evalbot -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} + \
    && /opt/evalbot/bin/python -m compileall -q /opt/evalbot/lib

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="evalbot" \
      org.opencontainers.image.description="Tells you, in the pull request, whether a prompt change made your product worse" \
      org.opencontainers.image.source="https://github.com/evalbot/evalbot" \
      org.opencontainers.image.licenses="MIT"
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/evalbot /opt/evalbot
COPY entrypoint /opt/evalbot/bin/entrypoint
ENV PATH=/opt/evalbot/bin:$PATH PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/evalbot/bin/python", "/opt/evalbot/bin/entrypoint"]
