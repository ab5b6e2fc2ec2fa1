// The conversation on the right: who, by when, what was said, and what can be done.

import { get, post } from "./api.js";
import { aside } from "./aside.js";
import { menu } from "./arrange.js";
import { Composer } from "./composer.js";
import { h, icon, keyed, name, toast } from "./dom.js";
import { laid } from "./laid.js";
import * as lines from "./lines.js";
import { publicMark, riskLine, wantedMark, windowMark } from "./signs.js";
import { countdown, deadline, moment, span } from "./time.js";
import { needUntil } from "./until.js";
import { wishLine } from "./wish.js";
import { STATUS, channel } from "./words.js";

export class Case {
  constructor(box, { me, onchange, onback, ondone }) {
    Object.assign(this, { box, me, onchange, onback, ondone });
    this.conversation = null;
    this.wanted = null;
    // Grows with each conversation that is opened, so that a late answer about another one is dropped.
    this.turn = 0;
    this.lines = [];
    this.composer = new Composer({ onsent: (changed, resolved) => this.#sent(changed, resolved) });
    this.head = h("header", { class: "case-head" });
    this.scroll = h("div", { class: "transcript", tabindex: "0", role: "log", "aria-label": "What was said" });
    this.scroll.addEventListener("again", (event) => this.composer.again(event.detail));
    this.beside = h("aside", { class: "beside", "aria-label": "About this conversation" });
    this.foot = h("div", { class: "case-foot" });
    this.main = h("div", { class: "case-main" }, this.scroll, this.foot);
    this.empty();
  }

  empty(text = "Choose a conversation", more = "Most urgent first, so start at the top. Press ? for keys.") {
    this.conversation = null;
    this.wanted = null;
    this.turn += 1;
    this.box.replaceChildren(h("div", { class: "blank" }, icon("clock"), h("p", {}, text), h("p", { class: "faint" }, more)));
  }

  async open(id) {
    this.turn += 1;
    this.wanted = id;
    return this.#show();
  }

  async refresh() {
    if (this.wanted) await this.#show();
  }

  async #show() {
    const { turn, wanted } = this;
    try {
      const conversation = await get(`/conversations/${encodeURIComponent(wanted)}`);
      const all = await transcript(conversation.id);
      if (turn !== this.turn) return null;
      this.#fill(conversation, all);
      return conversation;
    } catch (error) {
      if (turn !== this.turn) return null;
      if (![this.conversation?.id, this.conversation?.reference].includes(wanted)) this.empty(error.status === 404 ? "There is no such conversation" : "This could not be opened", error.message);
      else toast(error.message, { bad: true });
      return null;
    }
  }

  async act(verb) {
    const { id } = this.conversation;
    try {
      const changed = await post(`/conversations/${id}/${verb}`);
      this.onchange(changed);
      if (verb === "resolve") {
        toast("Resolved.", { action: "Undo", onclick: async () => { await this.open(id); this.act("reopen"); } });
        this.ondone(id);
      } else await this.open(id);
    } catch (error) {
      toast(error.message, { bad: true });
      await this.refresh();
    }
  }

  can(verb) {
    const one = this.conversation;
    const mine = one?.owner && one.owner.id === this.me.agent?.id;
    if (!one || !this.me.agent) return false;
    return {
      reply: one.status !== "merged" && one.status !== "held",
      take: one.status === "open" && !one.owner,
      release: Boolean(mine) && one.status === "open",
      resolve: ["open", "pending", "snoozed", "held"].includes(one.status),
      reopen: ["resolved", "snoozed", "pending"].includes(one.status),
      unhold: one.status === "held",
      snooze: one.status === "open" && (!one.owner || Boolean(mine)),
      merge: !["held", "merged"].includes(one.status),
    }[verb];
  }

  #fill(conversation, all) {
    const fresh = this.conversation?.id !== conversation.id;
    if (!fresh && conversation.version < this.conversation.version) return;
    const grown = all.at(-1)?.seq !== this.lines.at(-1)?.seq;
    const bottom = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 80;
    const changed = fresh || this.conversation.version !== conversation.version;
    this.conversation = conversation;
    this.lines = all;
    if (!this.head.isConnected) this.box.replaceChildren(this.head, this.main, this.beside);
    if (fresh) this.scroll.replaceChildren();
    keyed(this.scroll, lines.withDays(all), lines.keyOf, (item) => lines.render(item, conversation));
    if (changed) {
      this.#showHead();
      aside(conversation, this.beside, this.me);
      this.#showFoot();
    }
    if (this.can("reply")) this.composer.show(conversation, all, this.me);
    if (fresh || (grown && bottom)) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #showHead() {
    const one = this.conversation;
    const who = one.contact.called;
    const button = (verb, text, props = {}) =>
      this.can(verb) ? h("button", { type: "button", onclick: () => this.act(verb), ...props }, text) : null;
    this.head.replaceChildren(
      h("button", { type: "button", class: "quiet back", "aria-label": "Back to the list", onclick: () => this.onback() }, icon("back")),
      h("div", { class: "case-title" },
        h("h2", {}, name(one.subject || who)),
        h("p", { class: "faint" }, icon(one.channel, channel(one.channel)), one.subject ? [name(who), " · "] : null, h("span", { class: "reference" }, one.reference), " · ", this.#owner()),
      ),
      h("div", { class: "case-time" }, publicMark(one), windowMark(one), wantedMark(one), this.#time(), needUntil(this)),
      h("div", { class: "case-acts" },
        button("take", "Take it", { title: "t" }), button("release", "Release"), button("unhold", "Let it in"),
        one.status === "pending" ? null : button("reopen", "Reopen"), button("resolve", "Resolve", { title: "e" }), menu(this),
        h("button", { type: "button", class: "quiet more", "aria-label": "About this conversation", "aria-expanded": "false", onclick: (event) => {
          const open = this.box.toggleAttribute("data-beside");
          event.currentTarget.setAttribute("aria-expanded", String(open));
        } }, icon("info"))),
      ...one.absorbed.map((reference) => h("p", { class: "absorbed faint" }, "Merged into this one: ", h("a", { href: `/c/${reference}` }, reference))),
      riskLine(one, this.me) ?? "",
      wishLine(one) ?? "",
      ...one.flags.map((flag) => h("p", { class: "flag" }, icon("warn"), name(flag, "span"))),
    );
  }

  #owner() {
    const one = this.conversation;
    if (one.owner) return one.owner.id === this.me.agent?.id ? "yours" : name(`${one.owner.name} has it`);
    if (one.status !== "open") return `in ${one.queue}`;
    return one.accountable ? name(`in ${one.queue}, ${one.accountable.name} watches over it`) : `in ${one.queue}`;
  }

  #time() {
    const one = this.conversation;
    if (one.status !== "open") return h("span", { class: "pill" }, STATUS[one.status]);
    const next = deadline(one);
    if (!next) return h("span", { class: "pill" }, "Nobody waits");
    return [
      h("span", { class: "faint" }, `${next.word} by `, moment(next.at)),
      countdown(next.at, (s) => (s < 0 ? `${span(s)} late` : `${span(s)} left`), { class: "pill large" }),
    ];
  }

