// Keys for those who do this all day; never while somebody types.

import { h } from "./dom.js";
import { openUntil } from "./until.js";

const KEYS = [
  ["j / k", "Next, previous conversation"],
  ["r", "Answer"],
  ["Ctrl + Enter", "Send"],
  ["Ctrl + Shift + Enter", "Send and resolve"],
  ["e", "Resolve"],
  ["t", "Take it"],
  ["i", "I need until…"],
  ["u", "Back to the list"],
  ["/", "Search"],
  ["Esc", "Leave the text field"],
  ["?", "This help"],
];

export function listen({ step, pane, find, back }) {
  const help = document.getElementById("help");
  help.append(
    h("h2", { id: "help-title" }, "Keys"),
    h("dl", { class: "keys" }, KEYS.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, "Close")),
  );
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    r: () => pane.can("reply") && pane.composer.focus(),
    e: () => pane.can("resolve") && pane.act("resolve"),
    t: () => pane.can("take") && pane.act("take"),
    i: () => openUntil(),
    u: () => pane.conversation && back(),
    "/": () => find.focus(),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === find) find.blur();
    const typing = event.target.closest("input, textarea, select, dialog, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}
