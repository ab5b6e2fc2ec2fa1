// Speaks with /api/v1; every refusal becomes a Problem that says how to mend it.

const BASE = "/api/v1";

export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

export async function call(method, path, { query = {}, body, file, headers = {} } = {}) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== "") url.searchParams.set(name, value);
  const sent = { "X-Handleby": "1", ...headers };
  if (file) sent["Content-Type"] = file.type || "application/octet-stream";
  else if (body !== undefined) sent["Content-Type"] = "application/json";
  const answer = await reach(url, {
    method,
    headers: sent,
    body: file ?? (body === undefined ? undefined : JSON.stringify(body)),
    signal: AbortSignal.timeout(file ? 120000 : 20000),
  });
  if (answer.status === 401 && document.getElementById("sign-out")) location.assign("/signin");
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw await problemOf(answer);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    const slow = error.name === "TimeoutError";
    throw new Problem(0, "offline", slow ? "The server took too long." : "The server cannot be reached. Your text is kept.");
  }
}

async function problemOf(answer) {
  try {
    const said = await answer.json();
    return new Problem(answer.status, said.code, said.detail);
  } catch {
    return new Problem(answer.status, "failed", `The server answered ${answer.status}.`);
  }
}

export const get = (path, query = {}) => call("GET", path, { query });
export const post = (path, body, headers = {}) => call("POST", path, { body, headers });
