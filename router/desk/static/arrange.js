// The menu in a conversation's header: set it aside until a time, or let it live on in another one.

import { post } from "./api.js";
import { deadline, full } from "./time.js";
import { h, toast } from "./dom.js";

const HOUR = 3600000;

export function menu(pane) {
  if (!pane.can("snooze") && !pane.can("merge")) return null;
  const box = h("details", { class: "menu", onkeydown: (event) => { if (event.key === "Escape") box.open = false; } },
    h("summary", { class: "quiet" }, "More"),
    h("div", { class: "menu-box" },
      pane.can("snooze") ? snooze(pane) : null,
      pane.can("merge") ? merge(pane) : null,
    ));
  return box;
}

// Only times before the customer expects an answer are offered: a snooze hides no promise.
function snooze(pane) {
  const limit = last(pane.conversation);
  const now = Date.now();
  const offers = [[HOUR, "1 hour"], [3 * HOUR, "3 hours"], [24 * HOUR, "1 day"]].filter(([span]) => !limit || now + span <= limit);
  const field = h("input", { type: "datetime-local", "aria-label": "Snooze until", required: true, min: local(now), max: limit ? local(limit) : null });
  return h("form", { onsubmit: (event) => { event.preventDefault(); set(pane, new Date(field.value)); } },
    h("h3", {}, "Snooze"),
    limit && limit <= now ? h("p", { class: "faint small" }, "The customer expects an answer now.") : [
      offers.length ? h("p", {}, offers.map(([span, text]) => h("button", { type: "button", class: "quiet", onclick: () => set(pane, new Date(Date.now() + span)) }, text))) : null,
      h("p", {}, field, h("button", { type: "submit" }, "Snooze")),
      limit ? h("p", { class: "faint small" }, `At most until ${full(new Date(limit).toISOString())}: an answer is expected then.`) : null,
    ]);
}

function merge(pane) {
  const field = h("input", { "aria-label": "Reference of the other conversation", placeholder: "HB-7K2Q9", required: true, maxlength: "100", autocomplete: "off" });
  return h("form", { onsubmit: (event) => { event.preventDefault(); join(pane, field.value.trim()); } },
    h("h3", {}, "Merge into another conversation"),
    h("p", {}, field, h("button", { type: "submit" }, "Merge")),
    h("p", { class: "faint small" }, "What was said stays here to read; the wait goes over, and new messages go there."));
}

function last(conversation) {
  const times = [deadline(conversation)?.at, conversation.due_at, conversation.promised_at].filter(Boolean).map((at) => Date.parse(at));
  const ahead = times.filter((at) => at > Date.now());
  if (!conversation.waiting_since || !times.length) return null;
  return ahead.length ? Math.min(...ahead) : Math.max(...times);
}

function local(at) {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

async function set(pane, until) {
  const { id } = pane.conversation;
  try {
    pane.onchange(await post(`/conversations/${id}/snooze`, { until: until.toISOString() }));
    toast(`Snoozed until ${full(until.toISOString())}.`);
    pane.ondone(id);
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

async function join(pane, into) {
  try {
    const survivor = await post(`/conversations/${pane.conversation.id}/merge`, { into });
    pane.onchange(survivor);
    toast(`Merged into ${survivor.reference}.`);
    location.assign(`/c/${survivor.reference}`);
  } catch (error) {
    toast(error.message, { bad: true });
  }
}
