"""Skipped, with the reason, if Ray Serve is not installed."""

import pytest

pytest.importorskip("ray", reason="pip install latentbook[scale] installs Ray Serve")
