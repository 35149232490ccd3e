"""The runbooks' library: notebooks hold the page's prose, this package reads, judges and shows.

Layers, each importing only those above it:

    values, wanted, gateway, policies,
    settings                               steps and verdicts; what there is to be (pure)
    dns, probe, aws, google, microsoft,
    smtp_server, relay_host                read the state: all I/O
    …_steps                                judge it: state in, steps out (pure)
    render, book                           HTML and pictures; what a notebook calls
    parameters, drift, report, evidence    what goes in and what is left behind
    launch                                 executes a notebook
"""

from .book import Book
from .values import RunbookFailed, Step

__all__ = ["Book", "RunbookFailed", "Step"]
