#!/bin/sh
# Installs PyTorch for the server's decoders. A Linux machine without an NVIDIA GPU takes the CPU build
# (200 MB) where one can be had, not the CUDA one (several GB). The book itself works without torch.
set -eu
torch=$(sed -n 's/^decoders = \["\(torch==[0-9.]*\)"\]$/\1/p' pyproject.toml)
version=${torch#torch==}
pip=".venv/bin/python -m pip install --progress-bar off --retries 1"
if .venv/bin/python -c "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '$version')" 2>/dev/null; then
  exit 0
fi
echo "Installing PyTorch $version"
if [ "$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then
  # Its dependencies stand in requirements.lock, so one look-up is enough.
  if $pip --quiet --no-deps --extra-index-url https://download.pytorch.org/whl/cpu "$torch+cpu" 2>.venv/torch.log; then
    exit 0
  fi
  echo "No CPU build of PyTorch could be had; taking the general build, which brings CUDA (several GB)."
fi
$pip --quiet "$torch" || {
  echo "PyTorch could not be installed. The book works without it, but the server cannot decode: run make again to retry." >&2
}
