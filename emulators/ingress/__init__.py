"""What stands behind an emulated ingress point: a gatepostd that runs the stored documents.

Nothing runs until somebody connects. Every ingress point gets its own loopback address, to which
the emulated DNS leads its A record; all listen on one port. A connection reads the documents from
the emulated AWS anew, starts gatepostd on them or starts it again when they have changed, and is
handed on with a PROXY header.

Layers, each importing only those above it: stored (the daemon's file from the emulated API),
process (one gatepostd), points (addresses, listeners and connections), component.
"""
