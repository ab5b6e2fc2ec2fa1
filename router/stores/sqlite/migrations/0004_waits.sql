-- Waits that ended are counted lines too: what was promised against what came is read from one index.
DROP INDEX log_counted;
CREATE INDEX log_counted ON log (kind, at, queue, channel)
    WHERE kind IN ('answered', 'promised', 'kept', 'renewed', 'broken', 'withdrawn', 'waited');
