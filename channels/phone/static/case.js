// Keeps the page of one request up to date: asks for news, which wait at the service until there are some.
const box = document.getElementById("case");
const lines = document.getElementById("lines");
const PARTS = ["told", "here", "place", "reference"];
const PAUSE_MS = 3000;

function part(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function quoted(line) {
  const made = document.createElement("blockquote");
  made.dataset.id = line.id;
  made.append(part("p", line.text), part("footer", line.label ? `${line.author} · ${line.label}` : line.author));
  return made;
}

function put(state) {
  for (const name of PARTS) {
    const place = document.getElementById(name);
    if (place.textContent !== state[name]) place.textContent = state[name];
  }
  lines.replaceChildren(...state.lines.map(quoted));
  box.dataset.mark = state.mark;
  box.dataset.status = state.status;
}

async function news() {
  const { account, id, key, mark, lang } = box.dataset;
  const asked = new URLSearchParams({ account, id, key, mark, lang });
  const answer = await fetch(`standing?${asked}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function follow() {
  for (;;) {
    try {
      put(await news());
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

follow();
