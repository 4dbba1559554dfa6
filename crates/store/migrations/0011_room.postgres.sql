-- Rows that are changed stay on their page where there is room for it, and no index learns of it: a code is changed once, when it is used; of a
-- wallet each payment leaves a version behind, which is cleared away when the page is full.
ALTER TABLE codes SET (fillfactor = 50);
ALTER TABLE wallets SET (fillfactor = 80);
