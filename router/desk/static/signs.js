// Marks that tell what a conversation is like where it stands: public, a window that closes, a time to call at.

import { h, icon } from "./dom.js";
import { clock, countdown, left, moment, span } from "./time.js";

// A window further away than this concerns nobody yet.
const NEAR = 24 * 3600;

export function publicMark(work) {
  return work.public ? h("span", { class: "chip public", title: "Others can read this conversation, and what you answer." }, icon("eye"), "Public") : null;
}

export const closed = (work) => Boolean(work.reply_until) && left(work.reply_until) < 0;

export function windowMark(work) {
  if (!work.reply_until || !["open", "held"].includes(work.status) || left(work.reply_until) > NEAR) return null;
  const words = (seconds) => (seconds < 0 ? `Window closed ${span(seconds)} ago` : `Window closes in ${span(seconds)}`);
  return countdown(work.reply_until, words, { class: "pill window" });
}

export function wantedMark(work) {
  if (!work.not_before || left(work.not_before) < 0) return null;
  return h("span", { class: "chip", title: "The customer wants to be reached then, not earlier." }, icon("clock"), "Wanted at ", moment(work.not_before));
}

// A promised time that runs short: who said it, and how long is left.
function risk(work, me) {
  if (!work.promised_at || !["open", "snoozed"].includes(work.status) || !work.warned) return null;
  const who = work.promised_by && me?.agent?.id !== work.promised_by.id ? work.promised_by.name : "You";
  return (seconds) => (seconds < 0
    ? `${who} promised ${clock(work.promised_at)}; that was ${span(seconds)} ago.`
    : `${who} promised ${clock(work.promised_at)}, in ${span(seconds)}.`);
}

export function riskMark(work) {
  if (work.misses > 1) return h("span", { class: "chip bad" }, icon("warn"), work.lead_writes ? `${work.lead_writes.name} writes` : "The lead writes");
  if (!risk(work)) return work.misses ? h("span", { class: "chip warn" }, icon("clock"), "A time was moved or missed") : null;
  return h("span", { class: "chip warn", title: "The promised time runs short." }, icon("clock"), `Promised ${clock(work.promised_at)}`);
}

export function riskLine(work, me) {
  const words = risk(work, me);
  return words ? h("p", { class: "flag short" }, icon("clock"), countdown(work.promised_at, words)) : null;
}

// What to mind while writing here; null when there is nothing.
export function cautions(conversation) {
  const { means } = conversation;
  const found = [];
  if (conversation.public) {
    found.push(h("p", { class: "caution public" }, icon("eye"),
      h("span", {}, h("strong", {}, "Others can read this."), ` No details of the case, no reference${means.links ? "" : ", no links"}.`)));
  }
  if (closed(conversation)) {
    found.push(h("p", { class: "caution late" }, icon("warn"),
      h("span", {}, h("strong", {}, `The window for answers closed ${clock(conversation.reply_until)}.`), " What you send may be refused; if so, it is shown here.")));
  } else if (conversation.reply_until && left(conversation.reply_until) < NEAR) {
    found.push(h("p", { class: "caution" }, icon("clock"),
      countdown(conversation.reply_until, (seconds) => `The window for answers closes in ${span(seconds)}. After that the customer has to write first.`)));
  }
  return found;
}

// How long a text is against what goes out in one message; "" while it is far from the limit.
export function lengthHint(text, means) {
  const length = [...text].length;
  if (!means.length || length < means.length * 0.7) return { text: "", over: false };
  if (length <= means.length) return { text: `${means.length - length} characters left`, over: false };
  return { text: `${length} of ${means.length} characters: goes out in about ${Math.ceil(length / means.length)} parts`, over: true };
}
