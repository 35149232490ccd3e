"""AWS on loopback: one URL that serves every service that Gatepost's modules and daemon call.

Layers, each importing only those above it:
errors      what a call is refused with
scope       account and region of a call, from its signature
validation  a request against botocore's own model
access      whether a policy document lets a service principal in (pure)
moto_state  the emulated KMS, Secrets Manager, Route 53 …: moto's objects, read, reset and saved
vault       may Mail Manager read this secret, decrypt with this key?
mailmanager relays, rule sets, traffic policies, ingress points, tags
identities  SESv2 email identities, verified by the emulated DNS
guards      what moto lets pass and the services refuse
moto_gaps   what moto refuses and the services take
calls       which operation an HTTP request is, and how many there were
wire        HTTP answers in each protocol's own form
app         the front: counts, injects faults, dispatches
component   all of it as a part of the emulators
"""
