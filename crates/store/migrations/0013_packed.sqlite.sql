-- What a wallet holds, packed: a third of the bytes of the text, and nothing to parse. A row that nothing has changed since has the text; whoever
-- changes it writes this and an empty text. The text has another name now, so that a process of an earlier version, which does not know that a
-- wallet may be packed, can decide on none.
ALTER TABLE wallets ADD COLUMN packed BLOB;
ALTER TABLE wallets RENAME COLUMN state TO unpacked;
