"""Restores Python after each piece of readers' code.

A cell may reassign ``print``, empty ``sys.modules``, close ``sys.stdout`` or replace a function of
NumPy. This lasts only until the cell ends: the next cell and the instruments find everything
restored.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import sys
from types import FunctionType, ModuleType
from typing import Any, TextIO

import numpy as np

PUBLIC = ("numpy", "numpy.fft", "numpy.linalg", "numpy.random")
HOOKS = ("displayhook", "excepthook", "unraisablehook", "path_hooks", "meta_path", "modules")
DEVICES = {"stdout": (1, "/dev/stdout"), "stderr": (2, "/dev/stderr")}


class InterpreterDamaged(BaseException):
    """Python cannot be repaired. This passes every handler; the worker ends and is replaced."""


class InterpreterState:
    """The interpreter's state, saved while readers' code runs."""

    def __init__(self) -> None:
        self.modules: dict[str, ModuleType] = {}
        self.names: dict[str, dict[str, Any]] = {}
        self.bodies: dict[FunctionType, tuple[Any, ...]] = {}
        self.builtins = dict(vars(builtins))
        self.hooks = {name: getattr(sys, name) for name in HOOKS}
        self.finders = list(sys.meta_path)
        self.replaced: list[str] = []
        self.recursion_limit = sys.getrecursionlimit()

    def note(self, name: str) -> None:
        """Report that something of the book's was restored."""
        self.replaced.append(name)

    def remember(self) -> None:
        """Save the present state. Call it before readers' code runs."""
        self.streams = {name: getattr(sys, name) for name in DEVICES}
        self.errors = np.geterr()
        self.tracers = sys.gettrace(), sys.getprofile()
        self.on_interrupt = signal.getsignal(signal.SIGINT)
        self.modules = dict(sys.modules)
        for name, module in self.modules.items():
            if name in self.names:
                continue
            if name in PUBLIC or name.split(".")[0] == "widgets":
                self.names[name] = dict(vars(module))
                functions = [f for f in vars(module).values() if isinstance(f, FunctionType)]
                self.bodies |= {function: body(function) for function in functions}

    def put_back(self) -> list[str]:
        """Restore the saved state.

        Returns
        -------
        list of str
            Names of the book's modules that had been replaced: ``numpy.sum``.

        Raises
        ------
        InterpreterDamaged
            If Python can no longer run code, as after an audit hook that refuses everything.
        """
        while True:
            try:
                self._put_all_back()
                alive = eval(compile("sum([1, 2])", "check", "eval")) == 3
            except KeyboardInterrupt:  # Stop does not interrupt this
                continue
            except BaseException:
                alive = False
            if not alive:
                raise InterpreterDamaged("the code has broken it")
            replaced, self.replaced = self.replaced, []
            return replaced

    def _put_all_back(self) -> None:
        # Use no builtins before they are restored: a cell may have deleted them.
        builtins.__dict__.update(self.builtins)
        sys.settrace(self.tracers[0])
        sys.setprofile(self.tracers[1])
        sys.setrecursionlimit(self.recursion_limit)
        for name, hook in self.hooks.items():
            setattr(sys, name, hook)
        sys.meta_path[:] = self.finders
        sys.modules.update(self.modules)
        if signal.getsignal(signal.SIGINT) is not self.on_interrupt:
            signal.signal(signal.SIGINT, self.on_interrupt)
        np.seterr(**self.errors)
        for name, stream in self.streams.items():
            if closed(stream):
                stream = open_again(name)
            stream.flush()  # an unfinished line belongs to this code, not to the next
            setattr(sys, name, stream)
        for function, kept in self.bodies.items():
            if body(function) != kept:
                function.__code__, function.__defaults__, function.__kwdefaults__ = kept
        self._put_names_back()

    def _put_names_back(self) -> None:
        """Restore the functions and tables of the modules that instruments depend on."""
        for module, names in self.names.items():
            current = vars(self.modules[module])
            if names.items() <= current.items():
                continue
            for name, value in names.items():
                if current.get(name) is not value:
                    self.note(f"{module}.{name}")
            current.update(names)


def body(function: FunctionType) -> tuple[Any, ...]:
    """A function's code and its defaults."""
    return function.__code__, function.__defaults__, function.__kwdefaults__


def closed(stream: Any) -> bool:
    """Whether a stream can no longer be written to."""
    if type(stream) is not io.TextIOWrapper:
        return False  # not Python's own: the code that set it is responsible
    if stream.closed:
        return True
    try:
        os.fstat(stream.fileno())
    except OSError:
        return True
    return False


def open_again(name: str) -> TextIO:
    """A stream to replace one that a cell has closed."""
    number, device = DEVICES[name]
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(device, os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
    return open(number, "w", encoding="utf-8", buffering=1, closefd=False)
