"""`make soak`: a real daemon under mixed load for half an hour, with faults by schedule; what it
was given is counted until it has arrived, and its memory and open files are watched.

schedule.py says when what goes wrong, clients.py sends, hop.py receives, faults.py breaks things,
sampling.py looks into /proc, ledger.py keeps the account, judgement.py draws the conclusions, and
report.py shows them. ledger.py, judgement.py, schedule.py and plots.py are pure.
"""
