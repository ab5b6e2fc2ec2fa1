// What went out, newest first.

import { get } from "./api.js";
import { h, icon, keyed, name, prose } from "./dom.js";
import { follow, soon } from "./live.js";
import { moment } from "./time.js";
import { NOTE, STATE, channel } from "./words.js";

const box = document.getElementById("outbox");
const signed = document.getElementById("sign-out") !== null;

function letter(item) {
  const copied = item.to.kind === "email" && item.channel !== "email";
  const from = item.sender ? `${item.author} <${item.sender}>` : item.author;
  const to = item.to.name && item.to.kind !== "chat" ? `${item.to.name} <${item.to.address}>` : item.to.called;
  const what = item.note ? h("span", { class: "chip note-chip" }, icon("clock"), `${NOTE[item.note] ?? NOTE.first}${item.style === "spoken" ? ", read out" : ""}`) : h("span", { class: "chip" }, copied ? "Answer, copied by mail" : "Answer");
  const reference = signed ? h("a", { href: `/c/${item.reference}` }, item.reference) : item.reference;
  return h("article", { class: "letter", data: { state: item.state } },
    h("header", {},
      copied ? icon("email", channel("email")) : icon(item.channel, channel(item.channel)), what,
      h("span", { class: `state ${item.state}` }, STATE[item.state] ?? item.state),
      h("span", { class: "faint" }, reference), moment(item.sent_at ?? item.at, { class: "faint end" })),
    h("dl", { class: "envelope" },
      h("div", {}, h("dt", {}, "From"), h("dd", {}, name(from))),
      h("div", {}, h("dt", {}, "To"), h("dd", {}, name(to))),
      item.subject ? h("div", {}, h("dt", {}, "Subject"), h("dd", {}, name(item.subject))) : null,
      item.files.length ? h("div", {}, h("dt", {}, "Files"), h("dd", {}, name(item.files.join(", ")))) : null),
    prose(item.text),
    item.reason ? h("p", { class: "reason" }, icon("warn"), name(item.reason, "span")) : null,
  );
}

async function load() {
  const { items } = await get("/outbox");
  box.setAttribute("aria-busy", "false");
  if (!items.length) box.replaceChildren(h("div", { class: "blank" }, icon("email"), h("p", {}, "Nothing went out yet.")));
  else keyed(box, items, (item) => item.id, letter);
}

const reload = soon(load);
reload();
if (signed) follow(reload);
else setInterval(() => document.hidden || reload(), 2000);
