// Unsent answers, kept in this browser with the name that makes sending them twice harmless.

const PREFIX = "handleby.draft.";
const KEPT_MS = 14 * 86400 * 1000;

export function load(id) {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + id));
    if (kept && typeof kept.text === "string" && typeof kept.key === "string") return kept;
  } catch {
    // unreadable: as good as none
  }
  return { text: "", key: crypto.randomUUID?.() ?? random(), at: Date.now() };
}

export function save(id, draft) {
  try {
    if (draft.text) localStorage.setItem(PREFIX + id, JSON.stringify({ ...draft, at: Date.now() }));
    else localStorage.removeItem(PREFIX + id);
  } catch {
    // full or forbidden: the text is still on the page
  }
}

export function drop(id) {
  save(id, { text: "" });
}

export function has(id) {
  return localStorage.getItem(PREFIX + id) !== null;
}

export function tidy() {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const kept = load(key.slice(PREFIX.length));
    if (Date.now() - (kept.at ?? 0) > KEPT_MS) localStorage.removeItem(key);
  }
}

// randomUUID is missing where the page is served without TLS from another machine.
function random() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
