// Passkeys: making one, proving one, and what to say when it does not work.
import { decode, describe, encode, Problem, send } from "./device.js";
import { t } from "./text.js";

/** Why there can be no passkeys here; `null` if there can. */
export function obstacle() {
  const home = document.documentElement.dataset.origin;
  if (location.origin !== home) return t("wrong_origin", { origin: home });
  if (!window.PublicKeyCredential || !window.indexedDB || !crypto.subtle) return t("no_passkeys");
  return null;
}

const buffer = (it) => ({ ...it, id: decode(it.id) });

async function create(options) {
  const { publicKey } = options;
  const made = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: decode(publicKey.challenge),
      user: buffer(publicKey.user),
      excludeCredentials: (publicKey.excludeCredentials ?? []).map(buffer),
    },
  });
  return {
    ...outer(made),
    response: {
      attestationObject: encode(made.response.attestationObject),
      clientDataJSON: encode(made.response.clientDataJSON),
      transports: made.response.getTransports?.() ?? [],
    },
  };
}

async function get(options, more) {
  const { publicKey } = options;
  const allowCredentials = (publicKey.allowCredentials ?? []).map(buffer);
  const found = await navigator.credentials.get({ publicKey: { ...publicKey, challenge: decode(publicKey.challenge), allowCredentials }, ...more });
  const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
  return {
    ...outer(found),
    response: {
      authenticatorData: encode(authenticatorData),
      clientDataJSON: encode(clientDataJSON),
      signature: encode(signature),
      userHandle: userHandle ? encode(userHandle) : null,
    },
  };
}

const outer = (it) => ({ id: it.id, rawId: encode(it.rawId), type: it.type, extensions: {} });

let waiting;

/** Signs up: one passkey is made, and the wallet is there. */
export async function signUp() {
  waiting?.abort();
  const { ceremony, options } = await send("POST", "/v1/sign-up/begin");
  const credential = await create(options);
  await send("POST", "/v1/sign-up/finish", { ceremony, credential, device: await describe() });
}

/** Signs in with whichever passkey the member chooses. */
export async function signIn() {
  waiting?.abort();
  const { ceremony, options } = await send("POST", "/v1/sign-in/begin");
  const credential = await get(options, {});
  await send("POST", "/v1/sign-in/finish", { ceremony, credential, device: await describe() });
}

/** Offers passkeys in the field where a name would be typed, until one is chosen. */
export async function offer() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return false;
  for (;;) {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const { ceremony, options } = await send("POST", "/v1/sign-in/begin");
    // The server forgets a ceremony after five minutes, so that it is begun anew before.
    const renewal = setTimeout(() => waiting?.abort("renew"), 240000);
    try {
      const credential = await get(options, { mediation: "conditional", signal });
      await send("POST", "/v1/sign-in/finish", { ceremony, credential, device: await describe() });
      return true;
    } catch (error) {
      if (signal.reason !== "renew") throw error;
    } finally {
      clearTimeout(renewal);
    }
  }
}

export const stopOffering = () => waiting?.abort();

export async function recover(recovery_code) {
  stopOffering();
  await send("POST", "/v1/recovery", { recovery_code, device: await describe() });
}

export async function addPasskey() {
  const { ceremony, options } = await proven(() => send("POST", "/v1/passkeys/begin"));
  const credential = await create(options);
  await send("POST", "/v1/passkeys/finish", { ceremony, credential, name: (await describe()).name });
}

/** Confirms one thing with a passkey, by options that are good for it alone. */
export async function confirm(options) {
  stopOffering();
  return get(options, {});
}

/** Does what needs a fresh proof; if it is asked for, the member gives it once. */
export async function proven(act) {
  try {
    return await act();
  } catch (error) {
    if (error.code !== "step_up_required") throw error;
    await signIn();
    return act();
  }
}

/** What to tell the member of a ceremony that did not end well; `null` if it was stopped on purpose by the page. */
export function explain(error) {
  if (error.name === "AbortError") return null;
  if (error.name === "NotAllowedError") return t("passkey_cancelled");
  if (error instanceof Problem) {
    if (error.status === 0) return t("offline");
    if (error.status >= 500) return t("unavailable");
    if (error.code === "cooling") return t("moved_lately");
    if (error.code === "passkey_refused") return t("passkey_failed");
    return t("failed");
  }
  return error.name === "InvalidStateError" ? t("passkey_failed") : t("failed");
}
