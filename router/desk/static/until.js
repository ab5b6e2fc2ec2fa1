// I need until…: whoever promised a time says another one, beside the time itself.

import { post } from "./api.js";
import { h, icon, toast } from "./dom.js";
import { clock, now } from "./time.js";

const MINUTE = 60000;
const SUMMARY = ".until-menu summary";

// Whether a promised time runs here that is mine, or that I lead.
export function mayAsk(conversation, me) {
  const mine = [conversation.promised_by?.id, conversation.owner?.id, conversation.accountable?.id];
  if (!me.agent || !conversation.promised_at || !conversation.waiting_since) return false;
  return ["open", "snoozed"].includes(conversation.status) && (me.role !== "agent" || mine.includes(me.agent.id));
}

export function needUntil(pane) {
  if (!mayAsk(pane.conversation, pane.me)) return null;
  const field = h("input", { type: "datetime-local", "aria-label": "I need until", required: true, min: local(now() + MINUTE) });
  const box = h("details", { class: "menu until-menu", onkeydown: (event) => {
    if (event.key !== "Escape" || !box.open) return;
    event.stopPropagation();
    box.open = false;
    box.querySelector("summary").focus();
  } },
    h("summary", { class: "quiet", title: "i" }, icon("clock"), "I need until…"),
    h("form", { class: "menu-box", onsubmit: (event) => { event.preventDefault(); ask(pane, new Date(field.value)); } },
      h("h3", {}, "By when will you answer?"),
      h("p", {}, choices().map(([at, text]) => h("button", { type: "button", onclick: () => ask(pane, at) }, text))),
      h("p", {}, field, h("button", { type: "submit" }, "Say it")),
      h("p", { class: "faint small" }, `The customer knows of ${clock(pane.conversation.promised_at)}. A later time is told to them with an apology; an earlier one is for you alone.`)));
  return box;
}

// For the key: open the menu and go into it.
export function openUntil(root = document) {
  const summary = root.querySelector(SUMMARY);
  if (!summary) return;
  summary.parentElement.open = true;
  summary.parentElement.querySelector("button, input").focus();
}

function choices() {
  const tomorrow = new Date(now());
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(10, 0, 0, 0);
  return [
    [new Date(now() + 30 * MINUTE), "30 minutes"],
    [new Date(now() + 60 * MINUTE), "1 hour"],
    [tomorrow, "Tomorrow 10:00"],
  ];
}

function local(at) {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

async function ask(pane, until) {
  const { id, version } = pane.conversation;
  try {
    const { says, conversation } = await post(`/conversations/${id}/until`, { until: until.toISOString(), version });
    toast(says);
    pane.onchange(conversation);
  } catch (error) {
    toast(error.message, { bad: true });
  }
  await pane.refresh();
}
