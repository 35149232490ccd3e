"""aiosmtpd's own test suite, from its sdist, against our subclass of its server.

`python -m tests.upstream` fetches the sdist of the version and by the hash that the lock file
gives, and runs its tests with `adapter.Adapted` in place of `aiosmtpd.smtp.SMTP`. differences.yml
lists every test that differs on purpose, with the reason and with what its failure must show. A
listed test that passes or fails in another way, and an unlisted one that fails, fail the run.
"""
