// Writing an answer: draft kept, files, and a warning before two people answer the same thing.

import { call, post } from "./api.js";
import * as drafts from "./drafts.js";
import { h, icon, name, size, toast } from "./dom.js";
import { cautions, lengthHint } from "./signs.js";

const FILE_MOST = 10 * 1024 * 1024;

export class Composer {
  constructor({ onsent }) {
    this.onsent = onsent;
    this.id = "";
    this.files = [];
    this.busy = false;
    this.text = h("textarea", { id: "answer", rows: "3", maxlength: "50000", dir: "auto", "aria-describedby": "cautions count", oninput: () => this.#typed() });
    this.label = h("label", { for: "answer" });
    this.cautions = h("div", { class: "cautions", id: "cautions" });
    this.count = h("p", { class: "count", id: "count", role: "status" });
    this.warning = h("div", { class: "collision", role: "alert", hidden: true });
    this.hint = h("span", { class: "faint small draft" });
    this.list = h("div", { class: "files" });
    const picker = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-label": "Add files", onchange: () => this.#add(picker) });
    this.send = h("button", { type: "button", class: "primary", title: "Ctrl+Enter", onclick: () => this.submit(false) }, "Send");
    this.finish = h("button", { type: "button", title: "Ctrl+Shift+Enter", onclick: () => this.submit(true) }, "Send and resolve");
    this.clip = h("button", { type: "button", class: "quiet", title: "Add files", "aria-label": "Add files", onclick: () => picker.click() }, icon("clip"));
    this.node = h("form", { class: "composer", onsubmit: (event) => event.preventDefault() },
      this.warning, this.cautions, this.label, this.text, this.count, this.list,
      h("div", { class: "composer-end" }, this.clip, picker, this.hint, this.finish, this.send));
    this.text.addEventListener("keydown", (event) => this.#keys(event));
  }

  // Show the composer of this conversation; `lines` are what its reader has before them.
  show(conversation, lines, me) {
    const who = conversation.contact.called;
    if (conversation.id !== this.id) this.#open(conversation, lines);
    this.conversation = conversation;
    this.me = me;
    this.label.replaceChildren("Answer ", name(who), conversation.public ? " in public as " : " as ", name(me.name));
    this.cautions.replaceChildren(...cautions(conversation));
    this.clip.hidden = !conversation.means.files;
    this.node.classList.toggle("is-public", conversation.public);
    this.#measure();
    const newest = lines.filter((line) => line.seq > this.seenSeq && line.kind !== "note" && !this.#mine(line));
    if (this.text.value.trim() && newest.length) this.#warn(newest, conversation, lines);
    else if (!newest.length || !this.text.value.trim()) this.#seen(conversation, lines);
  }

  focus() {
    this.text.focus();
  }

  // Take a text that did not go out, to be written again.
  again(text) {
    if (this.text.value.trim() && this.text.value.trim() !== text.trim()) toast("You are writing something else. Send or clear that first.", { bad: true });
    else {
      this.text.value = text;
      this.#typed();
    }
    this.focus();
  }

  async submit(resolve) {
    const text = this.text.value.trim();
    if (!text || this.busy) return;
    const { id, seen } = this;
    this.#lock(true);
    try {
      const body = { text, resolve, version: seen, files: this.files.map((file) => file.mark) };
      const changed = await post(`/conversations/${id}/reply`, body, { "Idempotency-Key": this.draft.key });
      drafts.drop(id);
      if (this.id === id) this.#clear();
      this.onsent(changed, resolve);
    } catch (error) {
      if (error.code === "conflict") this.onsent(null, false);
      toast(error.message, { bad: true });
    }
    this.#lock(false);
  }

  #mine(line) {
    return line.kind === "reply" && line.author === this.me?.agent?.name;
  }

  #open(conversation, lines) {
    this.id = conversation.id;
    this.conversation = conversation;
    this.draft = drafts.load(this.id);
    this.text.value = this.draft.text;
    this.files = [];
    this.#listFiles();
    this.#grow();
    this.hint.textContent = this.draft.text ? "Draft" : "";
    this.#seen(conversation, lines);
  }

  #seen(conversation, lines) {
    this.seen = conversation.version;
    this.seenSeq = lines.at(-1)?.seq ?? 0;
    this.warning.hidden = true;
    this.warning.replaceChildren();
  }

  #warn(newest, conversation, lines) {
    const last = newest.at(-1);
    const done = last.kind === "reply" ? "answered" : "wrote again";
    this.warning.replaceChildren(
      h("span", {}, icon("warn"), " ", name(last.author), ` ${done} while you were writing. Read it before you send.`),
      h("button", { type: "button", onclick: () => { this.#seen(conversation, lines); this.focus(); } }, "I have read it"),
    );
    this.warning.hidden = false;
  }

  #typed() {
    this.draft.text = this.text.value;
    drafts.save(this.id, this.draft);
    this.hint.textContent = this.draft.text ? "Draft kept in this browser" : "";
    this.#measure();
    this.#grow();
  }

  #measure() {
    const told = lengthHint(this.text.value.trim(), this.conversation.means);
    if (this.count.textContent !== told.text) this.count.textContent = told.text;
    this.count.classList.toggle("over", told.over);
  }

  #grow() {
    this.text.style.height = "auto";
    if (this.text.scrollHeight) this.text.style.height = `${Math.min(this.text.scrollHeight + 2, innerHeight * 0.4)}px`;
  }

  #keys(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.submit(event.shiftKey);
    } else if (event.key === "Escape") this.text.blur();
  }

  #clear() {
    this.draft = drafts.load(this.id);
    this.text.value = "";
    this.files = [];
    this.hint.textContent = "";
    this.#listFiles();
    this.#measure();
    this.#grow();
  }

  #lock(busy) {
    this.busy = busy;
    this.send.disabled = busy;
    this.finish.disabled = busy;
    this.text.readOnly = busy;
    this.send.textContent = busy ? "Sending…" : "Send";
  }

  async #add(picker) {
    const id = this.id;
    const chosen = [...picker.files];
    picker.value = "";
    for (const file of chosen) {
      if (file.size > FILE_MOST) {
        toast(`${file.name} is larger than ${size(FILE_MOST)}. Send a link instead.`, { bad: true });
        continue;
      }
      try {
        const kept = await call("POST", "/files", { query: { name: file.name }, file });
        if (this.id !== id) return;
        this.files.push({ mark: kept.file, name: kept.name, size: kept.size });
        this.#listFiles();
      } catch (error) {
        toast(error.message, { bad: true });
      }
    }
  }

  #listFiles() {
    const one = (file) => h("span", { class: "file" }, icon("file"), name(file.name), h("span", { class: "faint" }, size(file.size)),
      h("button", { type: "button", class: "quiet close", "aria-label": `Remove ${file.name}`, onclick: () => {
        this.files = this.files.filter((other) => other !== file);
        this.#listFiles();
      } }, "×"));
    this.list.replaceChildren(...this.files.map(one));
  }
}
