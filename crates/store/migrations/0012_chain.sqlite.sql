-- The history of a wallet is a chain through the journal: the wallet names the last transaction that changed it, and each of them the one before.
-- The index by wallet, which did this before, was a page at random a payment, in an index that grows with all that was ever done.
ALTER TABLE journal ADD COLUMN previous_id BLOB CHECK (length(previous_id) = 16);
ALTER TABLE wallets ADD COLUMN last_id BLOB CHECK (length(last_id) = 16);

DROP TRIGGER journal_is_never_changed;
UPDATE journal SET previous_id = (SELECT p.id FROM journal p
    WHERE p.wallet_id = journal.wallet_id AND p.wallet_version = journal.wallet_version - 1)
WHERE wallet_version > 1;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
UPDATE wallets SET last_id = (SELECT j.id FROM journal j
    WHERE j.wallet_id = wallets.id AND j.wallet_version = wallets.version)
WHERE version > 0;

DROP INDEX journal_by_wallet;
