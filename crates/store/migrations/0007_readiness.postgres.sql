-- Readiness: what the operator answered to each line, every change of it. The last one stands. Roles, never names.
CREATE TABLE readiness_changes (
    line_key text NOT NULL CHECK (length(line_key) BETWEEN 1 AND 40),
    version bigint NOT NULL CHECK (version >= 1),
    at bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (line_key, version)
);

CREATE FUNCTION readiness_changes_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history of readiness is never changed or deleted'; END $$;
CREATE TRIGGER readiness_changes_stay BEFORE UPDATE OR DELETE ON readiness_changes
FOR EACH ROW EXECUTE FUNCTION readiness_changes_stay();
