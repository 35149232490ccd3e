"""The queue: when a step runs, how many at once, and what its outcome settles.

retry        the schedule: the next attempt, a delay notice, expiry; pure
settlement   from outcomes to settlements, notices and events
window       how many runs a destination may have at once
scheduler    the loop that leases what is due, runs it and settles it
"""
