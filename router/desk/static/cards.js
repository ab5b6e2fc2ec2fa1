// A conversation as a card in the list.

import { h, icon, name } from "./dom.js";
import { publicMark, riskMark, wantedMark, windowMark } from "./signs.js";
import { ago, countdown, deadline, short } from "./time.js";
import { wishMark } from "./wish.js";
import { STATUS, channel } from "./words.js";

export function card(work, { owner, onopen }) {
  const who = work.contact.called;
  const flagged = work.flags.length > 0;
  return h(
    "a",
    { class: "card", href: `/c/${work.reference}`, data: { id: work.id }, onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      onopen(work.id);
    } },
    h("span", { class: "card-top" },
      icon(work.channel, channel(work.channel)),
      name(who, "strong"),
      when(work),
    ),
    work.subject ? name(work.subject, "span", { class: "card-subject" }) : null,
    work.snippet ? name(work.snippet, "span", { class: "card-snippet" }) : null,
    h("span", { class: "card-chips" },
      publicMark(work),
      riskMark(work),
      windowMark(work),
      wantedMark(work),
      wishMark(work),
      flagged ? h("span", { class: "chip bad" }, icon("warn"), "Needs a look") : null,
      work.kind === "unreadable" ? h("span", { class: "chip warn" }, "Unreadable") : null,
      ["urgent", "high"].includes(work.priority) ? h("span", { class: `chip ${work.priority}` }, work.priority) : null,
      work.unanswered > 1 ? h("span", { class: "chip" }, `${work.unanswered} messages`) : null,
      h("span", { class: "chip plain" }, work.queue),
      owner && work.owner ? h("span", { class: "chip plain" }, work.owner.name) : null,
    ),
  );
}

function when(work) {
  if (work.status !== "open") return h("span", { class: "pill" }, STATUS[work.status]);
  const next = deadline(work);
  if (!next) return h("span", { class: "pill", title: "Since the last change" }, ago(work.updated_at));
  return countdown(next.at, short, { class: "pill" });
}
