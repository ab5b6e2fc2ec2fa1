// What the customer said by a tap on the note's link: in the list, and above the conversation.

import { h, icon } from "./dom.js";
import { moment } from "./time.js";

const SAID = {
  later: ["clock", "Tomorrow is fine", "says that tomorrow is fine"],
  picked: ["clock", "Time picked", "picked a time"],
  urgent: ["warn", "Says urgent", "says that it is urgent"],
  solved: ["info", "Says solved", "says that it is solved"],
};

export function wishMark(work) {
  if (!work.wish) return null;
  const [sign, short] = SAID[work.wish.kind];
  const wanted = work.wish.kind === "urgent" ? "chip warn" : "chip";
  return h("span", { class: wanted, title: "The customer said so by the link in the note." }, icon(sign), short);
}

export function wishLine(conversation) {
  const { wish } = conversation;
  // That it is urgent is a warning already.
  if (!wish || wish.kind === "urgent") return null;
  const [sign, , words] = SAID[wish.kind];
  const until = wish.wanted_at ? [", by ", moment(wish.wanted_at)] : null;
  return h("p", { class: "absorbed faint wish" }, icon(sign), " The customer ", words, until, ".");
}
