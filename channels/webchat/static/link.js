// Talks to the service: a WebSocket first, plain requests where none gets through.
// What the visitor wrote lies in the browser's storage until the service has acknowledged it.

const memory = new Map(); // stands in where the browser allows no storage
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return memory.get(key) ?? null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { memory.set(key, value); } },
  drop(key) { try { localStorage.removeItem(key); } catch { memory.delete(key); } },
  keys() { try { return Object.keys(localStorage); } catch { return [...memory.keys()]; } },
};

// crypto.randomUUID exists on https pages only
function uuid() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");
}

export class Link {
  lines = new Map(); // by seq
  outbox = []; // {id, text, at, key?, code?, kept?}: written, not yet among the lines
  state = null; // {present, standing}
  status = "idle"; // idle, connecting, open, offline, refused
  fault = "";
  skew = 0; // ms that the service's clock is ahead of ours
  after = 0;
  mark = "";
  seenSeq = 0;
  failures = 0;

  constructor({ server, account, identity, changed }) {
    Object.assign(this, { server, account, identity, changed });
    this.prefix = `handleby:${account}:${identity?.identifier ?? ""}:`;
    this.email = store.get(this.prefix + "email") ?? "";
    this.noted = store.get(this.prefix + "noted") === this.email;
    const held = store.keys().filter((key) => key.startsWith(this.prefix + "out:"));
    this.outbox = held.map((key) => JSON.parse(store.get(key))).sort((a, b) => a.at - b.at);
    addEventListener("online", this.online = () => this.retryNow());
    addEventListener("offline", this.offline = () => this.socket && this.lost(1006));
  }

  get returning() { return Boolean(this.outbox.length || store.get(this.prefix + "token")); }

  start() { if (this.status === "idle") this.connect(); }

  stop() {
    this.stopped = true;
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
    this.hangUp();
  }

  write(text) {
    const entry = { id: uuid(), text, at: Date.now() + this.skew };
    this.outbox.push(entry);
    store.set(this.prefix + "out:" + entry.id, JSON.stringify(entry));
    this.start();
    this.flush();
    this.changed();
  }

  takeBack(entry) {
    this.outbox = this.outbox.filter((one) => one !== entry);
    store.drop(this.prefix + "out:" + entry.id);
    this.changed();
  }

  contact(email) {
    this.email = email;
    this.noted = false;
    store.set(this.prefix + "email", email);
    if (this.status === "open") this.note();
    this.changed();
  }

  seen(seq) {
    if (seq <= this.seenSeq) return;
    this.seenSeq = seq;
    if (this.socket && this.status === "open") this.send({ type: "seen", seq });
  }

  // --- connection

  connect() {
    if (this.stopped || this.socket) return;
    this.become("connecting");
    if (this.plain || (this.failures > 1 && !this.hadSocket)) return void this.poll();
    const socket = this.socket = new WebSocket(this.url("ws").replace(/^http/, "ws"));
    socket.onopen = () => this.send(this.hello());
    socket.onmessage = (event) => { this.heard = Date.now(); this.take(JSON.parse(event.data)); };
    socket.onclose = (event) => this.lost(event.code);
    this.deadline = setTimeout(() => this.status !== "open" && this.lost(1006), 12000);
  }

