"""Writes the recorded payloads of the forum, made up after the shape that Discourse gives them.

Run as `python -m channels.forum.testdata.make`; read the difference before you commit it.
"""

import json
from pathlib import Path
from typing import Any

from channels.forum.recorded import parsed

HERE = Path(__file__).parent

POST: dict[str, Any] = {
    "id": 4711, "name": "Ana Berg", "username": "ana_b",
    "avatar_template": "/letter_avatar_proxy/v4/letter/a/b5e925/{size}.png",
    "created_at": "2026-11-21T09:29:58.123Z", "updated_at": "2026-11-21T09:29:58.123Z",
    "cooked": "<p>Hello, my parcel 5521 has not arrived. Can somebody look?</p>",
    "raw": "Hello, my parcel 5521 has not arrived. Can somebody look?",
    "post_number": 1, "post_type": 1, "reply_count": 0, "reply_to_post_number": None, "quote_count": 0,
    "incoming_link_count": 0, "reads": 0, "score": 0, "topic_id": 88, "topic_slug": "where-is-my-parcel",
    "topic_title": "Where is my parcel?", "topic_html_title": "Where is my parcel?", "category_id": 4,
    "display_username": "Ana Berg", "primary_group_name": None, "version": 1, "user_title": None,
    "bookmarked": False, "moderator": False, "admin": False, "staff": False, "user_id": 31, "hidden": False,
    "trust_level": 1, "deleted_at": None, "user_deleted": False, "edit_reason": None, "wiki": False,
    "topic_posts_count": 1, "topic_filtered_posts_count": 1, "topic_archetype": "regular",
    "category_slug": "support",
}  # fmt: skip
REPLY = {
    "id": 4712,
    "post_number": 2,
    "reply_to_post_number": 1,
    "user_id": 32,
    "username": "ben",
    "name": None,
}
US = {
    "username": "example_support",
    "user_id": 5,
    "name": "Example support",
    "staff": True,
    "moderator": True,
}
MARIA = {"username": "Maria_J", "user_id": 6, "name": "Maria Jensen"}
QUOTED = """[quote="example_support, post:2, topic:88, full:true"]
Hi Ana, Maria here.

[quote="ana_b, post:1, topic:88"]
not arrived
[/quote]

I'll answer by 15:40 today.
[/quote]

It is still **not** here.
<!-- a comment nobody sees -->


Here is the label:

![label|690x388](upload://aB3xYz9.jpeg)
[invoice.pdf|attachment](upload://qQ1.pdf) (12.3 KB)"""
COOKED = """<aside class="quote no-group" data-username="example_support" data-post="2" data-topic="88">
<div class="title">example_support:</div><blockquote><p>Hi Ana, Maria here.</p></blockquote></aside>
<p>It is still <strong>not</strong> here &amp; I am waiting.<br>Really.</p><script>alert(1)</script>
<ul><li>one</li><li>two</li></ul>"""
MARK = "<!-- handleby {} 0123456789abcdef01234567 -->"

