// Builds elements without ever reading text as HTML.

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

export function icon(...paths) {
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  svg.append(...paths.map((d) => make("path", { d })));
  return svg;
}

const WEB = /https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]}»“”]/g;
const WEB_OR_MAIL = new RegExp(`${WEB.source}|[^\\s@<>"(]+@[\\w-]+(?:\\.[\\w-]+)+`, "g");

// Returns text and links; `mail` also links addresses, for what the account's owner wrote.
export function linked(text, mail = false) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(mail ? WEB_OR_MAIL : WEB)) {
    const href = found.startsWith("http") ? found : `mailto:${found}`;
    parts.push(text.slice(end, index), h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, found));
    end = index + found.length;
  }
  return [...parts, text.slice(end)];
}

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
