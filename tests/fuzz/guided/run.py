"""`python -m tests.fuzz.guided.run TARGET [FILE or libFuzzer's options …]`: one target under
atheris, or on the inputs of those files alone."""

from __future__ import annotations

import sys
import warnings

import atheris
from hypothesis.errors import HypothesisDeprecationWarning

# The properties call `assume` where they are tests; here their targets have seen to it before.
warnings.simplefilter("ignore", HypothesisDeprecationWarning)

with atheris.instrument_imports(include=["gatepost"]):
    from tests.fuzz.guided.targets import TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