  #showFoot() {
    const one = this.conversation;
    const told = (text) => h("p", { class: "told" }, text);
    const words = this.me.agent ? laid(one, { me: this.me, onsent: (changed) => this.#sent(changed, false), onwrite: (changed) => { this.#sent(changed, false); this.composer.focus(); } }) : null;
    const writing = words ? [words, this.composer.node] : [this.composer.node];
    // Only what has changed is put in place: whoever writes keeps the keyboard.
    const same = this.foot.children.length === writing.length && writing.every((node, place) => this.foot.children[place] === node);
    if (this.can("reply")) { if (!same) this.foot.replaceChildren(...writing); }
    else if (!this.me.agent) this.foot.replaceChildren(told("Your account is no agent in the rules, so you can read but not answer."));
    else if (one.status === "held") this.foot.replaceChildren(told("Held for review: no note goes out. Let it in to answer, or resolve it."));
    else this.foot.replaceChildren(h("p", { class: "told" }, "This lives on in ", h("a", { href: `/c/${one.merged_into}` }, "another conversation"), "."));
  }

  #sent(changed, resolved) {
    if (!changed) return this.refresh();
    this.onchange(changed);
    if (resolved) {
      toast("Sent and resolved.");
      this.ondone(changed.id);
      return null;
    }
    return this.refresh();
  }
}

async function transcript(id) {
  const all = [];
  for (let after = 0; after !== null;) {
    const page = await get(`/conversations/${id}/transcript`, { after });
    all.push(...page.lines);
    after = page.next;
  }
  return all;
}
