# The book, its decoders and what a course is built with, in one image: builds with the network,
# runs without it. `make image` builds it, `make test-image` builds and tries it without a registry.

FROM node:22-bookworm-slim AS node

FROM python:3.11-slim-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && apt-get update && apt-get install -y --no-install-recommends binutils make
WORKDIR /book
ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 NPM_CONFIG_OMIT=dev
COPY pyproject.toml requirements.lock requirements-uv.lock requirements-server.lock package.json package-lock.json Makefile README.md LICENSE ./
COPY content/LICENSE content/
# As much as installing needs: it is not done again when code changes.
COPY tools/python.sh tools/pip.sh tools/torch.sh tools/npm.sh tools/
COPY app/latentbook/__init__.py app/latentbook/
COPY app/latentbook_authoring/__init__.py app/latentbook_authoring/
COPY app/latentbook_classroom/__init__.py app/latentbook_classroom/
COPY app/latentbook_decoders/__init__.py app/latentbook_decoders/
COPY widgets/__init__.py widgets/renamed.py widgets/
RUN make .venv/.serve \
 && sh tools/pip.sh requirements-server.lock
RUN make node_modules/.installed
COPY app app
COPY widgets widgets
COPY static static
COPY content content
COPY tools/bundles.py tools/
RUN make docker-steps
COPY tools/slim.sh tools/
RUN sh tools/slim.sh

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 reader \
 && install --directory --owner reader /built \
 && install --directory --owner reader --mode 700 /data
WORKDIR /book
# All at once: files that are one on the disk stay one.
COPY --from=build /book /book
USER reader
ENV PATH=/book/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LATENTBOOK_HOST=0.0.0.0 LATENTBOOK_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s CMD \
  ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/healthz' % os.environ['LATENTBOOK_PORT'], timeout=2)"]
# Nothing is written: run with --read-only. /built is for a course, /data for its people (docs/hosting.md).
CMD ["latentbook", "serve", "--built"]
