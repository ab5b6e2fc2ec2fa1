// Hears at once that something changed; asks now and then as well, since a hint may get lost.

const POLL = 5000;
const RARELY = 60000;
// A desk in the background hangs up after this long: a browser opens only six connections to a server.
const HANG_UP = 60000;

export function follow(onhint) {
  let heard = Date.now();
  let hidden = 0;
  let source = null;
  const tell = (hint) => {
    heard = Date.now();
    onhint(hint);
  };
  const connect = () => {
    source = new EventSource("/api/v1/live");
    source.addEventListener("hint", (event) => tell(JSON.parse(event.data)));
    source.addEventListener("hello", () => tell({ kind: "all", id: "" }));
  };
  const look = () => {
    if (source && hidden && Date.now() - hidden > HANG_UP) {
      source.close();
      source = null;
    } else if (!hidden && (!source || source.readyState === EventSource.CLOSED)) connect();
    const rarely = hidden || source?.readyState === EventSource.OPEN;
    if (Date.now() - heard > (rarely ? RARELY : POLL)) tell({ kind: "all", id: "" });
  };
  document.addEventListener("visibilitychange", () => {
    hidden = document.hidden ? Date.now() : 0;
    look();
    if (!hidden) tell({ kind: "all", id: "" });
  });
  connect();
  setInterval(look, 2500);
}

// Return a function that runs the work soon, never twice at once, and once more if asked meanwhile.
export function soon(work, wait = 60) {
  let timer = null;
  let running = false;
  let again = false;
  const run = async () => {
    timer = null;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await work();
    } catch (error) {
      console.warn("refresh failed:", error.message);
    }
    running = false;
    if (again) {
      again = false;
      ask();
    }
  };
  const ask = () => {
    timer ??= setTimeout(run, wait);
  };
  return ask;
}
