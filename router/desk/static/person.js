// One person under several identities: what is proved, what they say, why they are one, and undoing it.

import { get, post } from "./api.js";
import { h, icon, name, toast } from "./dom.js";
import { full, moment } from "./time.js";
import { KINDS, STATUS, channel } from "./words.js";

const ICONS = { chat: "webchat", x: "twitter" };

export function identities(known) {
  const one = (each, proved) => h("li", {},
    icon(ICONS[each.kind] ?? each.kind, KINDS[each.kind] ?? each.kind), h("span", {}, label(each)),
    proved ? h("span", { class: "chip good" }, "verified") : h("span", { class: "chip plain" }, "not proved"));
  const said = (each) => h("li", {}, icon(ICONS[each.kind] ?? each.kind, KINDS[each.kind] ?? each.kind),
    h("span", {}, "says they are ", label(each)), h("span", { class: "chip warn" }, "only claimed"));
  return h("ul", { class: "identities", "aria-label": "Identities" },
    known.identities.map((each) => one(each, each.verified)), known.claims.map(said));
}

// The number of a chat session tells nobody anything.
function label(each) {
  if (each.kind === "chat") return each.verified ? name(each.name || "known to the site") : "writes in the chat";
  const address = each.spelling || each.address;
  return each.name && address !== each.address ? [name(each.name), " ", name(address)] : name(address);
}

export function joins(known, changed) {
  if (!known.joins.length) return null;
  const one = (join) => h("li", {},
    h("p", {}, before(known, join.one, join.called_one), " and ", before(known, join.other, join.called_other)),
    h("p", { class: "faint" }, name(join.says, "span"), " ", moment(join.at)),
    h("button", { type: "button", class: "quiet small", onclick: () => apart(known, join, changed) }, "These are two people"));
  return h("details", { class: "joins" }, h("summary", {}, `Known as one person (${known.parts.length} before)`), h("ul", {}, known.joins.map(one)));
}

// What they were before, with an address, as the names are often the same.
function before(known, id, called) {
  const first = known.parts.find((one) => one.id === id)?.identities[0];
  if (!first) return name(called, "strong");
  const where = first.kind === "chat" ? KINDS.chat : first.spelling || first.address;
  return h("span", {}, name(called, "strong"), where === called ? null : [" (", name(where), ")"]);
}

export function conflicts(known) {
  return known.conflicts.map((one) => h("p", { class: "small faint" },
    one.value ? [`${one.name} is “`, name(one.value), "” as ", one.why] : `${one.name} was removed by a person`, "; otherwise “", name(one.others.join("”, “")), "”."));
}

// Who has the same address, and looking for anybody else.
export function same(known, changed) {
  const found = h("div", { class: "found", "aria-live": "polite" });
  const field = h("input", { type: "search", "aria-label": "Look for the same person", placeholder: "Name, address or words", maxlength: "200", autocomplete: "off" });
  const look = async () => {
    const { customers } = await get("/customers", { q: field.value.trim() });
    const others = customers.filter((one) => one.id !== known.id);
    found.replaceChildren(others.length ? h("ul", {}, others.map((one) => h("li", {}, candidate(one), pick(known, one, changed)))) : h("p", { class: "faint" }, "Nobody else was found."));
  };
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); if (field.value.trim()) look().catch((error) => toast(error.message, { bad: true })); } },
    h("p", { class: "ask" }, field, h("button", { type: "submit" }, "Look")), found);
  return [
    known.likely.map((one) => h("div", { class: "likely" },
      h("p", {}, icon("info"), h("span", {}, name(one.called, "strong"), " has ", name(one.address), " too, and nothing proves that they are one.")),
      pick(known, one, changed))),
    h("details", { class: "same" }, h("summary", {}, "This is the same person as …"), form),
  ];
}

function candidate(one) {
  const last = one.conversations[0];
  return h("div", {}, name(one.called, "strong"), " ", h("span", { class: "faint" }, one.identities.map((each) => KINDS[each.kind] ?? each.kind).join(", ")),
    h("p", { class: "faint" }, one.identities.filter((each) => each.kind !== "chat").map((each) => [name(each.spelling || each.address), " "]),
      last ? [`· ${channel(last.channel)}: `, name(last.subject || last.snippet)] : null));
}

function pick(known, other, changed) {
  return h("button", { type: "button", class: "small", "aria-label": `${other.called} is the same person`, onclick: () => together(known, other, changed) }, "The same person");
}

async function together(known, other, changed) {
  try {
    const now = await post(`/customers/${encodeURIComponent(known.id)}/join`, { other: other.id });
    const join = now.joins.at(-1);
    toast(`${known.called} and ${other.called} are one person now.`, join ? { action: "Undo", onclick: () => apart(now, join, changed) } : {});
    changed();
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

async function apart(known, join, changed) {
  try {
    await post(`/customers/${encodeURIComponent(known.id)}/split`, { one: join.one, other: join.other });
    toast(`${join.called_one} and ${join.called_other} are two people again. Each has what it had.`);
    changed();
  } catch (error) {
    toast(error.message, { bad: true });
    changed();
  }
}

export function history(known, conversation) {
  const others = known.conversations.filter((one) => one.id !== conversation.id);
  if (!others.length) return null;
  return [h("p", { class: "small faint" }, "Wrote before"), h("ul", { class: "earlier" }, others.map((one) =>
    h("li", {}, icon(one.channel, channel(one.channel)), h("span", {}, h("a", { href: `/c/${one.reference}`, title: full(one.updated_at) }, name(one.subject || one.snippet || one.reference)),
      h("span", { class: "faint" }, ` ${STATUS[one.status]}`)))))];
}
