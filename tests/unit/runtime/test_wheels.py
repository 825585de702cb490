"""Only the file that Pyodide's lock names is accepted, wherever it comes from."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pyodide_lock import PackageSpec

from latentbook.base.errors import LatentbookError
from latentbook.runtime.wheels import Wheels

RIGHT = b"the wheel that the lock file means"
WRONG = b"a page of a captive portal"
NAME = "numpy-2.4.3-py3-none-any.whl"


@pytest.fixture
def package() -> PackageSpec:
    return PackageSpec(
        name="numpy",
        version="2.4.3",
        file_name=NAME,
        install_dir="site",
        sha256=hashlib.sha256(RIGHT).hexdigest(),
    )


@pytest.fixture
def distribution(tmp_path):
    """A local stand-in for the public distribution: its folder and its URL."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "distribution"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def no_index(monkeypatch):
    """Hide every package index from pip."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def wheels(package, cache, url=""):
    return Wheels(cache, cache / "own", url, {"numpy": package})


def unexpected(message):
    raise AssertionError(message)


def test_a_file_in_the_cache_is_taken_without_network(package, tmp_path):
    (tmp_path / NAME).write_bytes(RIGHT)
    assert wheels(package, tmp_path).get(package, unexpected) == tmp_path / NAME


def test_a_changed_file_in_the_cache_is_refused_with_both_hashes(package, tmp_path):
    (tmp_path / NAME).write_bytes(WRONG)
    with pytest.raises(LatentbookError) as refused:
        wheels(package, tmp_path).get(package, unexpected)
    assert hashlib.sha256(WRONG).hexdigest() in str(refused.value)
    assert package.sha256 in str(refused.value)


def test_download_is_kept(package, distribution, tmp_path):
    folder, url = distribution
    (folder / NAME).write_bytes(RIGHT)
    cache = tmp_path / "cache"
    assert wheels(package, cache, url).get(package, print).read_bytes() == RIGHT
    assert wheels(package, cache).get(package, unexpected).read_bytes() == RIGHT


def test_a_wrong_download_is_refused_and_not_kept(package, distribution, tmp_path, no_index):
    folder, url = distribution
    (folder / NAME).write_bytes(WRONG)
    with pytest.raises(LatentbookError, match=package.sha256):
        wheels(package, tmp_path / "cache", url).get(package, print)
    assert not (tmp_path / "cache").exists()


def test_no_network_is_one_clear_message(package, distribution, tmp_path, no_index):
    _, url = distribution  # has no such file
    with pytest.raises(LatentbookError) as failed:
        wheels(package, tmp_path / "cache", url).get(package, print)
    message = str(failed.value)
    assert NAME in message
    assert "File not found" in message
    assert "open-webui==0.12.4 on the package index" in message
    assert message.endswith("Connect to the network and run the command again.")
