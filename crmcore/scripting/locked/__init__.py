"""What runs inside a locked worker, and what both sides need to speak with each other; imports neither sockets nor processes."""

from crmcore.scripting.locked.bounds import REQUIRED, Bounds
from crmcore.scripting.locked.engine import Context, Engine, Options, Path, Prepared, load_engine
from crmcore.scripting.locked.frames import BadFrame

__all__ = ["REQUIRED", "BadFrame", "Bounds", "Context", "Engine", "Options", "Path", "Prepared", "load_engine"]
