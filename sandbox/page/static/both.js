// Puts what changed into the page as the server rendered it, keeping what did not change where it is.

const SOON = 120;
const parser = new DOMParser();

function swap(name, html) {
  const box = document.getElementById(name);
  if (!box) return;
  const fresh = parser.parseFromString(html, "text/html").body;
  merge(box, fresh);
  tell(box);
}

// Children with the same key and the same content stay: focus, open details and scroll position with them.
function merge(box, fresh) {
  const old = new Map([...box.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
  const nodes = [...fresh.children].map((node) => {
    const known = old.get(node.dataset.key);
    if (!known) return adopt(node, old.size > 0);
    if (known.source === node.outerHTML) return known;
    if (!deep(node)) return adopt(node, false);
    known.source = node.outerHTML;
    mergeDeep(known, node);
    return known;
  });
  const same = nodes.length === box.children.length && nodes.every((node, place) => box.children[place] === node);
  if (!same) box.replaceChildren(...nodes);
}

// Remember what the server sent, as the page itself changes times and classes.
function adopt(node, isNew) {
  for (const each of [node, ...node.querySelectorAll("[data-key]")]) each.source = each.outerHTML;
  if (isNew) node.classList.add("new");
  return document.adoptNode(node);
}

const deep = (node) => node.matches("ol, ul, table, tbody, details");

function mergeDeep(known, node) {
  if (node.matches("details")) {
    if (known.contains(document.activeElement) && document.activeElement.matches("select")) return;
    known.replaceChildren(...[...node.childNodes].map((each) => document.adoptNode(each)));
  } else if (node.matches("table")) merge(known.tBodies[0], node.tBodies[0]);
  else merge(known, node);
}

function span(seconds) {
  const s = Math.abs(Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

function tell(box) {
  for (const time of box.querySelectorAll("time.until")) {
    const left = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const text = left < 0 ? `${span(left)} late` : `${span(left)} left`;
    if (time.textContent !== text) time.textContent = text;
    time.dataset.urgency = left < 0 ? "late" : left < SOON ? "soon" : "calm";
  }
  for (const time of box.querySelectorAll("time:not(.until)")) {
    const at = new Date(time.dateTime);
    const day = at.toDateString() === new Date().toDateString() ? "" : `${at.toLocaleDateString([], { weekday: "short" })} `;
    const text = day + at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    if (time.textContent !== text) time.textContent = text;
  }
}

function listen() {
  const line = document.getElementById("line");
  const source = new EventSource("/live");
  source.addEventListener("region", (event) => {
    const { name, html } = JSON.parse(event.data);
    swap(name, html);
  });
  source.addEventListener("open", () => {
    line.hidden = true;
  });
  source.addEventListener("error", () => {
    line.hidden = false;
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(listen, 2000);
      source.close();
    }
  });
}

async function send(path, data) {
  const answer = await fetch(path, {
    method: "POST",
    body: new URLSearchParams(data),
    headers: { "X-Requested-With": "script" },
  });
  return answer.ok ? "" : answer.text();
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const field = form.elements.text;
  const button = event.submitter;
  const data = new FormData(form, button); // before the button is disabled: it may carry a value
  if (button) button.disabled = true;
  const trouble = await send(form.getAttribute("action"), data).catch(() => "The page's server does not answer.");
  if (button) button.disabled = false;
  if (!field) return;
  field.setCustomValidity("");
  if (trouble) {
    field.setCustomValidity(trouble);
    field.reportValidity();
    field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
  } else field.value = "";
});

document.addEventListener("change", (event) => {
  if (event.target.matches(".faults select")) send(event.target.form.getAttribute("action"), new FormData(event.target.form)).catch(() => {});
});

// The same customer lights up on both sides.
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const person = event.target.closest?.("[data-person]")?.dataset.person;
    for (const node of document.querySelectorAll("[data-person].lit")) {
      if (node.dataset.person !== person) node.classList.remove("lit");
    }
    if (person) for (const node of document.querySelectorAll(`[data-person="${person}"]`)) node.classList.add("lit");
  });
}

for (const node of document.querySelectorAll("[data-key]")) node.source = node.outerHTML;
setInterval(() => tell(document), 1000);
tell(document);
listen();
