"""SES Mail Manager: relays, rule sets, traffic policies, ingress points and their tags.

Layers, each importing only those above it:
store           resources of an account and region, as plain data
paging          opaque continuation tokens
context         what one call sees: its scope, the stores, the time
relays, rule_sets, traffic_policies, ingress_points, tags
                one file a resource: operation by operation, dict in, dict out
service         from an operation's name and body to its answer
"""
