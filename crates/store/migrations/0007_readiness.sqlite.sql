-- Readiness: what the operator answered to each line, every change of it. The last one stands. Roles, never names.
CREATE TABLE readiness_changes (
    line_key TEXT NOT NULL CHECK (length(line_key) BETWEEN 1 AND 40),
    version INTEGER NOT NULL CHECK (version >= 1),
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (line_key, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER readiness_changes_stay BEFORE UPDATE ON readiness_changes
BEGIN
    SELECT RAISE(ABORT, 'the history of readiness is never changed');
END;

CREATE TRIGGER readiness_changes_are_kept BEFORE DELETE ON readiness_changes
BEGIN
    SELECT RAISE(ABORT, 'the history of readiness is never deleted');
END;
