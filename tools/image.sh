#!/bin/sh
# Builds the image with what is there: Docker, Podman or Buildah.
set -eu
name=$1
if docker info >/dev/null 2>&1; then
  exec docker build --tag "$name" .
elif podman info >/dev/null 2>&1; then
  exec podman build --format docker --tag "$name" .
elif command -v buildah >/dev/null 2>&1; then
  exec buildah build --format docker --layers --tag "$name" .
fi
echo "An image is built with Docker, Podman or Buildah, and none of them runs here. On Debian: apt-get install buildah" >&2
exit 1
