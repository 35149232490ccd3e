"""Delivery: from a leased step to an outcome.

relay        runs a batch of steps: resolves, connects, sends, answers one outcome a step
resolve      which next hops a destination stands for
credentials  secret files
pool         idle connections, kept for the next message
connect      one connection made ready: dial, EHLO, STARTTLS, AUTH
session      transactions on a ready connection
wire         bytes: strict replies in, bounded writes out
command      MAIL, RCPT and header lines, as bytes
outcome      the one place that judges: delivered, deferred or failed
dsn          notices to senders (RFC 3461, RFC 3464)
trace        Received fields and the loop limit
"""
