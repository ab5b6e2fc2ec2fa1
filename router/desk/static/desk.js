// The agents' desk: work by urgency on the left, the conversation on the right, live.

import { get } from "./api.js";
import { card } from "./cards.js";
import { Case } from "./case.js";
import * as drafts from "./drafts.js";
import { h, icon, keyed, toast } from "./dom.js";
import { listen } from "./keys.js";
import { Named, invitation } from "./named.js";
import { follow, soon } from "./live.js";
import { setNow } from "./time.js";
import { openUntil } from "./until.js";

const main = document.getElementById("main");
const cards = document.getElementById("cards");
const tabs = document.getElementById("tabs");
const find = document.getElementById("find");
// What is read with one question, whichever of them is looked at.
const OWN = ["mine", "watched", "led"];
const OTHERS = { pending: "Waiting for customer", held: "Held", snoozed: "Snoozed", resolved: "Resolved" };
// Conversations that I answered and that stay in sight until the customer writes again.
const ANSWERED = 5;
const state = { tab: "mine", found: [], mine: [], watched: [], led: [], answered: [], next: "", limit: 50 };
let pane;
let reload;

function changed(conversation) {
  const others = state.answered.filter((one) => one.id !== conversation.id);
  state.answered = conversation.status === "pending" ? [conversation, ...others].slice(0, ANSWERED) : others;
  reload();
}

async function recheck(id) {
  const place = state.answered.findIndex((one) => one.id === id);
  if (place >= 0) state.answered[place] = await get(`/conversations/${id}`);
}

function shown() {
  if (state.tab === "mine") return [...state.mine, ...state.answered];
  return state[{ watched: "watched", led: "led" }[state.tab] ?? "found"];
}

async function load() {
  const work = await get("/work");
  state.mine = work.mine;
  state.watched = work.watched;
  state.led = work.led;
  if (state.tab === "search") state.found = (await get("/search", { q: find.value.trim() || " " })).conversations;
  else if (!OWN.includes(state.tab)) {
    const page = await get("/conversations", { status: state.tab, limit: state.limit });
    state.found = page.conversations;
    state.next = page.next;
  }
  list();
}

