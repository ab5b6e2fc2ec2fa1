// Times as people say them, and countdowns that run by the server's clock.

import { h } from "./dom.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
// Less than this many seconds left is soon.
const SOON = 1800;

let ahead = 0;

export function setNow(server) {
  ahead = Date.parse(server) - Date.now();
}

export const now = () => Date.now() + ahead;

export function clock(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
  const days = Math.round((midnight(date) - midnight(new Date(now()))) / DAY / 1000);
  if (days === 0) return time;
  if (days === 1) return `tomorrow ${time}`;
  if (days === -1) return `yesterday ${time}`;
  const style = Math.abs(days) < 6 ? { weekday: "short" } : { day: "numeric", month: "short" };
  return `${date.toLocaleDateString(undefined, style)} ${time}`;
}

export function day(at) {
  const date = new Date(at);
  const days = Math.round((midnight(date) - midnight(new Date(now()))) / DAY / 1000);
  if (days === 0) return "Today";
  if (days === -1) return "Yesterday";
  return date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
}

export function full(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

export function span(seconds) {
  const s = Math.max(0, Math.round(Math.abs(seconds)));
  if (s < MINUTE) return `${s} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return two(Math.floor(s / HOUR), "h", Math.floor((s % HOUR) / MINUTE), "min");
  return two(Math.floor(s / DAY), "d", Math.floor((s % DAY) / HOUR), "h");
}

const two = (more, unit, less, smaller) => `${more} ${unit}${less ? ` ${less} ${smaller}` : ""}`;

export const left = (at) => (Date.parse(at) - now()) / 1000;

export function ago(at) {
  const s = -left(at);
  return s < 5 ? "just now" : `${span(s)} ago`;
}

// A moment on the wall clock, with the whole date and zone on hover.
export function moment(at, props = {}) {
  return h("time", { datetime: at, title: full(at), ...props }, clock(at));
}

// A countdown; `words` turns (seconds left, instant) into text.
export function countdown(at, words, props = {}) {
  const node = h("time", { datetime: at, title: full(at), ...props });
  node.classList.add("until");
  node.words = words;
  tell(node);
  return node;
}

function tell(node) {
  const at = node.getAttribute("datetime");
  const seconds = left(at);
  const text = node.words(seconds, at);
  if (node.textContent !== text) node.textContent = text;
  node.dataset.urgency = seconds < 0 ? "late" : seconds < SOON ? "soon" : "calm";
}

// What runs out first: the promised time or the due time; null when nobody waits.
export function deadline(work) {
  const promised = work.promised_at ?? null;
  const { due_at: due } = work;
  if (promised && (!due || Date.parse(promised) <= Date.parse(due))) return { at: promised, word: "Promised" };
  return due ? { at: due, word: "Due" } : null;
}

export const short = (seconds) => (seconds < 0 ? `${span(seconds)} late` : span(seconds));

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

setInterval(() => document.querySelectorAll("time.until").forEach(tell), 1000);
