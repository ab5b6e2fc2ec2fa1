// Hears at once that something changed; asks now and then as well, since a hint may get lost.

const POLL = 15000;
const RARELY = 60000;

export function follow(onhint) {
  let heard = Date.now();
  const tell = (hint) => {
    heard = Date.now();
    onhint(hint);
  };
  const source = new EventSource("/api/v1/live");
  source.addEventListener("hint", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("hello", () => tell({ kind: "all", id: "" }));
  setInterval(() => {
    const open = source.readyState === EventSource.OPEN;
    document.body.dataset.live = open ? "yes" : "no";
    if (Date.now() - heard > (open ? RARELY : POLL)) tell({ kind: "all", id: "" });
  }, 2500);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) tell({ kind: "all", id: "" });
  });
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
