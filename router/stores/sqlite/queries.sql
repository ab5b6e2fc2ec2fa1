-- Every statement of the SQLite store, by name. Lists of keys come as one JSON array, so that a batch is one
-- statement; CROSS JOIN keeps the planner from turning the loop round. tests/integration/test_store_plans.py
-- asks the planner for each of them and refuses one that scans a big table.

-- == accepting =================================================================================

-- name: accept
INSERT INTO messages (key, channel, received_at, due_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING

-- name: accept_body
INSERT INTO bodies (n, doc) VALUES (?, ?)

-- name: unrouted
SELECT channel, key FROM messages WHERE state = 'new' AND received_at < ? ORDER BY received_at LIMIT ?

-- name: park
UPDATE messages SET state = 'parked', reason = ?, parked_at = ?, attempts = attempts + 1
WHERE key = ? AND state IN ('new', 'parked')

-- name: parked
SELECT m.state, m.conversation, m.seq, m.queue, m.due_at, m.reason, m.parked_at, m.attempts, b.doc
FROM messages m CROSS JOIN bodies b ON b.n = m.n
WHERE m.state = 'parked' ORDER BY m.parked_at, m.key LIMIT ?

-- name: unpark
UPDATE messages SET state = 'new', reason = '', parked_at = NULL WHERE key = ? AND state = 'parked'

-- name: discard
UPDATE messages SET state = 'discarded', reason = ? WHERE key = ? AND state = 'parked'

-- name: messages
SELECT m.state, m.conversation, m.seq, m.queue, m.due_at, m.reason, m.parked_at, m.attempts, b.doc
FROM json_each(?) k CROSS JOIN messages m ON m.key = k.value CROSS JOIN bodies b ON b.n = m.n

-- == deciding ==================================================================================

-- name: linked
-- The newest conversations of each link: link, conversation. A stranger may let thousands share one, hence the limit.
SELECT k.value, l.conversation
FROM json_each(?1) k CROSS JOIN links l ON l.link = k.value AND l.opened_at >= coalesce(
    (SELECT opened_at FROM links WHERE link = k.value ORDER BY opened_at DESC LIMIT 1 OFFSET ?2 - 1), -9e15)
ORDER BY l.opened_at DESC, l.conversation DESC

-- name: holders
-- Everybody with an identity key: key, whether they came with it first, the record.
SELECT k.value, coalesce(c.first = k.value, 0), c.doc
FROM json_each(?) k CROSS JOIN identities i ON i.key = k.value CROSS JOIN customers c ON c.id = i.customer

-- name: customers
SELECT c.id, c.doc FROM json_each(?) k CROSS JOIN customers c ON c.id = k.value

-- name: newest_of_customers
SELECT c.id
FROM json_each(?1) k CROSS JOIN conversations c ON c.customer = k.value AND c.updated_at >= coalesce(
    (SELECT updated_at FROM conversations WHERE customer = k.value ORDER BY updated_at DESC LIMIT 1 OFFSET ?2 - 1), -9e15)

-- name: conversations
SELECT c.id, c.version, c.doc FROM json_each(?) k CROSS JOIN conversations c ON c.id = k.value

-- name: notes_sent
SELECT k.value, (SELECT count(*) FROM notes WHERE identity = k.value AND allowed = 1 AND at > ?2) FROM json_each(?1) k

-- name: lanes
-- The lanes that have somebody waiting, one index seek each.
WITH RECURSIVE line (lane) AS (
    SELECT min(lane) FROM conversations WHERE lane IS NOT NULL
    UNION ALL
    SELECT (SELECT min(lane) FROM conversations WHERE lane > line.lane) FROM line WHERE line.lane IS NOT NULL
)
SELECT lane FROM line WHERE lane IS NOT NULL

-- name: waiting
SELECT id, version, doc FROM conversations WHERE lane = ? ORDER BY urgency, id LIMIT ?

-- name: new_agent
INSERT INTO agents (version, seen_at, doc, id) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, doc = excluded.doc,
    seen_at = nullif(max(coalesce(seen_at, 0), coalesce(excluded.seen_at, 0)), 0)
WHERE version = 0

-- name: change_agent
UPDATE agents SET version = ?1, doc = ?3, seen_at = nullif(max(coalesce(seen_at, 0), coalesce(?2, 0)), 0)
WHERE id = ?4 AND version = ?1 - 1

-- name: new_customer
INSERT INTO customers (version, doc, first, id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: change_customer
UPDATE customers SET version = ?1, doc = ?2 WHERE id = ?3 AND version = ?1 - 1

-- name: identity
INSERT INTO identities (key, customer) VALUES (?, ?) ON CONFLICT DO NOTHING

-- name: lost_identity
DELETE FROM identities WHERE key = ? AND customer = ?

-- name: taken
-- Which of these messages are in a conversation already: key, conversation.
SELECT m.key, m.conversation FROM json_each(?) k CROSS JOIN messages m ON m.key = k.value WHERE m.conversation IS NOT NULL

-- name: new_conversation
INSERT INTO conversations (version, customer, channel, queue, status, owner, accountable, lane, urgency, waiting_since,
    due_at, send_at, wake_at, updated_at, sent_at, seq, needs, bucket, doc, id, reference)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: change_conversation
UPDATE conversations SET version = ?1, customer = ?2, channel = ?3, queue = ?4, status = ?5, owner = ?6, accountable = ?7,
    lane = ?8, urgency = ?9, waiting_since = ?10, due_at = ?11, send_at = ?12, wake_at = ?13, updated_at = ?14,
    sent_at = max(coalesce(sent_at, ?15), coalesce(?15, sent_at)), seq = ?16, needs = ?17, bucket = ?18,
    doc = ?19
WHERE id = ?20 AND version = ?1 - 1

-- name: send_conversation
-- For steps of a sender alone: whatever else has a column is as it was.
UPDATE conversations SET version = ?1, send_at = ?2, sent_at = max(coalesce(sent_at, ?3), coalesce(?3, sent_at)), seq = ?4,
    doc = ?5
WHERE id = ?6 AND version = ?1 - 1

-- name: apply
UPDATE messages SET state = 'applied', reason = '', parked_at = NULL, conversation = ?, seq = ?, queue = ?
WHERE key = ? AND conversation IS NULL

-- name: link
INSERT INTO links (link, opened_at, conversation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: archive
INSERT INTO archive (conversation, seq, id, sent_at, doc) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- == reading ===================================================================================

-- name: conversation
SELECT id, version, doc FROM conversations WHERE id = ?

-- name: by_link
SELECT c.id, c.version, c.doc FROM links l CROSS JOIN conversations c ON c.id = l.conversation
WHERE l.link = ? ORDER BY l.opened_at DESC, l.conversation DESC LIMIT 1

-- name: transcript_messages
SELECT m.state, m.conversation, m.seq, m.queue, m.due_at, m.reason, m.parked_at, m.attempts, b.doc
FROM messages m CROSS JOIN bodies b ON b.n = m.n
WHERE m.conversation = ? AND m.seq > ? ORDER BY m.seq LIMIT ?

-- name: transcript_archive
SELECT doc FROM archive WHERE conversation = ? AND seq > ? ORDER BY seq LIMIT ?

-- name: mine
SELECT id, version, doc FROM conversations WHERE status = 'open' AND owner = ? ORDER BY urgency, id LIMIT ?

-- name: watched
SELECT id, version, doc FROM conversations WHERE status IN ('open', 'held') AND owner IS NULL AND accountable = ?
ORDER BY urgency, id LIMIT ?

-- name: listed
SELECT id, version, doc FROM conversations
WHERE status = ?1 AND (urgency, id) > (
    coalesce((SELECT urgency FROM conversations WHERE id = ?2), -9e999), coalesce((SELECT id FROM conversations WHERE id = ?2), ''))
ORDER BY urgency, id LIMIT ?3

-- name: listed_queue
SELECT id, version, doc FROM conversations
WHERE status = ?1 AND queue = ?4 AND (urgency, id) > (
    coalesce((SELECT urgency FROM conversations WHERE id = ?2), -9e999), coalesce((SELECT id FROM conversations WHERE id = ?2), ''))
ORDER BY urgency, id LIMIT ?3

-- name: of_customer
SELECT id, version, doc FROM conversations WHERE customer = ? ORDER BY updated_at DESC, id DESC LIMIT ?

-- name: last_sent
-- The conversations in which something was sent last; the newest items are among theirs.
SELECT id, version, doc FROM conversations WHERE sent_at IS NOT NULL ORDER BY sent_at DESC, id DESC LIMIT ?

-- name: last_archived
SELECT conversation, doc FROM archive WHERE sent_at IS NOT NULL ORDER BY sent_at DESC, id DESC LIMIT ?

-- name: to_send
SELECT id, version, doc FROM conversations WHERE send_at <= ? ORDER BY send_at, id LIMIT ?

-- name: to_wake
SELECT id, version, doc FROM conversations WHERE wake_at <= ? ORDER BY wake_at, id LIMIT ?

-- == searching =================================================================================

-- name: unsearched
SELECT n, id, searched, seq, doc FROM conversations WHERE searched < seq LIMIT ?

-- name: is_unsearched
SELECT 1 FROM conversations WHERE searched < seq LIMIT 1

-- name: unsearched_messages
SELECT m.seq, b.doc FROM messages m CROSS JOIN bodies b ON b.n = m.n WHERE m.conversation = ? AND m.seq > ? AND m.seq <= ?

-- name: unsearched_archive
SELECT doc FROM archive WHERE conversation = ? AND seq > ? AND seq <= ?

-- name: add_words
INSERT INTO words (rowid, text) VALUES (?, ?)

-- name: searched
UPDATE conversations SET searched = ?2 WHERE n = ?1

-- name: search
-- The newest of the last few thousand hits: rowid grows with the conversations.
SELECT c.id, c.version, c.doc
FROM (SELECT DISTINCT rowid >> 20 AS n FROM (SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT 5000)) hit
CROSS JOIN conversations c ON c.n = hit.n
ORDER BY c.updated_at DESC, c.id DESC LIMIT ?2

-- == agents, notes, leases, records, log =======================================================

-- name: agents
SELECT id, version, seen_at, doc FROM agents

-- name: touch
INSERT INTO agents (id, version, seen_at, doc) VALUES (?, 0, ?, ?)
ON CONFLICT (id) DO UPDATE SET seen_at = max(coalesce(seen_at, 0), excluded.seen_at)

-- name: note
SELECT allowed FROM notes WHERE identity = ? AND note = ?

-- name: count_notes
SELECT count(*) FROM notes WHERE identity = ? AND allowed = 1 AND at > ?

-- name: add_note
INSERT INTO notes (identity, note, at, allowed) VALUES (?, ?, ?, ?)

-- name: forget_notes
DELETE FROM notes WHERE at < ?

-- name: lease
SELECT holder, fence, until, value FROM leases WHERE name = ?

-- name: take_lease
INSERT INTO leases (name, holder, fence, until, value) VALUES (?, ?, ?, ?, '')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, until = excluded.until

-- name: save_lease
UPDATE leases SET value = ?, until = ? WHERE name = ? AND holder = ? AND fence = ?

-- name: release
UPDATE leases SET holder = '', until = 0 WHERE name = ? AND holder = ? AND fence = ?

-- name: record
SELECT id, doc, version, expires_at FROM records WHERE kind = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)

-- name: records
SELECT id, doc, version, expires_at FROM records WHERE kind = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ?

-- name: new_record
INSERT INTO records (kind, id, version, expires_at, doc) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (kind, id) DO UPDATE SET version = ?3, expires_at = ?4, doc = ?5 WHERE expires_at <= ?6

-- name: change_record
UPDATE records SET version = ?3, expires_at = ?4, doc = ?5
WHERE kind = ?1 AND id = ?2 AND version = ?3 - 1 AND (expires_at IS NULL OR expires_at > ?6)

-- name: drop_record
DELETE FROM records WHERE kind = ? AND id = ?

-- name: forget_records
DELETE FROM records WHERE expires_at < ?

-- name: append
INSERT INTO log (at, kind, queue, channel, doc) VALUES (?, ?, ?, ?, ?)

-- name: log
SELECT n, doc FROM log WHERE n > ? ORDER BY n LIMIT ?

-- == health and audit ==========================================================================

-- name: standing
-- counts: walks what is open or held, in its own small index.
SELECT queue, channel, sum(owner IS NULL), sum(owner IS NOT NULL), min(CASE WHEN owner IS NULL THEN waiting_since END),
    min(due_at), sum(due_at < ?1), sum(due_at >= ?1 AND due_at < ?2)
FROM conversations INDEXED BY conversations_standing WHERE status IN ('open', 'held') GROUP BY queue, channel

-- name: standing_late
-- Answers on their way that did not leave in time; who waits for nothing has no due time here.
SELECT queue, channel, 0, 0, NULL, NULL, count(*), 0
FROM conversations WHERE status IN ('pending', 'resolved', 'snoozed') AND due_at < ? GROUP BY queue, channel

-- name: standing_new
-- counts: walks the messages that nobody has decided yet.
SELECT 'triage', channel, count(*), 0, min(received_at), min(due_at), sum(due_at < ?1), sum(due_at >= ?1 AND due_at < ?2)
FROM messages WHERE state = 'new' GROUP BY channel

-- name: arrived
SELECT queue, channel, count(*) FROM messages WHERE received_at >= ? GROUP BY queue, channel

-- name: handled
SELECT queue, channel, count(*) FROM log
WHERE kind IN ('answered', 'promised', 'kept', 'renewed', 'broken', 'withdrawn', 'waited')
    AND kind = 'answered' AND at >= ?
GROUP BY queue, channel

-- name: parked_counts
-- counts: walks the parked messages.
SELECT queue, channel, count(*) FROM messages WHERE state = 'parked' GROUP BY queue, channel

-- name: promises
SELECT queue, channel, kind, count(*) FROM log
WHERE kind IN ('answered', 'promised', 'kept', 'renewed', 'broken', 'withdrawn', 'waited')
    AND kind IN ('promised', 'kept', 'renewed', 'broken', 'withdrawn') AND at >= ? AND at < ?
GROUP BY queue, channel, kind

-- name: happened
SELECT doc FROM log
WHERE kind IN ('answered', 'promised', 'kept', 'renewed', 'broken', 'withdrawn', 'waited')
    AND kind = ? AND at >= ? AND at < ?
ORDER BY at DESC LIMIT ?

-- name: backlog
-- counts: walks what is to be done now, in its own small index.
SELECT needs, queue, channel, owner, bucket, count(*) FROM conversations WHERE needs IS NOT NULL
GROUP BY needs, queue, channel, owner, bucket

-- name: audit_messages
SELECT m.state, m.conversation, m.seq, m.queue, m.due_at, m.reason, m.parked_at, m.attempts, b.doc
FROM messages m CROSS JOIN bodies b ON b.n = m.n WHERE m.key > ? ORDER BY m.key LIMIT ?

-- name: audit_conversations
SELECT id, version, doc FROM conversations WHERE id > ? ORDER BY id LIMIT ?
