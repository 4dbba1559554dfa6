-- Nothing: an insert replaces no rows here, and the trigger of the journal costs no insert anything.
SELECT 1;
