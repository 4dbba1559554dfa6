-- Nothing: here the hot path writes its tables at once.
SELECT 1;
