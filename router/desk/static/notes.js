// My notes: what runs in my name, and on which channels I agree to which texts.

import { call, get } from "./api.js";
import { h, icon, name, toast } from "./dom.js";
import { follow, soon } from "./live.js";
import { countdown, moment, short } from "./time.js";

const box = document.getElementById("voices");
const running = document.getElementById("running");
const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

// The texts by what they answer, in the order in which a customer may hear them.
function grouped(texts) {
  const found = new Map();
  for (const one of texts) found.set(one.when, [...(found.get(one.when) ?? []), one]);
  return [...found];
}

function reading(one) {
  const marks = [LANGUAGES.of(one.language), one.owner ? "" : "you watch over it, a colleague may answer"].filter(Boolean);
  return h("li", {}, h("span", { class: "faint small" }, marks.join(" · ")), h("blockquote", { dir: "auto", lang: one.language }, one.text));
}

function state(one) {
  if (!one.agreed) return h("span", { class: "chip" }, "Not agreed");
  return [h("span", { class: "chip good" }, "You agreed"), h("span", { class: "faint small" }, "since ", moment(one.since)),
    one.changed ? h("span", { class: "chip warn" }, "Texts changed since you agreed") : null];
}

function section(one, asked = true) {
  const say = (agreed, text, props = {}) => h("button", { type: "button", onclick: () => decide(one, agreed), ...props }, text);
  const label = (verb) => ({ "aria-label": `${verb}: ${one.title}` });
  return h("section", { class: "voice", id: `voice-${one.channel}`, "aria-label": one.title },
    h("header", {}, h("h2", {}, icon(one.channel), one.title), asked ? state(one) : null,
      !asked ? null : h("span", { class: "voice-acts" },
        !one.agreed ? say(true, "Yes, in my name", { class: "primary", ...label("Yes, in my name") }) : null,
        one.agreed && one.changed ? say(true, "Yes, to these too", label("Yes, to these too")) : null,
        one.agreed ? say(false, "Not any more", { class: "quiet", ...label("Not any more") }) : null)),
    h("div", { class: "readings" }, grouped(one.texts).map(([when, texts], place) =>
      h("details", { open: place === 0 && !one.agreed }, h("summary", {}, when, h("span", { class: "count" }, String(texts.length))), h("ul", {}, texts.map(reading))))),
  );
}

async function decide(one, agreed) {
  const body = agreed ? { agreed, version: one.version } : { agreed };
  try {
    const now = await call("PUT", `/me/voice/${one.channel}`, { body });
    document.getElementById(`voice-${one.channel}`).replaceWith(section(now));
    document.querySelector(`#voice-${one.channel} button`)?.focus();
    toast(agreed ? `Notes on ${one.title} may go out in your name.` : `No more notes on ${one.title} go out in your name.`);
  } catch (error) {
    toast(error.message, { bad: true });
    await voices();
  }
}

async function voices() {
  const { asked, channels } = await get("/me/voice");
  box.setAttribute("aria-busy", "false");
  if (!asked) box.replaceChildren(h("p", { class: "faint" }, "This team is made up, so nobody is asked: notes go out in everybody's name."), ...channels.map((one) => section(one, false)));
  else box.replaceChildren(...channels.map((one) => section(one)));
}

async function promised() {
  const { notes, waiting } = await get("/me/notes");
  const unsent = new Set(waiting);
  const all = [...notes, ...waiting].sort((one, other) => one.promised_at.localeCompare(other.promised_at));
  running.setAttribute("aria-busy", "false");
  if (!all.length) return running.replaceChildren(h("p", { class: "faint" }, "Nobody waits for a time that was said in your name."));
  return running.replaceChildren(h("ul", { class: "running" }, all.map((one) => h("li", {},
    h("a", { href: `/c/${one.reference}` }, icon(one.channel), name(one.contact.called, "strong"), one.subject ? name(one.subject, "span", { class: "faint" }) : null),
    h("span", { class: "running-time" }, unsent.has(one) ? h("span", { class: "chip" }, "Not sent yet") : null, moment(one.promised_at), countdown(one.promised_at, short, { class: "pill" }),
      h("a", { class: "small", href: `/c/${one.reference}#until`, "aria-label": `I need until…: ${one.contact.called}` }, "I need until…"))))));
}

async function start() {
  const me = await get("/me");
  if (!me.agent) {
    for (const part of [box, running]) part.replaceChildren();
    box.replaceChildren(h("p", {}, "Your account is no agent in the rules, so no notes go out in your name."));
    return;
  }
  await Promise.all([voices(), promised()]);
  const fresh = soon(promised, 300);
  follow((hint) => ["conversation", "outbox", "all"].includes(hint.kind) && fresh());
}

start().catch((error) => toast(error.message, { bad: true }));
