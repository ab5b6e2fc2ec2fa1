// The rules that hold now, to read.

import { get } from "./api.js";
import { h, name, toast } from "./dom.js";
import { channel, target } from "./words.js";

const box = document.getElementById("rules");

function table(caption, heads, rows) {
  return h("div", { class: "scroll" }, h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

const people = (list) => list.map((one) => one.name).join(", ");

async function start() {
  const rules = await get("/rules");
  box.setAttribute("aria-busy", "false");
  box.replaceChildren(
    h("p", { class: "facts" },
      h("span", { class: "chip" }, "Version ", h("code", { title: rules.version }, rules.version.slice(0, 12))),
      h("span", { class: "chip plain", title: rules.source }, rules.source.split("/").pop() || "shipped rules"),
      rules.sample ? h("span", { class: "chip warn" }, "Sample team") : null),
    rules.rules.length
      ? h("ol", { class: "rule-list" }, rules.rules.map((rule) => h("li", { title: rule.where }, h("div", {}, name(rule.name, "strong"),
        rule.goes_on ? h("span", { class: "faint small" }, " · later rules may add to it") : null,
        h("p", { class: "when" }, h("span", { class: "faint" }, "When "), name(rule.when)),
        h("p", { class: "faint small" }, rule.says.join(" "))))))
      : h("p", { class: "faint" }, "There are no rules; the channels' defaults decide."),
    table("Channels, where no rule says otherwise", ["Channel", "Answer within", "Hours", "Note", "Queue", "Priority", "Promises to keep", "Asked whether solved"],
      rules.channels.map((one) => [channel(one.channel), target(one.target_s), one.hours || "the queue's, else always", one.acknowledge.replace("_", " "), one.queue, one.priority, `${+(one.promise_level * 100).toFixed(1)} %`, one.follow_up_s ? `after ${target(one.follow_up_s)}` : "never"])),
    table("Queues", ["Queue", "On duty", "Lead", "Hours", "Overflows into"],
      rules.queues.map((one) => [one.id, people(one.duty), one.lead?.name ?? "", one.hours || "always", one.overflow.join(", ")])),
    h("details", {}, h("summary", {}, "The file"), h("pre", { class: "source", tabindex: "0" }, rules.text)),
  );
}

start().catch((error) => toast(error.message, { bad: true }));
