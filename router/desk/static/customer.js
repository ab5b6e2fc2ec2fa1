// Who writes: beside the conversation, with what is known of them, which leads may change.

import { call, get } from "./api.js";
import { panel, rows } from "./aside.js";
import { h, name, toast } from "./dom.js";
import { conflicts, history, identities, joins, same } from "./person.js";
import { left, span } from "./time.js";

const MAY_CHANGE = ["lead", "ops", "admin"];

export function customer(conversation, me) {
  const contact = conversation.contact;
  const rest = h("div", { class: "who" });
  fill(rest, conversation, me).catch(() => null);
  follow(rest, () => fill(rest, conversation, me).catch(() => null));
  return panel("Customer",
    h("p", {}, name(contact.called, "strong")),
    rest,
  );
}

// Somebody was joined or parted meanwhile; what is being typed here is not taken away.
function follow(box, again) {
  const told = (event) => {
    if (!box.isConnected) document.removeEventListener("customer", told);
    else if (box.dataset.ids?.split(" ").includes(event.detail) && !box.querySelector("form.known, details.same[open]")) again();
  };
  document.addEventListener("customer", told);
}

async function fill(box, conversation, me) {
  if (conversation.customer) show(box, conversation, me, await get(`/customers/${encodeURIComponent(conversation.customer)}`));
}

function show(box, conversation, me, known) {
  const attributes = Object.entries(known.attributes).filter(([key]) => !["language", "zone"].includes(key));
  const inside = box.contains(document.activeElement);
  box.dataset.ids = [known.id, ...known.parts.map((one) => one.id)].join(" ");
  box.replaceChildren(
    identities(known),
    rows([
      ["Language", language(conversation.language || known.attributes.language || "")],
      ["Time zone", conversation.zone || known.attributes.zone],
      ...attributes.map(([key, value]) => [key, name(value)]),
      ["Last answer", known.last_owner?.name],
      ["Open for", conversation.status === "open" ? span(-left(conversation.opened_at)) : ""],
    ]),
  );
  if (MAY_CHANGE.includes(me.role)) {
    box.append(h("button", { type: "button", class: "quiet small", onclick: () => edit(box, conversation, me, known) }, "Change what is known"));
  }
  const again = () => fill(box, conversation, me).catch((error) => toast(error.message, { bad: true }));
  box.append(...[conflicts(known), me.agent ? [joins(known, again), same(known, again)] : null, history(known, conversation)].flat(3).filter(Boolean));
  // Who works by keyboard goes on here, as what they pressed is gone.
  if (inside) box.querySelector("button, summary")?.focus({ preventScroll: true });
}

// One line for each attribute, and the usual ones even when they are not set yet.
function edit(box, conversation, me, known) {
  const before = { tier: "", language: "", zone: "", ...known.attributes };
  const fields = h("div", { class: "known-fields" });
  const field = (key, value) => fields.append(h("label", {}, h("span", {}, key), h("input", { name: key, value, maxlength: "200", autocomplete: "off" })));
  for (const [key, value] of Object.entries(before)) field(key, value);
  const fresh = h("input", { placeholder: "such as country", "aria-label": "Name of a new attribute", pattern: "[a-z][a-z0-9_]*", maxlength: "64", autocomplete: "off" });
  const add = () => {
    const key = fresh.value.trim();
    if (!key || !fresh.reportValidity() || fields.querySelector(`[name="${CSS.escape(key)}"]`)) return;
    field(key, "");
    fresh.value = "";
    fields.lastElementChild.querySelector("input").focus();
  };
  const form = h("form", { class: "known", onsubmit: (event) => { event.preventDefault(); save(form, box, conversation, me, known); } },
    fields,
    h("div", { class: "known-new" }, fresh, h("button", { type: "button", class: "quiet", onclick: add }, "Add")),
    h("div", {}, h("button", { type: "submit" }, "Save"), " ",
      h("button", { type: "button", class: "quiet", onclick: () => show(box, conversation, me, known) }, "Cancel")),
  );
  box.replaceChildren(form);
  fields.querySelector("input").focus();
}

// Only what was changed here is sent: what somebody else changed meanwhile stays.
async function save(form, box, conversation, me, known) {
  const given = [...form.querySelectorAll("input[name]")].map((field) => [field.name, field.value.trim()]);
  const changed = given.filter(([key, value]) => value !== (known.attributes[key] ?? ""));
  const attributes = Object.fromEntries(changed.map(([key, value]) => [key, value || null]));
  try {
    const now = changed.length ? await call("PUT", `/customers/${encodeURIComponent(known.id)}/attributes`, { body: { attributes } }) : known;
    show(box, conversation, me, now);
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

function language(code) {
  try {
    return code && new Intl.DisplayNames(undefined, { type: "language" }).of(code);
  } catch {
    return code;
  }
}
