// Asks the browser for a passkey, or to make one, and sends the answer by an ordinary form. Where the browser knows no
// passkeys, or without this file, the boxes stay hidden: passwords and codes work without them.
(function () {
  "use strict";

  const forms = document.querySelectorAll("form[data-passkey]");
  if (!forms.length || !window.PublicKeyCredential || !navigator.credentials) return;

  function toBytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }

  function toText(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function optionsOf(told) {
    const options = { ...told.publicKey, challenge: toBytes(told.publicKey.challenge) };
    if (options.user) options.user = { ...options.user, id: toBytes(options.user.id) };
    const inBytes = (list) => list.map((one) => ({ ...one, id: toBytes(one.id) }));
    if (options.allowCredentials) options.allowCredentials = inBytes(options.allowCredentials);
    if (options.excludeCredentials) options.excludeCredentials = inBytes(options.excludeCredentials);
    return options;
  }

  function answerOf(credential) {
    const said = credential.response;
    const textOf = (part) => part ? toText(part) : undefined;
    const response = {
      clientDataJSON: textOf(said.clientDataJSON), attestationObject: textOf(said.attestationObject),
      authenticatorData: textOf(said.authenticatorData), signature: textOf(said.signature),
      userHandle: textOf(said.userHandle),
    };
    const results = credential.getClientExtensionResults();
    return JSON.stringify({
      id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
      clientExtensionResults: results.credProps ? { credProps: { rk: Boolean(results.credProps.rk) } } : {},
    });
  }

  async function ask(form) {
    const answer = await fetch(form.dataset.begin, {
      method: "POST", credentials: "same-origin", redirect: "error",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const publicKey = optionsOf(await answer.json());
    return form.dataset.passkey === "create"
      ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey });
  }

  async function send(form) {
    const said = form.querySelector("[data-passkey-said]");
    const button = form.querySelector("button[type=submit]");
    said.replaceChildren();
    button.disabled = true;
    try {
      form.elements.credential.value = answerOf(await ask(form));
      form.submit();
    } catch {
      const words = document.createElement("p");
      words.className = "usa-error-message";
      words.setAttribute("role", "alert");
      words.textContent = "No passkey was used. You can try again, or load the page again if it was open for long.";
      said.append(words);
      button.disabled = false;
    }
  }

  for (const words of document.querySelectorAll("[data-passkey-none]")) words.hidden = true;
  for (const form of forms) {
    const box = form.closest("[data-passkey-box]");
    box.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
})();
