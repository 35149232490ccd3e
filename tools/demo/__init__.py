"""`make demo`: the whole product once, against the emulators, with every claim checked.

Layers: progress (lines on the terminal, and the checks), commands (processes that end with the
demo), onboarding (the playbook, twice, and what AWS then holds), relay (the daemon from the same
documents), messages (real mail, and what was foretold of it), report (result.json, index.html).
"""
