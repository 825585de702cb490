"""SVG drawn with node, and what is said where it cannot be."""

import subprocess

import pytest

from training.data import drawings, packages
from training.errors import DataMismatch, DataUnavailable


def test_drawings_that_fail_are_refused_with_what_was_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)
    monkeypatch.setattr(drawings, "installed", lambda *arguments: "draw.mjs")
    said = subprocess.CompletedProcess([], 0, bytes(32 * 32 * 3), b"0: no such element")
    monkeypatch.setattr(drawings.subprocess, "run", lambda *args, **kwargs: said)
    with pytest.raises(DataMismatch, match=r"Emoji could not be drawn.*no such element"):
        drawings.draw(["<svg/>"], 32, "emoji")


def test_no_node_is_one_clear_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataUnavailable, match="Faces cannot be drawn: npm is not installed"):
        drawings.draw(["<svg/>"], 32, "faces")


def test_a_registry_that_cannot_be_reached_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)
    failed = subprocess.CompletedProcess([], 1, b"", b"ENOTFOUND")
    monkeypatch.setattr(drawings.subprocess, "run", lambda *args, **kwargs: failed)
    with pytest.raises(DataUnavailable, match=r"npm install sharp@.* failed\. Is this machine"):
        drawings.draw(["<svg/>"], 32, "emoji")
