// Requests of the board, by the key of a seat, and what is said when one is refused.
import { tell } from "./board-parts.js";
import { Problem } from "./device.js";
import { announce, language, t } from "./text.js";

const PATIENCE_MS = 15000;
// Files take longer on a slow line.
const PATIENCE_FILE_MS = 120000;

/** Sends with a key, or with none. `send(method, path, body)` gives the reply's JSON, `null` where it has none; it throws a `Problem`. */
export function sender(key) {
  const headers = () => ({ ...(key ? { authorization: `Bearer ${key}` } : {}), "accept-language": language });

  async function ask(method, path, { body, type, patience = PATIENCE_MS, signal } = {}) {
    const own = type ? { "content-type": type } : {};
    const until = signal ?? AbortSignal.timeout(patience);
    let reply;
    try {
      reply = await fetch(path, { method, headers: { ...headers(), ...own }, body, signal: until, cache: "no-store", credentials: "same-origin" });
    } catch {
      throw new Problem(0, "offline");
    }
    if (reply.ok) return reply;
    const told = await reply.json().catch(() => null);
    throw Object.assign(new Problem(reply.status, told?.code ?? "unavailable", told?.detail), { told: told ?? {} });
  }

  /** Whatever breaks while a reply is read is a cut line. */
  const read = (promise) => promise.catch(() => { throw new Problem(0, "offline"); });

  return {
    async send(method, path, body) {
      const json = body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" };
      const reply = await ask(method, path, json);
      return reply.status === 204 ? null : read(reply.json());
    },
    async text(path) {
      return read((await ask("GET", path)).text());
    },
    async blob(path) {
      return read((await ask("GET", path, { patience: PATIENCE_FILE_MS })).blob());
    },
    async upload(path, file) {
      return read((await ask("POST", path, { body: file, type: file.type, patience: PATIENCE_FILE_MS })).json());
    },
    /** A reply that does not end; whoever reads it ends it by `signal`. */
    stream: (path, signal) => ask("GET", path, { signal }),
  };
}

/** What a problem means to whoever wrote something: what happened, whether it was saved, what to do. */
export function saidWriting(problem) {
  if (!(problem instanceof Problem)) return t("write_unknown");
  const texts = {
    offline: t("write_offline"), unauthorized: t("write_no_seat"), forbidden: t("write_forbidden"), review_complete: t("write_complete"),
    changed_meanwhile: t("write_changed"), payload_too_large: t("write_large"), unsupported_media_type: t("write_type"),
    rate_limited: t("write_often"), not_collected: t("write_not_collected"), invalid_request: t("write_invalid"), not_found: t("write_gone"),
  };
  return texts[problem.code] ?? t("write_unknown");
}

/** `write(act, text)` does something and says there what came of it: the text, or why it was not written. */
export const writing = (told) => async (act, text) => {
  try {
    await act();
    tell(told, text, "good");
    announce(text);
  } catch (problem) {
    tell(told, saidWriting(problem), "bad");
  }
};

/** What a problem means to whoever wanted to see something. */
export function saidReading(problem) {
  if (!(problem instanceof Problem)) return t("read_unknown");
  const texts = { offline: t("read_offline"), unauthorized: t("read_no_seat"), rate_limited: t("read_often"), not_found: t("read_gone") };
  return texts[problem.code] ?? t("read_unknown");
}
