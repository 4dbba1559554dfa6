-- Nothing: here rows are changed where they stand.
SELECT 1;
