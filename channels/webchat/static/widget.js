// <handleby-chat>: shows who answers and by when, what was said, and a place to write.
// <script type="module" src="https://help.example.com/widget.js?account=site"></script> is all a site needs.
import { Contact } from "./chat/static/contact.js";
import { fill, h, icon, linked } from "./chat/static/dom.js";
import { Link } from "./chat/static/link.js";
import { stand } from "./chat/static/standing.js";
import { When } from "./chat/static/when.js";

const here = new URL(import.meta.url);
const SERVER = new URL("./", here).href;
const BUBBLE = "M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z";
const NEAR = 80; // px from the end within which the list follows new lines
const initials = (name) => name.split(/\s+/).map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase();

class HandlebyChat extends HTMLElement {
  nodes = new Map(); // elements of the list by key
  opened = false;
  following = true; // the end of the list is in view, so new lines are followed
  lastRead = 0;

  async connectedCallback() {
    this.account = this.getAttribute("account") ?? here.searchParams.get("account") ?? "";
    this.inline = this.hasAttribute("inline");
    const wanted = this.getAttribute("lang") || here.searchParams.get("lang") || document.documentElement.lang || navigator.language;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    try {
      const ask = (path) => fetch(SERVER + path).then((answer) => (answer.ok ? answer : Promise.reject(answer.status)));
      const query = new URLSearchParams({ account: this.account, lang: wanted });
      const [config, style] = await Promise.all([ask(`chat/config?${query}`), ask("chat/static/widget.css")]);
      this.config = await config.json();
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(await style.text());
      root.adoptedStyleSheets = [sheet];
    } catch (error) {
      return console.error(`Handleby chat cannot start: is ${location.origin} among the account's origins?`, error);
    }
    if (!this.isConnected) return;
    this.words = this.config.words;
    const regional = navigator.languages.find((tag) => tag.startsWith(this.config.language)); // en-GB knows its dates
    this.when = new When(regional ?? this.config.language, this.words);
    this.build(root);
    const { identifier } = this.dataset;
    const { identifierHash: identifier_hash, attributes, attributesHash: attributes_hash, name, email } = this.dataset;
    this.identify(identifier ? { identifier, identifier_hash, attributes, attributes_hash, name, email } : undefined);
    document.addEventListener("visibilitychange", this.looked = () => this.read());
    this.clock = setInterval(() => this.tick(), 1000);
    this.dispatchEvent(new CustomEvent("handleby-ready", { bubbles: true }));
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.looked);
    this.link?.stop();
  }

  // Says who the visitor is, as signed by the site; without an argument: somebody unknown.
  identify(identity) {
    this.link?.stop();
    this.nodes.clear();
    this.list.replaceChildren();
    this.link = new Link({ server: SERVER, account: this.config.account, identity, changed: () => this.paint() });
    if (this.inline || this.opened || this.link.returning) this.link.start();
    this.paint();
  }

  open() { this.toggle(true); }

  close() { this.toggle(false); }

  toggle(opened) {
    if (this.inline || opened === this.opened) return;
    this.opened = opened;
    this.panel.hidden = !opened;
    this.launcher.setAttribute("aria-expanded", opened);
    this.launcher.classList.toggle("away", opened);
    if (opened) this.link.start();
    (opened ? this.input : this.launcher).focus();
    this.paint();
    this.toEnd();
  }

  // --- the parts

  build(root) {
    const { words, config } = this;
    this.style.setProperty("--accent", config.colour);
    this.style.setProperty("--on-accent", config.on_colour);
    this.lang = config.language;
    this.presence = h("p", { class: "presence" });
    this.card = h("div", { class: "card", hidden: true },
      this.ring = h("div", { class: "ring", "aria-hidden": "true" }, this.face = h("span")),
      h("div", {}, this.who = h("p", { class: "who", role: "status" }), this.rest = h("p", { class: "rest", role: "timer", "aria-live": "off" })));
    this.list = h("div", { class: "list", role: "log", "aria-label": words.conversation, tabindex: "0" });
    this.newer = h("button", { class: "newer", type: "button", hidden: true, click: () => this.toEnd() }, words.newer);
    this.banner = h("p", { class: "banner", role: "status", hidden: true });
    this.contact = new Contact({ words, done: () => this.input.focus() });
    this.input = h("textarea", { id: "text", rows: "1", maxlength: config.max_length, placeholder: words.placeholder,
      input: () => this.resize(), keydown: (event) => this.key(event) });
    this.form = h("form", { class: "write", submit: (event) => this.send(event) },
      h("label", { for: "text", class: "unseen" }, words.label), this.input,
      h("button", { class: "send", "aria-label": words.send, title: words.send }, icon("M12 19V6m0 0-6 6m6-6 6 6")));
    const shut = this.inline ? "" : h("button", { class: "shut", type: "button", "aria-label": words.close, click: () => this.close() }, icon("m6 6 12 12M18 6 6 18"));
    this.panel = h("section", { class: "panel", role: this.inline ? "region" : "dialog", "aria-label": config.title, hidden: !this.inline,
      keydown: (event) => event.key === "Escape" && this.close() },
    h("header", {}, h("div", {}, h("h2", {}, config.title), this.presence), shut), this.card,
    h("div", { class: "scroll", scroll: () => this.read() }, this.intro(), this.list), this.newer, this.contact.element, this.banner, this.form);
    this.scroll = this.panel.querySelector(".scroll");
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.scroll);
    this.badge = h("span", { class: "badge", hidden: true });
    this.launcher = h("button", { class: "launcher", type: "button", "aria-label": words.open, "aria-expanded": "false", click: () => this.toggle(!this.opened) },
      icon(BUBBLE), this.badge);
    root.replaceChildren(this.panel, this.inline ? "" : this.launcher);
  }

  intro() {
    const { words, config } = this;
    const ways = config.other_ways.map((way) => h("li", {}, ...linked(way, true)));
    return h("div", { class: "intro" }, h("h3", {}, config.greeting),
      config.purpose && h("p", {}, ...linked(config.purpose, true)), h("p", { class: "hint" }, icon(BUBBLE), words.promise),
      ways.length ? h("details", {}, h("summary", {}, words.other_ways), h("ul", {}, ...ways)) : "");
  }

  // --- writing

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.send(event);
  }

  send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return this.input.focus();
    this.input.value = "";
    this.resize();
    this.link.write(text);
    this.toEnd();
    this.input.focus();
  }

  resize() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 140)}px`;
  }

  edit(entry) {
    this.link.takeBack(entry);
    this.input.value = entry.text;
    this.resize();
    this.input.focus();
  }

  // --- showing

  paint() {
    if (!this.link) return;
    const { link, words, config } = this;
    const present = link.state?.present ?? this.config.present;
    this.presence.replaceChildren(h("i", { class: present ? "dot on" : "dot" }), present ? words.here : words.away);
    const fault = link.fault === "identity_required" ? words.identity_required : words.unavailable;
    const said = { refused: fault, offline: words.offline, connecting: link.failures ? words.offline : "" }[link.status] ?? "";
    if (this.banner.textContent !== said) this.banner.textContent = said;
    this.banner.hidden = !said;
    this.input.disabled = link.status === "refused";
    const before = this.list.lastElementChild;
    this.paintList();
    const wrote = link.lines.size || link.outbox.length;
    this.contact.paint(link, { present, wanted: config.continue_by_email && link.status !== "refused" && (wrote || !present) });
    this.tick();
    if (this.following) this.toEnd();
    else if (before !== this.list.lastElementChild) this.newer.hidden = false;
    this.read();
  }

  paintList() {
    const lines = [...this.link.lines.values()].sort((a, b) => a.seq - b.seq);
    const items = [...lines.map((line) => ({ ...line, key: line.ours ? line.id : line.id.split(":").pop() })),
      ...this.link.outbox.map((entry) => ({ key: entry.id, text: entry.text, at: entry.at, entry }))];
    const used = new Set();
    let day = "", from = "", place = this.list.firstChild;
    const put = (key, make) => {
      used.add(key);
      if (!this.nodes.has(key)) this.nodes.set(key, make());
      const node = this.nodes.get(key);
      if (node === place) place = node.nextSibling;
      else this.list.insertBefore(node, place);
      return node;
    };
    for (const item of items) {
      const date = this.when.day(new Date(item.at));
      if (date !== day) put(`day ${date}`, () => h("p", { class: "day" }, h("span", {}, date)));
      const speaker = item.ours ? item.author : "";
      const node = put(item.key, () => this.bubble(item));
      node.classList.toggle("more", date === day && from === speaker);
      this.mark(node, item.entry);
      [day, from] = [date, speaker];
    }
    for (const [key, node] of this.nodes) if (!used.has(key)) { node.remove(); this.nodes.delete(key); }
  }

  bubble(item) {
    const { words } = this;
    const files = (item.attachments ?? []).map((file) => h("button", { type: "button", class: "file", click: () => this.download(file) }, fill(words.download, { name: file.name })));
    const time = h("time", { datetime: new Date(item.at).toISOString() }, this.when.time(new Date(item.at)));
    return h("article", { class: item.ours ? "theirs" : "mine" },
      h("p", { class: item.ours ? "name" : "unseen" }, item.ours ? item.author : words.you),
      h("div", { class: "text" }, ...linked(item.text), ...files), h("p", { class: "meta" }, time, h("span", { class: "fate" })));
  }

  // says what became of a message that is not among the lines yet
  mark(node, entry) {
    const { words, config } = this;
    const fate = node.querySelector(".fate");
    const code = entry?.code;
    const bad = code && (code === "too_long" ? fill(words.too_long, { count: config.max_length }) : words.refused);
    const said = bad || (entry && !entry.key ? (entry.kept ? words.kept : words.sending) : "");
    node.classList.toggle("unsent", Boolean(said));
    node.classList.toggle("refused", Boolean(bad));
    if (fate.dataset.said === said) return;
    fate.dataset.said = said;
    fate.replaceChildren(said, bad ? h("button", { type: "button", click: () => this.edit(entry) }, words.edit) : "");
  }

  // once a second: who answers, by when, and what is left of it
  tick() {
    const { link, words } = this;
    const standing = link?.state?.standing;
    const sent = link?.outbox.some((entry) => entry.key);
    this.card.hidden = !standing && !sent;
    if (this.card.hidden) return;
    const now = new Date(Date.now() + link.skew);
    const asked = Math.max(0, ...[...link.lines.values()].filter((line) => !line.ours).map((line) => Date.parse(line.at)));
    const { who, rest, turn, mood } = standing
      ? stand(standing, { now, asked, when: this.when, words })
      : { who: words.received, rest: "", turn: 0, mood: "" };
    const person = standing?.person ?? "";
    this.face.textContent = person ? initials(person) : "…";
    this.ring.style.setProperty("--turn", turn);
    this.card.className = `card ${mood}`;
    if (this.who.textContent !== who) this.who.textContent = who;
    if (this.rest.textContent !== rest) this.rest.textContent = rest;
  }

  async download({ blob, name }) {
    const href = URL.createObjectURL(await this.link.file(blob));
    h("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 6e4);
  }

  toEnd() {
    this.following = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  // notes what the visitor has before their eyes, and counts what they have not
  read() {
    this.following = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR;
    const ours = [...(this.link?.lines.values() ?? [])].filter((line) => line.ours);
    if ((this.inline || this.opened) && document.visibilityState === "visible" && this.following) {
      this.newer.hidden = true;
      this.lastRead = Math.max(this.lastRead, ...ours.map((line) => line.seq));
      if (ours.length) this.link.seen(this.lastRead);
    }
    const unread = ours.filter((line) => line.seq > this.lastRead).length;
    this.badge.hidden = !unread;
    this.badge.textContent = unread;
    this.launcher.setAttribute("aria-label", unread ? `${this.words.open} (${fill(this.words.unread, { count: unread })})` : this.words.open);
    if (unread !== this.unread) this.dispatchEvent(new CustomEvent("handleby-unread", { bubbles: true, detail: unread }));
    this.unread = unread;
  }
}

customElements.define("handleby-chat", HandlebyChat);
if (!document.querySelector("handleby-chat")) document.body.append(document.createElement("handleby-chat"));
