-- Work that is held has a due time that somebody must see, and so has an answer on its way; what was sent last
-- is found without reading the archive of whole conversations.
DROP INDEX conversations_watched;
CREATE INDEX conversations_watched ON conversations (accountable, urgency, id)
    WHERE status IN ('open', 'held') AND owner IS NULL;
DROP INDEX conversations_standing;
CREATE INDEX conversations_standing ON conversations (queue, channel, owner, due_at, waiting_since, status)
    WHERE status IN ('open', 'held');
CREATE INDEX conversations_late ON conversations (due_at, queue, channel, status)
    WHERE due_at IS NOT NULL AND status IN ('pending', 'resolved', 'snoozed');
ALTER TABLE archive ADD COLUMN sent_at INTEGER;
UPDATE archive SET sent_at = CAST(
    round((julianday(json_extract(CAST(doc AS TEXT), '$.sent_at')) - 2440587.5) * 86400000) AS INTEGER);
CREATE INDEX archive_sent ON archive (sent_at, id) WHERE sent_at IS NOT NULL;
