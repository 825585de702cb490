"""The Content-Security-Policy of pages, for their heads and for the server's headers."""

from collections.abc import Mapping

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # Pyodide compiles WebAssembly
    "worker-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "data:",  # a sound made by a snippet
    "font-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",  # KaTeX sets the heights of its boxes in attributes
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
}


def written(policy: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())
