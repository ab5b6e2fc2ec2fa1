// The lines of a conversation: messages, answers, and automatic notes that are marked as such.

import { get } from "./api.js";
import { h, icon, name, prose, size, toast } from "./dom.js";
import { clock, day, full, moment } from "./time.js";
import { ADVICE, KIND, NOTE, STATE } from "./words.js";

// The one place where a string becomes HTML: a mail the server made harmless, for a frame without rights.
const mail = globalThis.trustedTypes?.createPolicy("handleby-mail", { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};
const SHEET = new URL("./mail.css", import.meta.url).pathname;

// A copy stands behind what it is a copy of, although it gets its place when it is sent.
function inOrder(lines) {
  const copies = lines.filter((line) => line.copy);
  const found = lines.filter((line) => !line.copy);
  for (const copy of copies) {
    const place = found.findIndex((line) => `${line.id}_copy` === copy.id);
    found.splice(place < 0 ? found.length : place + 1, 0, copy);
  }
  return found;
}

// What changes or withdraws an earlier line stands beside it; where that one is not here, on its own.
function beside(lines) {
  const found = [];
  const places = new Map();
  for (const line of lines) {
    const place = ["edit", "delete"].includes(line.kind) && line.about ? places.get(line.about) : undefined;
    if (place !== undefined) found[place] = { ...found[place], changes: [...(found[place].changes ?? []), line] };
    else {
      for (const known of [line.id, line.name]) if (known) places.set(known, found.length);
      found.push(line);
    }
  }
  return found;
}

export function withDays(lines) {
  const found = [];
  let last = "";
  for (const line of beside(inOrder(lines))) {
    const today = day(line.at);
    if (today !== last) found.push({ day: today, at: line.at });
    last = today;
    found.push(line);
  }
  return found;
}

export const keyOf = (item) => (item.day ? `day ${item.day}` : `line ${item.seq}`);

export function render(item, conversation) {
  if (item.day) return h("div", { class: "day", role: "separator" }, h("span", {}, item.day));
  if (item.kind === "note") return note(item, conversation);
  if (item.copy) return copy(item);
  return message(item, conversation);
}

// Says something without a text of its own.
const told = (line) => line.kind === "status" && !line.text;

function message(line, conversation) {
  const kind = KIND[line.kind];
  const gone = line.changes?.at(-1)?.kind === "delete";
  const quiet = ["machine", "edit", "delete", "status", "unreadable"].includes(line.kind);
  return h(
    "article",
    { class: `line ${line.ours ? "ours" : "theirs"}${quiet ? " odd" : ""}${gone ? " gone" : ""}`, data: { state: line.state } },
    h("header", {},
      name(line.author, "strong"),
      kind ? h("span", { class: line.kind === "agent" ? "chip" : "faint" }, kind) : null,
      line.public && !conversation.public ? h("span", { class: "chip public" }, icon("eye"), "Public") : null,
      moment(line.at, { class: "faint" }),
    ),
    h("div", { class: "bubble" },
      line.subject && !line.subject.endsWith(conversation.subject) ? name(line.subject, "div", { class: "line-subject" }) : null,
      told(line) ? h("p", {}, line.reason) : null,
      line.kind === "unreadable" ? h("p", { class: "reason" }, icon("warn"), line.reason || "The message could not be read.") : null,
      line.text ? prose(line.text) : null,
      line.full_text ? h("details", {}, h("summary", {}, "Show the whole text"), prose(line.full_text)) : null,
      files(line),
      tools(line, conversation),
    ),
    (line.changes ?? []).map(change),
    foot(line),
  );
}

function change(line) {
  const words = line.kind === "delete" ? `${line.ours ? "We" : "They"} withdrew this` : "Changed to";
  return h("div", { class: `change ${line.kind}` },
    h("p", { class: "faint small" }, icon(line.kind === "delete" ? "warn" : "clock"), " ", words, " ", moment(line.at)),
    line.kind === "edit" && line.text ? prose(line.text) : null,
    files(line));
}

function copy(line) {
  const state = `${STATE[line.state] ?? line.state}${line.reason ? `: ${line.reason}` : ""}`;
  return h("p", { class: "copy faint small" }, icon("email"), "Copy to ", name(line.copy), ` if the answer is not seen here · ${state}`);
}

function note(line, conversation) {
  const kind = NOTE[line.note] ?? NOTE.first;
  const spoken = conversation.means.style === "spoken" ? ", read out" : "";
  const promised = line.promised_at ? h("span", { class: "promised", title: full(line.promised_at) }, `promises ${clock(line.promised_at)}`) : null;
  return h(
    "article",
    { class: "note", data: { state: line.state } },
    h("header", {}, icon("clock"), h("span", {}, `${kind} in `, name(`${line.author}'s`), ` name${spoken}`), promised, moment(line.at, { class: "faint end" })),
    prose(line.text),
    foot(line),
  );
}

function foot(line) {
  const parts = [];
  if (line.state && !(line.state === "sent" && line.kind === "note")) {
    const text = line.state === "sent" ? "Sent" : `${STATE[line.state] ?? line.state}${line.reason ? `: ${line.reason}` : ""}`;
    parts.push(h("span", { class: `state ${line.state}` }, text));
    if (ADVICE[line.state] && line.kind === "reply") parts.push(h("span", { class: "advice" }, ADVICE[line.state], " ", again(line)));
  } else if (line.reason && line.kind !== "unreadable" && !told(line)) parts.push(h("span", { class: "state" }, line.reason));
  if (line.doubtful) parts.push(h("span", { class: "state failed" }, `Sender in doubt: ${line.doubtful}`));
  if (line.no_note) parts.push(h("span", { class: "state" }, `No automatic answer: ${line.no_note}`));
  return parts.length ? h("footer", {}, parts) : null;
}

function again(line) {
  return h("button", { type: "button", class: "small", onclick: (event) => {
    event.currentTarget.dispatchEvent(new CustomEvent("again", { bubbles: true, detail: line.text }));
  } }, "Write it again");
}

function files(line) {
  if (!line.files.length) return null;
  const one = (file) =>
    h("a", { class: "file", href: `/api/v1${file.path}`, download: "" },
      icon("file"), name(file.name), h("span", { class: "faint" }, size(file.size)));
  return h("div", { class: "files" }, line.files.map(one));
}

function tools(line, conversation) {
  if (!line.html && !line.raw) return null;
  const html = line.html
    ? h("button", { type: "button", class: "quiet small", onclick: (event) => unfold(event.target, line, conversation) }, "Show as HTML")
    : null;
  const raw = line.raw
    ? h("a", { href: `/api/v1${line.raw}`, download: "" }, "Download the original")
    : null;
  return h("div", { class: "tools" }, html, raw);
}

async function unfold(button, line, conversation) {
  const bubble = button.closest(".bubble");
  const old = bubble.querySelector("iframe");
  if (old) {
    old.remove();
    button.textContent = "Show as HTML";
    return;
  }
  try {
    const letter = await get(`/conversations/${conversation.id}/lines/${line.seq}/html`);
    const frame = h("iframe", {
      class: "mail", title: "The mail as HTML", sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer",
    });
    const page = `<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="${SHEET}"></head><body>${letter.html}</body></html>`;
    frame.srcdoc = mail.createHTML(page);
    bubble.append(frame);
    button.textContent = "Hide the HTML";
  } catch (error) {
    toast(error.message, { bad: true });
  }
}