function list() {
  const taken = new Set(state.mine.map((one) => one.id));
  state.answered = state.answered.filter((one) => one.status === "pending" && !taken.has(one.id));
  showTabs();
  cards.setAttribute("aria-busy", "false");
  const items = shown();
  cards.querySelectorAll(".rest").forEach((node) => node.remove());
  if (!items.length) cards.replaceChildren(h("div", { class: "rest blank" }, icon("clock"), nothing()));
  else keyed(cards, items, (one) => one.id, (one) => card(one, { owner: state.tab !== "mine", onopen: open }));
  if (state.next && ![...OWN, "search"].includes(state.tab)) {
    cards.append(h("button", { type: "button", class: "quiet rest", onclick: () => { state.limit = Math.min(200, state.limit + 50); load().catch(failed); } }, "Show more"));
  }
  if (state.tab === "mine" && state.answered.length) {
    const first = cards.querySelector(`[data-key="${CSS.escape(state.answered[0].id)}"]`);
    first?.before(h("div", { class: "rest title" }, "Just answered"));
  }
  mark();
  const late = state.mine.length;
  document.title = `${late ? `(${late}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
}

function nothing() {
  const words = {
    mine: "Nothing waits for you. New work appears here by itself.",
    watched: "Everything has an owner.",
    led: "Nothing that was promised in your queues runs short.",
    open: "No open conversations.",
    search: "Nothing found. Try fewer words, or a reference such as HB-7K2Q9M.",
  };
  return h("p", {}, words[state.tab] ?? "None.");
}

function showTabs() {
  const tab = (id, text, count) => h("button", {
    type: "button", role: "tab", id: `tab-${id}`, "aria-selected": String(state.tab === id), "aria-controls": "cards", onclick: () => choose(id),
  }, text, count === undefined ? null : h("span", { class: "count" }, String(count)));
  const focused = document.activeElement?.id;
  const other = h("select", { "aria-label": "Other conversations", id: "tab-other", onchange: (event) => choose(event.target.value) },
    h("option", { value: "" }, "More"), Object.entries(OTHERS).map(([id, text]) => h("option", { value: id }, text)));
  other.value = OTHERS[state.tab] ? state.tab : "";
  other.dataset.chosen = String(Boolean(OTHERS[state.tab]));
  tabs.replaceChildren(tab("mine", "Mine", state.mine.length), tab("watched", "Watching", state.watched.length), state.led.length || state.tab === "led" ? tab("led", "At risk", state.led.length) : "", tab("open", "All open"), other);
  if (focused?.startsWith("tab-")) document.getElementById(focused)?.focus();
}

function choose(id) {
  if (!id) return;
  state.tab = id;
  state.limit = 50;
  state.found = [];
  find.value = "";
  list();
  load().catch(failed);
}

function mark() {
  for (const node of cards.querySelectorAll(".card")) {
    const current = node.dataset.id === pane.conversation?.id;
    if (current) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    node.classList.toggle("drafted", drafts.has(node.dataset.id));
  }
}

async function open(id, { push = true } = {}) {
  main.dataset.showing = "case";
  const found = await pane.open(id);
  if (found && push && location.pathname !== `/c/${found.reference}`) history.pushState({}, "", `/c/${found.reference}`);
  mark();
}

function back() {
  delete main.dataset.showing;
  history.pushState({}, "", "/");
  pane.empty();
  mark();
}

// Go to the next piece of work after this one is done.
async function done(id) {
  const items = shown();
  const place = items.findIndex((one) => one.id === id);
  const next = items[place + 1] ?? items[place - 1];
  await load().catch(failed);
  if (next && shown().some((one) => one.id === next.id)) await open(next.id);
  else back();
}

function step(by) {
  const items = shown();
  if (!items.length) return;
  const place = items.findIndex((one) => one.id === pane.conversation?.id);
  const next = items[Math.min(items.length - 1, Math.max(0, place < 0 ? 0 : place + by))];
  open(next.id);
  cards.querySelector(`[data-id="${CSS.escape(next.id)}"]`)?.scrollIntoView({ block: "nearest" });
}

function failed(error) {
  toast(error.message, { bad: true });
}

async function route() {
  const reference = location.pathname.startsWith("/c/") ? decodeURIComponent(location.pathname.slice(3)) : "";
  if (reference) {
    await open(reference, { push: false });
    if (location.hash === "#until") openUntil();  // as the button in Slack leads here
  } else {
    delete main.dataset.showing;
    pane.empty();
    mark();
  }
}

async function start() {
  drafts.tidy();
  const me = await get("/me");
  setNow(me.now);
  if (!me.agent) state.tab = "open";
  pane = new Case(document.getElementById("case"), { me, onback: back, ondone: done, onchange: changed });
  reload = soon(load);
  const fresh = soon(() => pane.refresh());
  tabs.before(...[invitation(me)].filter(Boolean));
  const named = new Named({ open: async (id) => { await open(id); openUntil(); } });
  const tell = soon(() => (me.agent ? named.look() : null), 700);
  await load();
  route().catch(failed);
  tell();
  follow((hint) => {
    if (hint.kind !== "customer") tell();
    if (["conversation", "all", "outbox"].includes(hint.kind)) recheck(hint.id).catch(() => null).finally(reload);
    if (hint.kind === "customer") document.dispatchEvent(new CustomEvent("customer", { detail: hint.id }));
    if (hint.kind === "all" || hint.id === pane.conversation?.id) fresh();
  });
  addEventListener("popstate", () => route().catch(failed));
  const look = soon(load, 250);
  find.addEventListener("input", () => { state.tab = find.value.trim() ? "search" : "mine"; look(); });
  find.form.addEventListener("submit", (event) => { event.preventDefault(); look(); });
  listen({ step, pane, find, back });
}

start().catch(failed);
