// Puts into words where a case stands: who answers, by when, and what is left of it.
import { fill } from "./dom.js";

const LATE = -6e4; // ms after the time within which it still counts as due now

// Returns {who, rest, turn, mood}: two lines of text, how full the ring is, and a class for the card.
export function stand(standing, { now, asked, when, words }) {
  const { person, status, reference } = standing;
  const online = standing.present ? words.online : "";
  const say = (who, more, turn = 1, mood = "") => (
    { who: fill(who, { person }), rest: [more, online, reference].filter(Boolean).join(" · "), turn, mood });
  if (status === "resolved") return say(words.settled, "", 1, "done");
  if (status === "pending") return say(words.answered, "", 1, "done");
  if (!standing.by) return say(words.with, "");
  const by = new Date(standing.by);
  const left = by - now;
  if (left < LATE) return say(words.late, "", 1, "late");
  const whole = by - Math.min(now, asked || now);
  const sentence = fill(standing.assigned ? words.answers : words.sees_to_it, { time: when.by(by, now) });
  return say(sentence, when.left(left) || words.due_now, Math.max(0, Math.min(1, left / (whole || 1))));
}
