// Words that no software may send: a person sends them as their own, or writes better ones.

import { call, post } from "./api.js";
import { h, icon, name, toast } from "./dom.js";
import { clock, moment } from "./time.js";

// The panel that was last made: made anew, it would lose what its reader has typed.
let last = { key: "", node: null };

// The panel above the answer; null where no words wait.
export function laid(conversation, { me, onsent, onwrite }) {
  const words = conversation.prepared;
  if (!words || !["open", "snoozed"].includes(conversation.status)) return null;
  const key = `${conversation.id} ${words.at}`;
  if (last.key !== key) last = { key, node: panel(conversation, words, { me, onsent, onwrite }) };
  return last.node;
}

function panel(conversation, words, { me, onsent, onwrite }) {
  const path = `/conversations/${conversation.id}/prepared`;
  const text = h("textarea", { id: "laid", rows: "4", maxlength: "50000", dir: "auto", lang: words.language }, words.text);
  const send = h("button", { type: "submit", class: "primary" }, "Send as my words");
  const away = h("button", { type: "button", onclick: () => act(() => call("DELETE", path), onwrite) }, "Write myself");
  const act = async (ask, then) => {
    send.disabled = away.disabled = true;
    try {
      then(await ask());
    } catch (error) {
      toast(error.message, { bad: true });
      send.disabled = away.disabled = false;
    }
  };
  return h("form", { class: "laid", "aria-labelledby": "laid-why", onsubmit: (event) => {
    event.preventDefault();
    act(() => post(path, { send: true, text: text.value, at: words.at }), (changed) => {
      toast(`Sent. The new time is ${clock(words.promise_at)}; the answer is still owed.`);
      onsent(changed);
    });
  } },
  h("p", { id: "laid-why" }, icon("warn"), h("span", {}, h("strong", {}, "The customer must hear of another time, and only a person may say it: "), name(words.reason), ".")),
  words.by && words.by.id !== me.agent.id ? h("p", {}, h("span", {}, "The words below are in ", name(words.by.name), "'s name. Say them in your own, then send.")) : null,
  h("label", { for: "laid" }, "Your words. The time stays ", moment(words.promise_at), "."),
  text,
  h("div", { class: "composer-end" }, away, send));
}