#: Name, event, and what differs from the plain post.
HOOKS: list[tuple[str, str, dict[str, Any]]] = [
    ("plain", "post_created", {}),
    ("reply", "post_created", REPLY),
    ("reply_to_another_member", "post_created",
     REPLY | {"reply_to_user": {"id": 31, "username": "ana_b", "name": "Ana Berg"}}),
    ("reply_to_us", "post_created",
     REPLY | {"reply_to_user": {"id": 5, "username": "Example_Support", "name": "Example support"}}),
    ("quotes_and_files", "post_created", {"raw": QUOTED, "post_number": 3, "id": 4713}),
    ("only_a_quote", "post_created", {"raw": '[quote="ben, post:2, topic:88"]\nyes\n[/quote]'}),
    ("quote_without_end", "post_created", {"raw": '[quote="ben, post:2, topic:88"]\nyes, and then'}),
    ("no_markdown", "post_created", {"raw": None, "cooked": COOKED}),
    ("language", "post_created", {"locale": "da_DK", "raw": "Hvor er min pakke? Den skulle komme i går."}),
    ("edited", "post_edited", {"version": 2, "raw": "Hello, my parcel 5522 has not arrived.",
                               "updated_at": "2026-11-21T09:40:00.000Z"}),
    ("edited_at_once", "post_edited", {"raw": "Hello, my parcel 5522 has not arrived.",
                                       "updated_at": "2026-11-21T09:31:00.000Z"}),
    ("deleted_by_author", "post_edited", {"user_deleted": True, "version": 2, "raw": "(post deleted by author)"}),
    ("destroyed", "post_destroyed", {"deleted_at": "2026-11-21T10:00:00.000Z"}),
    ("recovered", "post_recovered", {"updated_at": "2026-11-21T10:05:00.000Z"}),
    ("own_note", "post_created",
     US | {"id": 4720, "post_number": 2, "raw": "Hi Ana, Maria here.\n\n" + MARK.format("note")}),
    ("own_answer", "post_created",
     US | {"id": 4721, "post_number": 3, "raw": "It is on its way.\n\n— Maria\n\n" + MARK.format("answer")}),
    ("own_account_by_hand", "post_created", US | {"id": 4722, "post_number": 4, "raw": "It left today. /Maria"}),
    ("staff_answers", "post_created", MARIA | {"id": 4723, "post_number": 2, "raw": "It left the warehouse."}),
    ("staff_without_address", "post_created",
     MARIA | {"username": "tom", "name": "Tom", "user_id": 7, "id": 4724, "post_number": 2}),
    ("staff_begins_topic", "post_created", MARIA | {"raw": "We are closed on Monday."}),
    ("staff_edits", "post_edited", MARIA | {"id": 4723, "post_number": 2, "version": 2}),
    ("whisper", "post_created", MARIA | {"post_type": 4, "id": 4725, "post_number": 3}),
    ("small_action", "post_created", {"post_type": 3, "raw": "", "id": 4726, "username": "mod", "user_id": 8}),
    ("system", "post_created", {"username": "system", "user_id": -1, "id": 4727}),
    ("ignored_author", "post_created", {"username": "digest_bot", "user_id": 9, "id": 4728}),
    ("hidden", "post_created", {"hidden": True}),
    ("other_category", "post_created", {"category_id": 9, "category_slug": "off-topic"}),
    ("category_by_id", "post_created", {"category_id": 7, "category_slug": None}),
    ("private_message", "post_created",
     {"topic_archetype": "private_message", "category_id": None, "category_slug": None, "topic_id": 90}),
    ("no_name_no_number", "post_created", {"id": "4711", "name": 5}),
    ("no_topic", "post_created", {"topic_id": None}),
]  # fmt: skip


def main() -> None:
    """Write every `*.in.json` and its `*.out.json`."""
    for name, event, differs in HOOKS:
        headers = {
            "Content-Type": "application/json",
            "X-Discourse-Instance": "https://forum.example.com",
            "X-Discourse-Event-Id": "15",
            "X-Discourse-Event-Type": "post",
            "X-Discourse-Event": event,
        }
        _write(f"hook_{name}", {"headers": headers, "body": {"post": POST | differs}})
    _write("hook_ping", {"headers": {"X-Discourse-Event-Type": "ping"}, "body": {"ping": "OK"}})
    topic = {"id": 88, "title": "Where is my parcel?", "category_id": 4}
    _write(
        "hook_topic_created", {"headers": {"X-Discourse-Event": "topic_created"}, "body": {"topic": topic}}
    )
    listed = {key: value for key, value in POST.items() if not key.startswith("topic_posts")}
    _write("page_of_posts", {"latest_posts": [listed | REPLY, listed, {"id": 4700, "post_type": "one"}]})


def _write(name: str, payload: object) -> None:
    raw = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
    (HERE / f"{name}.in.json").write_text(raw, encoding="utf-8")
    out = json.dumps(parsed(raw.encode()), indent=2, ensure_ascii=False) + "\n"
    (HERE / f"{name}.out.json").write_text(out, encoding="utf-8")


if __name__ == "__main__":
    main()
