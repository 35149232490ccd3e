"""The verdict stage: what SPF, DKIM, DMARC and bound analyzers say of a message, found out only
where a decision hangs on it.

`stage` holds a worker's means; `inquiry` asks about one message and keeps the deadline; `results`
alone says which verdict a result is. The checks (`spf_check`, `dkim_check`, `dmarc`) take a way of
asking DNS, `analyzers` speaks HTTP. docs/verdicts.md says what each verdict means.
"""
