// Beside the conversation: the promise, why it is here, and who writes.

import { get } from "./api.js";
import { h, icon, name } from "./dom.js";
import { countdown, full, left, moment, short, span } from "./time.js";
import { PROMISE, STATUS, channel, target } from "./words.js";

export function aside(conversation, box) {
  box.replaceChildren(promise(conversation), decision(conversation), customer(conversation));
}

function panel(title, ...content) {
  return h("section", { class: "panel" }, h("h3", {}, title), content);
}

function rows(pairs) {
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
    ]),
    made?.late ? h("p", { class: "reason" }, icon("warn"), "The promised time lies after the due time.") : null,
    steps("How the time came about", made?.explanation ?? []),
    ended.length ? h("details", {}, h("summary", {}, `Earlier promises (${ended.length})`),
      h("ul", {}, ended.map((one) => h("li", {}, moment(one.at), ` · ${PROMISE[one.state]} · `, name(one.by.name))))) : null,
  );
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

function steps(title, list) {
  if (!list.length) return null;
  return h("details", {}, h("summary", {}, title), h("ol", { class: "why" }, list.map((one) => name(one, "li"))));
}

// Where they write from; the number of a chat session tells nobody anything.
function where(contact) {
  if (contact.kind === "chat") return contact.verified ? "known to the site" : "writes in the chat";
  return contact.address === contact.called ? "" : name(contact.address);
}

function customer(conversation) {
  const contact = conversation.contact;
  const box = panel("Customer",
    h("p", {}, name(contact.called, "strong")),
    h("p", { class: "faint" }, where(contact), contact.verified ? " · verified" : ""),
  );
  fill(box, conversation).catch(() => null);
  return box;
}

async function fill(box, conversation) {
  if (!conversation.customer) return;
  const known = await get(`/customers/${encodeURIComponent(conversation.customer)}`);
  const attributes = Object.entries(known.attributes);
  const others = known.conversations.filter((one) => one.id !== conversation.id);
  box.append(
    rows([
      ["Language", language(conversation.language)],
      ["Time zone", conversation.zone],
      ...attributes.filter(([key]) => !["language", "zone"].includes(key)).map(([key, value]) => [key, name(value)]),
      ["Last answer", known.last_owner?.name],
      ["Open for", conversation.status === "open" ? span(-left(conversation.opened_at)) : ""],
    ]),
  );
  const identities = known.identities.filter((one) => one.address !== conversation.contact.address);
  if (identities.length) {
    box.append(h("p", { class: "small faint" }, "Also known as"),
      h("ul", {}, identities.map((one) => h("li", {}, name(one.address), one.verified ? "" : " · claimed"))));
  }
  if (others.length) {
    box.append(h("p", { class: "small faint" }, "Wrote before"), h("ul", { class: "earlier" }, others.map((one) =>
      h("li", {}, h("a", { href: `/c/${one.reference}`, title: full(one.updated_at) }, name(one.subject || one.snippet || one.reference)),
        h("span", { class: "faint" }, ` ${STATUS[one.status]}`)))));
  }
}

function language(code) {
  try {
    return code && new Intl.DisplayNames(undefined, { type: "language" }).of(code);
  } catch {
    return code;
  }
}
