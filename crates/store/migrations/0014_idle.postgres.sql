-- Sessions that nobody has used for too long are found without a look at all others.
CREATE INDEX sessions_by_idle ON sessions (idle_until) WHERE idle_until IS NOT NULL;
