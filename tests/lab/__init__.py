"""Real targets on this machine: own network, disk and ssh server, and one container engine."""

from .engines import ENGINES, Engine, Kind
from .host import Unavailable
from .link import Traffic
from .namespace_target import NamespaceTarget
from .slots import sweep

__all__ = ["ENGINES", "Engine", "Kind", "NamespaceTarget", "Traffic", "Unavailable", "sweep"]
