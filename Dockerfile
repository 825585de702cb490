# The book and its decoders in one image: builds with the network, runs without it.
# The steps are those of `make build`, which is exercised outside of Docker (make docker-steps).

FROM node:22-bookworm-slim AS node

FROM python:3.11-slim-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /book
COPY pyproject.toml requirements.lock requirements-dev.lock package.json package-lock.json Makefile README.md LICENSE ./
COPY tools tools
COPY app app
COPY widgets widgets
RUN make .venv/.serve
RUN make node_modules/.installed
COPY static static
COPY content content
RUN make build && rm -rf build/cache build/data

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 reader
WORKDIR /book
COPY --from=build /book/.venv .venv
COPY --from=build /book/app app
COPY --from=build /book/widgets widgets
COPY --from=build /book/pyproject.toml /book/README.md /book/LICENSE ./
COPY --from=build /book/build build
USER reader
ENV PATH=/book/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LATENTBOOK_HOST=0.0.0.0 LATENTBOOK_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s CMD \
  ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/healthz' % os.environ['LATENTBOOK_PORT'], timeout=2)"]
# Nothing is written: run with --read-only.
CMD ["latentbook", "serve", "--built"]
