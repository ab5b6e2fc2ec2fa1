// Says times as people do, in the visitor's own zone.
import { fill } from "./dom.js";

const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

export class When {
  constructor(language, words) {
    this.words = words;
    this.hours = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" });
    this.units = { day: unit("day"), hour: unit("hour"), minute: unit("minute") };
  }

  time(date) { return this.hours.format(date); }

  day(date) { return this.days.format(date); }

  // "15:40 today"
  by(date, now) {
    const ahead = Math.round((dayOf(date) - dayOf(now)) / 864e5);
    const form = ahead === 0 ? "today" : ahead === 1 ? "tomorrow" : "on_day";
    return fill(this.words[form], { time: this.time(date), date: this.day(date) });
  }

  // "12 minutes left"; minutes and seconds at the end; "" once it is over
  left(ms) {
    if (ms <= 0) return "";
    const minutes = Math.ceil(ms / 6e4);
    const say = (name, count) => (count ? this.units[name].format(count) : "");
    let time = [say("hour", Math.floor(minutes / 60)), say("minute", minutes % 60)];
    if (minutes >= 2880) time = [say("day", Math.floor(minutes / 1440))];
    else if (ms < 12e4) time = [`${Math.floor(ms / 6e4)}:${String(Math.floor((ms % 6e4) / 1e3)).padStart(2, "0")}`];
    return fill(this.words.left, { time: time.filter(Boolean).join(" ") });
  }
}
