"""The relay and its peers side by side: `make bench`, `python -m tests.bench`.

source, sink      the load, and where it ends
tree              a server with all its processes: CPU time and memory
debian            Debian's servers, each in a root of its own
peers/            how each server is set up
loads             the loads, and what is asked of the relay under them
rounds            the interleaved runs
backlog, modules  the rows that are no throughput
report, plots     build/bench.json as a table, a page with plots, docs/performance.md
"""
