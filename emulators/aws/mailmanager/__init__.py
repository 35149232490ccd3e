"""SES Mail Manager, all of it.

Layers, each importing only those above it:
store           resources of an account and region, as plain data
paging          opaque continuation tokens
context         what one call sees: its scope, the stores, the time
references      what rules and statements name, and who names a resource
addresses, archived
                entries of address lists and archived messages, read and judged (pure)
links           signed links to uploads and downloads
relays, rule_sets, traffic_policies, ingress_points, archives, archive_jobs, address_lists,
address_imports, addons, tags
                one file a resource: operation by operation, dict in, dict out
service         from an operation's name and body to its answer
"""
