// Asks for an address at which the answer reaches somebody who has left, and shows that it was saved.
import { fill, h, icon } from "./dom.js";

export class Contact {
  element = h("div", { class: "email", hidden: true });
  asking = false;

  constructor({ words, done }) {
    Object.assign(this, { words, done });
  }

  paint(link, { wanted, present }) {
    const view = !wanted ? "" : this.asking ? "ask" : link.email ? `saved ${link.email}` : present ? "offer" : "ask";
    if (this.view === view) return;
    this.view = view;
    this.element.hidden = !view;
    const { words } = this;
    if (view === "ask") this.element.replaceChildren(this.form(link, present));
    else if (view === "offer") this.element.replaceChildren(this.opener(words.email_offer, link, present));
    else {
      const saved = fill(words.email_saved, { email: link.email });
      this.element.replaceChildren(
        h("p", {}, icon("m5 12 5 5 9-10"), h("span", { role: "status" }, saved), this.opener(words.email_change, link, present)));
    }
  }

  opener(label, link, present) {
    const open = () => {
      this.asking = true;
      this.paint(link, { wanted: true, present });
      this.element.querySelector("input").focus();
    };
    return h("button", { type: "button", class: "plain", click: open }, label);
  }

  form(link, present) {
    const { words } = this;
    const wrong = h("p", { class: "wrong", role: "alert", id: "wrong" });
    const input = h("input", { type: "email", autocomplete: "email", value: link.email,
      "aria-label": words.email_label, "aria-describedby": "wrong", placeholder: words.email_label });
    const save = (event) => {
      event.preventDefault();
      const email = input.value.trim();
      if (/^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(email)) {
        this.asking = false;
        link.contact(email);
        return this.done();
      }
      input.setAttribute("aria-invalid", "true");
      wrong.textContent = words.email_bad;
      input.focus();
    };
    return h("form", { novalidate: true, submit: save }, h("p", {}, present ? words.email_offer : words.email_away),
      h("div", { class: "row" }, input, h("button", {}, words.email_save)), wrong);
  }
}
