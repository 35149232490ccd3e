"""The actions that end elsewhere than in SMTP: archives, Maildirs, S3, SNS and Lambda.

A step waits in the queue of its site as every step does; `dispatch.Sites` hands a batch that is due
to what reaches that kind of site. Each action is a file of its own that does one `values.Task` in a
thread, and says what became of it as `delivery.values.Outcome`, so that retries, expiry, hold,
suspension, events and metrics are those of every delivery.
"""
