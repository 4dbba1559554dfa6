-- The history of a wallet is a chain through the journal: the wallet names the last transaction that changed it, and each of them the one before.
-- The index by wallet, which did this before, was a page at random a payment, in an index that grows with all that was ever done.
ALTER TABLE journal ADD COLUMN previous_id bytea CHECK (length(previous_id) = 16);
ALTER TABLE wallets ADD COLUMN last_id bytea CHECK (length(last_id) = 16);

ALTER TABLE journal DISABLE TRIGGER journal_is_never_changed;
UPDATE journal j SET previous_id = p.id FROM journal p
WHERE p.wallet_id = j.wallet_id AND p.wallet_version = j.wallet_version - 1;
ALTER TABLE journal ENABLE TRIGGER journal_is_never_changed;
UPDATE wallets w SET last_id = j.id FROM journal j
WHERE j.wallet_id = w.id AND j.wallet_version = w.version;

DROP INDEX journal_by_wallet;
