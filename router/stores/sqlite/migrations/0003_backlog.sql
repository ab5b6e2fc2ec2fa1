-- Work to be done, grouped by what it needs of an agent and how urgent it is, is counted from one small index:
-- `needs` is the JSON array [language, skill, …], NULL for what nobody has to do now; `bucket` is urgency / 300.
ALTER TABLE conversations ADD COLUMN needs TEXT;
ALTER TABLE conversations ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET
    bucket = CAST(urgency / 300 AS INTEGER),
    needs = (
        SELECT json_group_array(word) FROM (
            SELECT word FROM (
                SELECT 0 AS place, coalesce(json_extract(CAST(conversations.doc AS TEXT), '$.language'), '') AS word
                UNION ALL
                SELECT 1, value FROM json_each(CAST(conversations.doc AS TEXT), '$.skills')
            ) ORDER BY place, word))
WHERE status = 'open' AND json_extract(CAST(doc AS TEXT), '$.waiting_since') IS NOT NULL
    AND json_extract(CAST(doc AS TEXT), '$.not_before') IS NULL;
CREATE INDEX conversations_backlog ON conversations (needs, queue, channel, owner, bucket) WHERE needs IS NOT NULL;
