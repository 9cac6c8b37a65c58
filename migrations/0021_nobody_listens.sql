-- Why: no process listens any more. Doors read who may send anew when they meet a secret they do not
-- know and once in a while, and a book is proved fresh by its number; saying so to nobody cost every
-- commit a lock of its own.

DROP TRIGGER sources_tell ON sources;
DROP TRIGGER tokens_tell ON tokens;
DROP FUNCTION doors_tell();
