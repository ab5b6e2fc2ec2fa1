// The bar above every page: whether I am here, and signing out.

import { call, get, post } from "./api.js";
import { h, toast } from "./dom.js";
import { clock, now, setNow } from "./time.js";

const BEAT = 30000;
// A desk in the background for less than this still counts as open.
const GRACE = 300000;
// Outside the shift, "here" holds for so long.
const OUTSIDE = 8 * 3600 * 1000;

const box = document.getElementById("presence");
let hiddenAt = 0;

document.getElementById("sign-out").addEventListener("click", async () => {
  await call("DELETE", "/session").catch(() => null);
  location.assign("/signin");
});

async function beat() {
  if (document.hidden && hiddenAt && Date.now() - hiddenAt > GRACE) return;
  await post("/heartbeat").catch(() => null);
}

async function say(body) {
  return call("PUT", "/presence", { body });
}

async function flip(agent) {
  try {
    if (agent.present) return show(await say({ said: "away" }));
    const seen = await say({ said: "" });
    if (seen.present) return show(seen);
    return show(await say({ said: "here", until: new Date(now() + OUTSIDE).toISOString() }));
  } catch (error) {
    return toast(error.message, { bad: true });
  }
}

function show(agent) {
  const until = agent.said_until ? ` until ${clock(agent.said_until)}` : "";
  const why = agent.said ? `You said so${until}.` : "Your shift and this open desk tell.";
  const text = agent.present ? "I'm here" : "I'm away";
  const hint = agent.present ? "New work may come to you." : "No new work comes to you.";
  const button = h(
    "button",
    {
      type: "button", role: "switch", class: "switch", "aria-checked": String(agent.present),
      "aria-label": "I'm here", title: `${hint} ${why}`, onclick: () => flip(agent),
    },
    h("span", { class: "knob", "aria-hidden": "true" }),
    h("span", { class: "said" }, text),
  );
  const focused = box.contains(document.activeElement);
  box.replaceChildren(button);
  if (focused) button.focus();
}

export async function refresh() {
  const me = await get("/me");
  setNow(me.now);
  if (box && me.agent) show(me.agent);
  return me;
}

async function start() {
  if (box) {
    await beat();
    setInterval(beat, BEAT);
    setInterval(() => document.hidden || refresh().catch(() => null), 2 * BEAT);
    document.addEventListener("visibilitychange", () => {
      hiddenAt = document.hidden ? Date.now() : 0;
      if (!document.hidden) beat().then(refresh).catch(() => null);
    });
  }
  await refresh().catch((error) => toast(error.message, { bad: true }));
}

start();
