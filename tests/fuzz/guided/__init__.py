"""Fuzzing that is guided by coverage: atheris mutates octets toward code that no input has reached.

The properties are those of the random tests beside it; targets.py says how octets become their
arguments, seeds.py where mutation begins. `python -m tests.fuzz.guided [TARGET …]` runs each target
for GATEPOST_FUZZ_SECONDS, 60 without it. atheris has wheels for Linux on x86-64 alone.
"""