  hello() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { type: "hello", v: 1, token: this.token ?? "", after: this.after, identity: this.identity,
      email: this.email, zone };
  }

  // a verified visitor's token is never kept: the next person at this computer may be another one
  get token() { return this.identity ? this.passing : store.get(this.prefix + "token"); }

  set token(value) {
    this.passing = value;
    if (!this.identity) value ? store.set(this.prefix + "token", value) : store.drop(this.prefix + "token");
  }

  lost(code) {
    this.hangUp();
    if (code === 4401 && this.token && !this.identity) {
      this.token = "";
      return this.connect();
    }
    if (code === 4400 || code === 4401) return this.become("refused");
    this.failures += 1;
    for (const entry of this.outbox) entry.kept = true;
    this.become("offline");
    const pause = Math.min(30000, 400 * 2 ** Math.min(this.failures, 7)) * (0.5 + Math.random() / 2);
    this.again = setTimeout(() => this.connect(), code === 1001 ? 300 + Math.random() * 700 : pause);
  }

  hangUp() {
    clearTimeout(this.again);
    clearTimeout(this.deadline);
    clearTimeout(this.waiting);
    clearInterval(this.beat);
    this.flying = null;
    this.polling?.abort();
    const socket = this.socket;
    this.socket = this.polling = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  retryNow() {
    if (this.status !== "offline") return;
    clearTimeout(this.again);
    this.connect();
  }

  become(status) {
    this.status = status;
    this.changed();
  }

  // --- frames

  send(frame) {
    if (this.polling) return void this.ask(frame.type === "message" ? "messages" : "contact", frame).catch(() => {});
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  take(frame) {
    const on = { welcome: this.welcomed, lines: this.received, state: this.stated, ack: this.acked,
      nack: this.nacked, error: (error) => { this.fault = error.code; } }[frame.type];
    on?.call(this, frame);
  }

  welcomed(frame) {
    this.token = frame.token;
    this.failures = 0;
    this.plain = Boolean(this.polling);
    this.hadSocket = !this.plain;
    clearTimeout(this.deadline);
    if (this.socket) this.beat = setInterval(() => this.ping(2000 * frame.heartbeat_s), 1000 * frame.heartbeat_s);
    this.become("open");
    if (this.email && !this.noted) this.note();
    this.flush();
  }

  ping(silence) {
    if (Date.now() - this.heard > silence) this.lost(1006);
    else this.send({ type: "ping" });
  }

  received({ lines }) {
    for (const line of lines) {
      this.lines.set(line.seq, line);
      this.after = Math.max(this.after, line.seq);
      const mine = this.outbox.find((entry) => line.id.endsWith(":" + entry.id));
      if (mine) this.takeBack(mine);
    }
    this.changed();
  }

  stated(state) {
    this.skew = Date.parse(state.at) - Date.now();
    this.state = state;
    this.changed();
  }

  acked({ client_id: id, key }) {
    if (id === this.noting) {
      this.noted = true;
      store.set(this.prefix + "noted", this.email);
    }
    const entry = this.outbox.find((one) => one.id === id);
    if (entry) entry.key = key;
    store.drop(this.prefix + "out:" + id);
    this.landed(id);
  }

  nacked({ client_id: id, retry, code, after_s: pause = 2 }) {
    const entry = this.outbox.find((one) => one.id === id);
    if (id === this.noting && retry) setTimeout(() => this.status === "open" && this.note(), pause * 1000);
    if (entry && retry) entry.kept = true;
    else if (entry) entry.code = code;
    this.landed(id, retry && pause * 1000);
  }

  landed(id, pause) {
    if (id !== this.flying) return this.changed();
    clearTimeout(this.waiting);
    if (pause) this.waiting = setTimeout(() => { this.flying = null; this.flush(); }, pause);
    else this.flying = null;
    if (!pause) this.flush();
    this.changed();
  }

  // one at a time, so that the order stays; sent again with the same id until it is acknowledged
  flush() {
    if (this.status !== "open" || this.flying) return;
    const next = this.outbox.find((entry) => !entry.key && !entry.code);
    if (!next) return;
    this.flying = next.id;
    this.waiting = setTimeout(() => this.lost(1006), 15000);
    this.send({ type: "message", client_id: next.id, text: next.text, email: this.email });
  }

  note() {
    this.noting = uuid();
    this.send({ type: "contact", client_id: this.noting, email: this.email });
  }

  // --- without WebSocket

  url(path) { return `${this.server}chat/${path}${path.includes("?") ? "&" : "?"}account=${encodeURIComponent(this.account)}`; }

  async ask(path, frame) {
    const response = await fetch(this.url(path), {
      method: frame ? "POST" : "GET",
      body: frame && JSON.stringify(frame),
      headers: { ...(frame && { "Content-Type": "application/json" }), ...(this.token && { Authorization: `Bearer ${this.token}` }) },
      signal: this.polling?.signal,
    });
    const answer = await response.json();
    this.take(answer);
    if (answer.type === "error") throw Object.assign(new Error(answer.text), { code: response.status });
    return answer;
  }

  async poll() {
    const mine = this.polling = new AbortController();
    let inside = false;
    try {
      await this.ask("session", this.hello());
      inside = true;
      while (this.polling === mine) {
        const news = await this.ask(`transcript?after=${this.after}&mark=${this.mark}&seen=${this.seenSeq}`);
        this.mark = news.mark;
        this.take({ type: "lines", lines: news.lines });
        this.take(news.state);
      }
    } catch (error) {
      const refused = { 400: 4400, 401: 4401, 403: 4401 }[error.code];
      if (this.polling === mine) this.lost((!inside && refused) || 1006);
    }
  }

  async file(blob) {
    const response = await fetch(this.url(`files/${blob}`), { headers: { Authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(String(response.status));
    return response.blob();
  }
}
