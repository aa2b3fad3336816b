// Asks every two seconds how far a publication is and puts the answer into the page. The link "Look again" does the
// same without this file. It stops when the session has ended, and loads the page anew when there is nothing to wait for.
(function () {
  "use strict";

  const EVERY = 2000; // milliseconds
  const TRIES = 5; // in a row that may fail
  const box = document.querySelector("[data-progress-url]");
  if (!box) return;
  let failed = 0;

  async function ask() {
    const answer = await fetch(box.dataset.progressUrl, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    box.innerHTML = await answer.text(); // a template of this site, escaped there
  }

  async function look() {
    if (!document.hidden) {
      try {
        await ask();
        failed = 0;
      } catch {
        failed += 1;
      }
    }
    if (failed >= TRIES) return;
    if (box.querySelector("[data-over]")) window.location.assign(box.dataset.pageUrl);
    else setTimeout(look, EVERY);
  }

  setTimeout(look, EVERY);
})();
