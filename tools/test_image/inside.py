"""Runs inside the image: tests its server as the image starts it, with a course, and with people.

The only argument is the configuration of the image as JSON: Env, Cmd and Healthcheck.
"""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

MODELS = ("conv_vae_mnist", "mlp_vae_mnist")
MINUTES = 10
"""Long, because a course is built before it is served."""

config = json.loads(sys.argv[1])
environment = dict(line.split("=", 1) for line in config["Env"]) | {"HOME": "/home/reader"}
url = f"http://127.0.0.1:{environment['LATENTBOOK_PORT']}"


def get(path, **headers):
    """Fetch a page that must exist; return header fields and body."""
    with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers)) as answer:
        return answer.headers, answer.read()


@contextmanager
def served(command, **variables):
    """Run a server until the block ends; check that it then stops without an error or output."""
    server = subprocess.Popen(
        command,
        env=environment | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(MINUTES * 60):
        assert server.poll() is None, server.communicate()
        try:
            get("/readyz")
            break
        except urllib.error.URLError:
            time.sleep(1)
    yield
    server.send_signal(signal.SIGTERM)
    _, said = server.communicate(timeout=30)
    assert server.returncode == 0, (server.returncode, said)
    assert said == "", said


def look():
    """Check every chapter and the decoders; return the number of chapters."""
    assert json.loads(get("/healthz")[1]) == {"status": "ok"}
    front = get("/")[1].decode()
    chapters = sorted(set(re.findall(r'href="(?:\./)?([a-z-]+/)"', front)))
    assert chapters, front[:2000]
    for chapter in chapters:
        headers, page = get(f"/{chapter}", **{"Accept-Encoding": "gzip"})
        assert headers["content-encoding"] == "gzip"
        assert b"</html>" in gzip.decompress(page)
    for name in MODELS:
        _, grid = get(f"/api/models/{name}/grid?n=4", Accept="application/octet-stream")
        assert len(grid) == 4 * 4 * 28 * 28, (name, len(grid))
        assert len(set(grid)) > 20, name
        _, picture = get(f"/api/models/{name}/grid?n=16", Accept="image/png")
        assert picture.startswith(b"\x89PNG")
    return len(chapters)


assert os.getuid() == os.geteuid() == 10001, os.getuid()
for place in (*sys.path[1:], "/book/build", "/course"):
    assert not os.access(place, os.W_OK), place

with served(config["Cmd"], PYTHONPATH="/test"):  # where sitecustomize.py is
    kind, *health = config["Healthcheck"]["Test"]
    assert kind == "CMD"
    subprocess.run(health, env=environment, check=True)
    print(f"The book: {look()} pages, grids, nothing written, a clean end", flush=True)

start = time.monotonic()
course = {"LATENTBOOK_COURSE": "/course", "LATENTBOOK_BUILD": "/built"}
with served(["latentbook", "serve"], **course):
    print(f"The course, after {time.monotonic() - start:.0f} s: {look()} pages", flush=True)
    title = re.search('^title = "(.*)"', Path("/course/course.toml").read_text(), re.MULTILINE)
    assert title and title[1] in get("/")[1].decode()

# A course with people: created, checked with its sandbox, and served from the image's bundles.
course |= {"LATENTBOOK_DATABASE": "/built/course.sqlite"}
for command in (["new", "Course"], ["doctor"]):
    subprocess.run(["latentbook", "classroom", *command], env=environment | course, check=True)
with served(["latentbook", "serve"], **course):
    assert b"open to its members only" in get("/classroom/")[1]
    print("The course with people")
