"""An engine for workers that runs plain Python: as if the language had been broken, and somebody were inside.

What a script leaves in ``r`` is its value.
"""

from __future__ import annotations

import array
import mmap
import struct
import threading
import types

HELD = (array, mmap, struct, threading, types)
"""Imported before the doors close, as an attacker would find them in a larger program."""


class Breach:
    uses = None

    def __init__(self, source):
        self.code = compile(source, "<breach>", "exec")

    def __call__(self, context):
        names = dict(context)
        exec(self.code, names)
        value = names.get("r")
        return value if type(value) in (int, str, type(None)) else repr(value)


class BreachEngine:
    def warm(self):
        exec("import ctypes, os, mmap, struct, threading, array, socket, signal, _posixsubprocess, resource")

    def prepare(self, source, options):
        return Breach(source)


ENGINE = BreachEngine()
