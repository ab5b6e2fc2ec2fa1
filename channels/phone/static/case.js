// Keeps the page of one request up to date: asks for news, which wait at the service until there are some.
const box = document.getElementById("case");
const PARTS = ["told", "here", "place", "note", "author", "reference"];
const PAUSE_MS = 3000;

function put(state) {
  for (const name of PARTS) {
    const place = document.getElementById(name);
    if (place.textContent !== state[name]) place.textContent = state[name];
  }
  document.getElementById("note-box").hidden = !state.note;
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
  document.getElementById("note-box").hidden = !document.getElementById("note").textContent;
  for (;;) {
    try {
      put(await news());
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

follow();
