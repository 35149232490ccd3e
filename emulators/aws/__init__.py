"""AWS on loopback: one URL that serves every service that Gatepost's modules and daemon call.

Layers, each importing only those above it:
errors      what a call is refused with
scope       account and region of a call, from its signature
validation  a request against botocore's own model
access      whether a policy document lets a service principal in (pure)
moto_clock  the emulated time, for moto
rotation    what a secret's rotation leaves behind
moto_state  the emulated KMS, Secrets Manager, Route 53 …: moto's objects, read, reset and saved
vault       may Mail Manager read this secret, decrypt with this key?
consistency reads that lag behind writes, when asked for
mailmanager all of Mail Manager
identity, identities
            SESv2 email identities, verified by the emulated DNS
calls       which operation an HTTP request is, and how many there were
throttle    too many requests a second, when asked for
record_sets, guards
            what moto lets pass and the services refuse
moto_gaps   what moto refuses and the services take
wire        HTTP answers in each protocol's own form
app         the front: counts, injects faults, dispatches
control     the control paths
component   all of it as a part of the emulators
"""
