// The health of the service, and who may sign in.

import { get } from "./api.js";
import { accounts } from "./accounts.js";
import { h, icon, name, toast } from "./dom.js";
import { follow, soon } from "./live.js";
import { moment, span } from "./time.js";
import { channel } from "./words.js";

const box = document.getElementById("health");
const WORDS = { ok: "All is well", warning: "Needs a look", critical: "Not working" };

const at = (value) => (value ? moment(value) : "");
const seconds = (value) => (value === null || value === undefined ? "" : span(value));
const rate = (value) => (value === null || value === undefined ? "" : Number(value).toFixed(1));

function table(caption, columns, rows, empty) {
  if (!rows.length) return h("p", { class: "faint" }, empty);
  const look = (column) => ({ text: "", long: "long" })[column[2]] ?? "number";
  return h("div", { class: "scroll" }, h("table", {}, h("caption", {}, h("span", {}, caption)),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: look(column) }, column[0])))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column) => h("td", { class: look(column) }, column[1](row))))))));
}

function causes(list) {
  return h("ul", { class: "causes" }, list.map((cause) => h("li", {},
    h("p", {}, icon("warn"), name(cause.text, "strong"), cause.since ? h("span", { class: "faint" }, " since ", moment(cause.since)) : null),
    cause.impact ? h("p", {}, cause.impact) : null,
    cause.next ? h("p", {}, h("em", {}, "Next:"), " ", cause.next) : null,
    cause.safe_until ? h("p", { class: "faint" }, "Safe until ", moment(cause.safe_until)) : null)));
}

function figures(promises) {
  const share = promises.kept_rate;
  const one = (label, value) => h("div", { class: "figure" }, h("strong", {}, value), h("span", {}, label));
  return h("div", { class: "figures" },
    one("Promises kept", share === null || share === undefined ? "–" : `${(share * 100).toFixed(1)} %`),
    one("Made", String(promises.made ?? 0)), one("Kept", String(promises.kept ?? 0)),
    one("Renewed", String(promises.renewed ?? 0)), one("Broken", String(promises.broken ?? 0)));
}

function promised(caption, head, by, promises, called) {
  const week = new Map((promises.week?.[by] ?? []).map((row) => [row.name, row]));
  const day = new Map((promises[by] ?? []).map((row) => [row.name, row]));
  const names = [...new Set([...day.keys(), ...week.keys()])].sort();
  if (!names.length) return "";
  const share = (row) => (row?.kept_rate === null || row === undefined ? "–" : `${(row.kept_rate * 100).toFixed(1)} %`);
  const spare = (value) => (value === null || value === undefined ? "–" : value < 0 ? `${span(-value)} late` : span(value));
  const today = (field) => (id) => day.get(id)?.[field] ?? 0;
  return table(`Promises by ${caption}, the last 24 hours and this week`, [
    [head, called, "text"], ["Kept", (id) => share(day.get(id))], ["Made", today("made")], ["In time", today("kept")],
    ["Renewed", today("renewed")], ["Broken", today("broken")], ["Withdrawn", today("withdrawn")],
    ["Kept this week", (id) => share(week.get(id))], ["Broken this week", (id) => week.get(id)?.broken ?? "–"],
    ["Usually to spare", (id) => spare(week.get(id)?.slack_p50_s)],
  ], names, "");
}

async function load() {
  const health = await get("/health");
  box.setAttribute("aria-busy", "false");
  box.replaceChildren(
    h("p", { class: `verdict ${health.status}` }, h("span", { class: "knob", "aria-hidden": "true" }), WORDS[health.status] ?? health.status),
    health.causes?.length ? causes(health.causes) : "",
    figures(health.promises ?? {}),
    promised("channel", "Channel", "by_channel", health.promises ?? {}, channel),
    promised("queue", "Queue", "by_queue", health.promises ?? {}, (id) => id),
    table("Queues", [
      ["Queue", (q) => q.name, "text"], ["Channel", (q) => channel(q.channel), "text"], ["Waiting", (q) => q.depth], ["In work", (q) => q.in_flight],
      ["Overdue", (q) => q.overdue], ["At risk", (q) => q.at_risk], ["Oldest", (q) => seconds(q.oldest_age_s)], ["Next due", (q) => at(q.next_due_at)],
      ["Arrive / min", (q) => rate(q.arrivals_per_min)], ["Handled / min", (q) => rate(q.handled_per_min)], ["Drained in", (q) => seconds(q.drain_s)], ["Parked", (q) => q.parked],
    ], health.queues ?? [], "No queue has work."),
    table("Channels", [
      ["Channel", (c) => channel(c.name), "text"], ["Account", (c) => c.account, "text"],
      ["State", (c) => h("span", { class: `state ${c.state}` }, c.state), "text"], ["Last seen", (c) => at(c.last_seen_at)], ["Error", (c) => c.error ?? "", "long"],
    ], health.channels ?? [], "No channel is connected."),
  );
}

const reload = soon(async () => {
  try {
    await load();
  } catch (error) {
    toast(error.message, { bad: true });
  }
}, 500);
reload();
follow(reload);
setInterval(() => document.hidden || reload(), 10000);
const people = document.getElementById("accounts");
if (people) accounts(people);
