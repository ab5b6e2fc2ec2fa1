// Beside the conversation: the promise, who writes, and why it is here.

import { customer } from "./customer.js";
import { h, icon, name } from "./dom.js";
import { clock, countdown, moment, short } from "./time.js";
import { PROMISE, channel, target } from "./words.js";

export function aside(conversation, box, me) {
  box.replaceChildren(promise(conversation), customer(conversation, me), decision(conversation));
}

export function panel(title, ...content) {
  return h("section", { class: "panel" }, h("h3", {}, title), content);
}

export function rows(pairs) {
  const shown = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h("dl", {}, shown.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value))));
}

function promise(conversation) {
  const made = conversation.promise;
  const ended = conversation.promises.filter((one) => one.made_at !== made?.made_at);
  const runs = made && conversation.waiting_since;
  return panel("Time",
    rows([
      ["Answer due", conversation.due_at && conversation.waiting_since ? moment(conversation.due_at) : ""],
      ["Promised", made ? moment(made.at) : ""],
      [runs ? "Time left" : "Promise", runs ? countdown(made.at, short, { class: "pill" }) : made ? PROMISE[made.state] : ""],
      ["Promised by", made ? name(made.by.name) : ""],
      ["Waiting since", conversation.waiting_since ? moment(conversation.waiting_since) : ""],
      ["No note", conversation.no_note],
      ["Follow-up", conversation.follow_up_at ? ["“Did that solve it?” goes out ", moment(conversation.follow_up_at)] : ""],
    ]),
    made?.late ? h("p", { class: "reason" }, icon("warn"), "The promised time lies after the due time.") : null,
    made ? reckoned(made) : null,
    ended.length ? h("details", {}, h("summary", {}, `Earlier promises (${ended.length})`),
      h("ul", {}, ended.map((one) => h("li", {}, moment(one.at), ` · ${PROMISE[one.state]} · `, name(one.by.name))))) : null,
  );
}

// The figures that the time was made of, the hours that count, and the same in sentences.
function reckoned(made) {
  if (!made.explanation.length && !made.figures.length) return null;
  return h("details", {}, h("summary", {}, "How the time came about"),
    made.figures.length ? h("dl", { class: "figures" }, made.figures.map((one) => h("div", { title: one.means }, h("dt", {}, one.name), h("dd", {}, one.value)))) : null,
    made.counted.length ? h("p", { class: "faint" }, "Hours that count: ",
      made.counted.map((one, place) => [place ? ", " : "", moment(one.start), "–", clock(one.end)])) : null,
    h("ol", { class: "why" }, made.explanation.map((one) => name(one, "li"))));
}

function decision(conversation) {
  const made = conversation.decision;
  if (!made) return panel("Why here", h("p", { class: "faint" }, "Nothing was decided yet."));
  return panel("Why here",
    h("p", {}, made.rule ? h("span", {}, "Rule “", name(made.rule, "strong"), "”") : `The defaults of ${channel(conversation.channel)}; no rule matched.`),
    made.explanation.length ? h("ul", { class: "why" }, made.explanation.map((one) => name(one, "li"))) : null,
    rows([
      ["Queue", made.queue],
      ["Target", `${target(made.target_s)}${made.hours === "always" ? "" : `, in hours “${made.hours}”`}`],
      ["Priority", made.priority],
      ["Skills", made.skills.join(", ")],
      ["Rules", h("code", { title: made.version }, made.version.slice(0, 10))],
    ]),
  );
}
