// Builds the page from nodes, never from strings: text stays text, whatever a customer wrote.

const SVG = "http://www.w3.org/2000/svg";
// Turn the reading direction around, so that "exe.gpj" could look like "jpg.exe".
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g;

const ICONS = {
  email: "M3 6h18v12H3zM3.5 6.5 12 13l8.5-6.5",
  webchat: "M4 5h16v11H10l-5 4v-4H4z",
  phone: "M6 3h4l1.5 5-2.5 1.500a12 12 0 0 0 5.5 5.500L16 12.500l5 1.500v4a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z",
  twitter: "M4 4l16 16M20 4 4 20",
  facebook: "M14 21v-8h3l.5-3.500H14V7.500C14 6 14.5 5.5 16 5.500h1.500V3H15c-3 0-4.5 1.5-4.5 4.500v2H8V13h2.500v8",
  forum: "M4 4h12v9H9l-4 3.500V13H4zM9 16.500h6l4 3.500v-3.500h1V8",
  other: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.500l3.5 2",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  clip: "M20 11.5 12.5 19a5 5 0 0 1-7-7L13 4.500a3.3 3.3 0 0 1 4.7 4.700L10 16.800a1.6 1.6 0 0 1-2.3-2.300L14.5 8",
  back: "M15 5l-7 7 7 7",
  eye: "M2.5 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.500M12 7.500v.5",
  warn: "M12 4 2.5 20h19zM12 10v5M12 17.500v.5",
};

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name, label = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name] ?? ICONS.other);
  svg.append(path);
  return svg;
}

// A name, subject or file name on one line, in its own reading direction.
export function name(text, tag = "bdi", props = {}) {
  return h(tag, { dir: "auto", ...props }, String(text).replace(DIRECTIONS, ""));
}

// Written text, with the web addresses in it as links that show where they lead.
export function prose(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'()]+[^\s<>"'().,;:!?]/g)) {
    parts.push(text.slice(end, found.index));
    parts.push(h("a", { href: found[0], target: "_blank", rel: "noopener noreferrer nofollow" }, found[0]));
    end = found.index + found[0].length;
  }
  return h("div", { class: "prose", dir: "auto" }, parts, text.slice(end));
}

// Show these items in the box, keeping the nodes of those that did not change.
export function keyed(box, items, keyOf, render) {
  const known = new Map([...box.children].map((node) => [node.dataset.key, node]));
  const focus = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  const nodes = items.map((item) => {
    const key = keyOf(item);
    const sign = JSON.stringify(item);
    const old = known.get(key);
    if (old && old.sign === sign) return old;
    const node = render(item);
    node.dataset.key = key;
    node.sign = sign;
    return node;
  });
  const same = nodes.length === box.children.length && nodes.every((node, place) => box.children[place] === node);
  if (same) return;
  const inside = focus !== undefined && box.contains(document.activeElement);
  box.replaceChildren(...nodes);
  if (inside) nodes.find((node) => node.dataset.key === focus)?.focus();
}

export function toast(text, { action = "", onclick = null, bad = false } = {}) {
  const box = document.getElementById("toasts");
  for (const old of box.children) if (old.firstChild.textContent === text) old.remove();
  const node = h("div", { class: bad ? "toast bad" : "toast" }, h("span", {}, text));
  const gone = () => node.remove();
  if (action) {
    node.append(h("button", { type: "button", class: "quiet", onclick: () => { gone(); onclick(); } }, action));
  }
  node.append(h("button", { type: "button", class: "quiet close", "aria-label": "Close", onclick: gone }, "×"));
  box.append(node);
  setTimeout(gone, bad ? 12000 : 6000);
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
