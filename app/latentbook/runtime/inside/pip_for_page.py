"""``pip_for_page.py MARKERS ARGUMENTS``: pip that believes it runs in the page.

pip's own options name the platform of the wheels it may take, but it judges a requirement's
markers (``; sys_platform != "emscripten"``) by the Python that runs it.
"""

import json
import runpy
import sys

from pip._vendor.packaging import markers

_, given, *arguments = sys.argv
environment = json.loads(given)
markers.default_environment = lambda: dict(environment)
sys.argv = ["pip", *arguments]
runpy.run_module("pip", run_name="__main__")
