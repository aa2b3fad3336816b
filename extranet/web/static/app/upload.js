// Sends a large statewide file in pieces: a lost connection, a reloaded page or a restarted server costs one piece. The
// server keeps each piece before it confirms it, and a digest over all of them (the chain), by which we know that what
// it has is the beginning of this very file. Without this script, or for a small file, the form itself sends it.
(function () {
  "use strict";

  const form = document.querySelector("form[data-begin]");
  if (!form || !window.fetch || !(window.crypto && crypto.subtle)) return;
  const box = form.querySelector("[data-sending]");
  const bar = box.querySelector("progress");
  const said = box.querySelector("[role=status]");
  const alertBox = box.querySelector("[role=alert]");
  const button = form.querySelector("button[type=submit]");
  const chunk = Number(form.dataset.chunk);
  const LONGEST_WAIT = 30; // seconds
  const AGAIN = "Send the same file again, also after a reload: it goes on where it stopped.";

  class Told extends Error {} // a sentence for the person; everything else is tried again

  async function sha256(bytes) { return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)); }
  function hex(bytes) { return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""); }
  function bytesOf(text) { return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16)); }

  async function pieceOf(file, start, length) {
    try {
      return await file.slice(start, start + length).arrayBuffer();
    } catch {
      throw new Told("The file cannot be read any more: it was moved or changed. Choose it again.");
    }
  }

  async function chainAfter(chain, piece) {
    const before = bytesOf(chain), own = await sha256(piece);
    const both = new Uint8Array(before.length + own.length);
    both.set(before);
    both.set(own, before.length);
    return hex(await sha256(both));
  }

  async function ask(url, method, headers, body) {
    const answer = await fetch(url, {
      method, body, credentials: "same-origin", redirect: "manual",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, ...headers },
    });
    if (answer.type === "opaqueredirect") throw new Told("You were logged out. Log in in another tab. " + AGAIN);
    if (answer.status >= 500 && answer.status !== 507 || answer.status === 429) throw new Error(String(answer.status));
    if (answer.status === 403) throw new Told("The site did not take it: you may have logged in or out in another tab. Load this page again. " + AGAIN);
    if (answer.status === 404) throw new Told("The upload has ended or was removed. Send the file again.");
    const told = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok && answer.status !== 409) throw new Told(told.errors.join(" "));
    return told;
  }

  async function patiently(act) {
    for (let tries = 0; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (error instanceof Told) throw error;
        const wait = Math.min(2 ** tries, LONGEST_WAIT);
        said.textContent = "The connection was lost. Trying again in " + wait + (wait === 1 ? " second." : " seconds.");
        await new Promise((done) => setTimeout(done, wait * 1000));
      }
    }
  }

  async function begin(file) {
    const fields = new FormData(form);
    fields.delete("file");
    fields.set("name", file.name);
    fields.set("size", String(file.size));
    fields.set("first", hex(await sha256(await pieceOf(file, 0, chunk))));
    return patiently(() => ask(form.dataset.begin, "POST", {}, fields));
  }

  async function isThisFile(file, begun) {
    let chain = "";
    for (let start = 0; start < begun.offset; start += begun.chunk) {
      said.textContent = "Comparing what is there already with your file.";
      chain = await chainAfter(chain, await pieceOf(file, start, Math.min(begun.chunk, begun.offset - start)));
    }
    return chain === begun.chain;
  }

  async function begunOrResumed(file) {
    const begun = await begin(file);
    if (await isThisFile(file, begun)) return begun;
    await patiently(() => ask(begun.content, "DELETE", {})); // another version of the file: begin anew
    return begin(file);
  }

  let tenth = -1, startedAt = 0, startedFrom = 0;

  function show(offset, size) {
    bar.value = offset / size;
    try { localStorage.setItem("extranet-active-at", String(Date.now())); } catch { /* idle.js counts alone then */ }
    const now = Math.floor(offset / size * 10);
    if (now === tenth) return;
    tenth = now;
    const rate = (offset - startedFrom) / Math.max(Date.now() - startedAt, 1);
    const minutes = rate > 0 ? Math.ceil((size - offset) / rate / 60000) : 0;
    const left = minutes > 0 ? ", about " + minutes + (minutes === 1 ? " minute left." : " minutes left.") : ".";
    said.textContent = Math.floor(offset / size * 100) + " % sent" + left;
  }

  async function send(file) {
    const begun = await begunOrResumed(file);
    let offset = begun.offset, done = begun.done;
    startedAt = Date.now();
    startedFrom = offset;
    tenth = -1;
    while (!done) {
      show(offset, file.size);
      const piece = await pieceOf(file, offset, begun.chunk);
      const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      const told = await patiently(() => ask(begun.content, "PATCH", headers, piece)); // one taken before: 409, go on there
      offset = told.offset;
      done = told.done;
    }
    show(file.size, file.size);
    location.assign(done);
  }

  form.addEventListener("submit", async (event) => {
    const file = form.elements.file.files[0];
    if (!file || file.size <= chunk) return;
    event.preventDefault();
    button.disabled = true;
    box.hidden = false;
    alertBox.hidden = true;
    try {
      await send(file);
    } catch (error) {
      alertBox.hidden = false;
      alertBox.querySelector("p").textContent = error instanceof Told ? error.message : "It did not work. " + AGAIN;
      button.disabled = false;
    }
  });
})();
