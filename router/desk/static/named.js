// Tells at once what customers were told in my name, and asks newcomers to read the texts.

import { get } from "./api.js";
import { h, icon, name, toast } from "./dom.js";
import { clock } from "./time.js";
import { channel } from "./words.js";

// So many at once are told in one line.
const MANY = 3;
const keyOf = (one) => `${one.id} ${one.promised_at}`;

export class Named {
  constructor({ open }) {
    this.open = open;
    // Notes that were told, or that stood before this page was opened; null until it has looked.
    this.seen = null;
  }

  async look() {
    const { notes } = await get("/me/notes");
    const fresh = this.seen ? notes.filter((one) => !this.seen.has(keyOf(one))) : [];
    this.seen = new Set(notes.map(keyOf));
    if (fresh.length > MANY) toast(`${fresh.length} notes went out in your name.`, { action: "Show", onclick: () => location.assign("/notes") });
    else for (const one of fresh) this.#tell(one);
  }

  #tell(one) {
    const text = `In your name: ${one.contact.called} has your word for ${clock(one.promised_at)}.`;
    toast(text, { action: "I need until…", onclick: () => this.open(one.id) });
  }
}

// A calm line for whoever has not agreed yet; null where nothing is asked.
export function invitation(me) {
  if (!me.agent || !me.unagreed.length) return null;
  const where = me.unagreed.map(channel).join(", ");
  return h("p", { class: "invitation" }, icon("info"),
    h("span", {}, "No notes go out in your name yet on ", name(where), ". ", h("a", { href: "/notes" }, "Read them and decide")));
}
