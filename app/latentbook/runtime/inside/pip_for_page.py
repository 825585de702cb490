"""``pip_for_page.py MARKERS ARGUMENTS``: runs pip as if in the page.

pip's own options choose the platform of wheels, but pip evaluates the markers of a requirement
(``; sys_platform != "emscripten"``) for the Python that runs it.
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
