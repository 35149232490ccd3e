"""The daemon's file.

document      what it says as a value; yaml_document reads it
fields        typed access to it, key by key
load          the whole file as a `Config`; looks at nothing else
listeners, documents, references, addresses    its parts
values        what `load` returns
check         what only a host can tell: may this version run it, here
certificates  the TLS of listeners
"""

from gatepost.config.load import load
from gatepost.config.values import Config
from gatepost.errors import ConfigError

__all__ = ["Config", "ConfigError", "load"]
