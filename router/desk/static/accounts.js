// Who may sign in: make accounts, links and roles.

import { call, get, post } from "./api.js";
import { h, name, toast } from "./dom.js";
import { span } from "./time.js";

const ROLES = ["agent", "lead", "ops", "admin"];

const choose = (role, props = {}) => {
  const box = h("select", props, ROLES.map((one) => h("option", { value: one }, one)));
  box.value = role;
  return box;
};

async function act(work) {
  try {
    await work();
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

function row(user, box) {
  const shown = h("div", { class: "made" });
  const link = () => act(async () => {
    const made = await post(`/users/${user.id}/link`);
    const field = h("input", { readonly: true, value: made.url, "aria-label": `Sign-in link for ${user.email}` });
    shown.replaceChildren(field, h("span", { class: "faint small" }, `Works once, for ${span(made.seconds)}. Give it to nobody else.`));
    field.select();
  });
  const change = (body) => act(async () => {
    await call("PATCH", `/users/${user.id}`, { body });
    await show(box);
  });
  return h("tr", {},
    h("td", {}, name(user.name, "strong"), h("div", { class: "faint small" }, name(user.email)), shown),
    h("td", {}, user.agent || h("span", { class: "faint" }, "no agent in the rules")),
    h("td", {}, choose(user.role, { "aria-label": `Role of ${user.email}`, onchange: (event) => change({ role: event.target.value }) })),
    h("td", { class: "buttons" },
      h("button", { type: "button", onclick: link }, "Sign-in link"),
      h("button", { type: "button", class: "quiet", onclick: () => change({ revoke: true }) }, "Sign out everywhere")));
}

async function show(box) {
  const { users } = await get("/users");
  const email = h("input", { type: "email", required: true, placeholder: "name@example.com", "aria-label": "Email address" });
  const called = h("input", { placeholder: "Name", "aria-label": "Name", maxlength: "100" });
  const role = choose("agent", { "aria-label": "Role" });
  const add = (event) => {
    event.preventDefault();
    act(async () => {
      await post("/users", { email: email.value, name: called.value, role: role.value });
      await show(box);
    });
  };
  box.replaceChildren(
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Account", "Answers as", "Role", ""].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, users.map((user) => row(user, box))))),
    h("form", { class: "add", onsubmit: add }, email, called, role, h("button", { class: "primary" }, "Add account")),
  );
}

export function accounts(box) {
  act(() => show(box));
}
