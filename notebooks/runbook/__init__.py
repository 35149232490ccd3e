"""The runbooks' library: notebooks hold the page's prose, this package reads, judges and shows.

Layers, each importing only those above it: values (step, verdict, reading), policies (the two
policies that a relay's secret needs), aws and google (read the state, all I/O), relay_steps and
google_steps (judge it, pure), render (HTML and the picture of the mail path), book (what a notebook
calls), launch (executes a notebook and leaves the evidence).
"""

from .book import Book
from .values import RunbookFailed, Step

__all__ = ["Book", "RunbookFailed", "Step"]
