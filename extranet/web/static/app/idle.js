// Warns two minutes before the idle time is over and offers to stay. The server's limit holds with or without this
// file; it only spares people the surprise. All tabs of the browser share one moment of last activity.
(function () {
  "use strict";

  const WARN_BEFORE = 120; // seconds
  const KEY = "extranet-active-at";
  const body = document.body;
  const idleSeconds = Number(body.dataset.idleSeconds);
  const dialog = document.getElementById("idle-dialog");
  if (!dialog || typeof dialog.showModal !== "function" || !(idleSeconds > WARN_BEFORE)) return;

  const stay = document.getElementById("idle-stay");
  const leave = document.getElementById("idle-leave");
  const shown = document.getElementById("idle-left");
  const spoken = document.getElementById("idle-live");
  const title = document.title;
  let activeAt = Date.now(); // the server counted this page as activity
  let said = null;
  let leaving = false;

  function remember(moment) {
    activeAt = Math.max(activeAt, moment);
    try { localStorage.setItem(KEY, String(activeAt)); } catch { /* storage may be off: then each tab counts alone */ }
  }

  function fromOtherTabs() {
    try { return Number(localStorage.getItem(KEY)) || 0; } catch { return 0; }
  }

  function inWords(seconds) {
    if (seconds > 90) return "2 minutes";
    if (seconds > 60) return "1 minute 30 seconds";
    if (seconds > 30) return "1 minute";
    return seconds === 1 ? "1 second" : seconds + " seconds";
  }

  function closeWarning() {
    if (dialog.open) dialog.close();
    document.title = title;
    spoken.textContent = "";
    said = null;
  }

  function warn(seconds) {
    if (!dialog.open) dialog.showModal();
    document.title = "Logging out soon – " + title;
    const text = inWords(seconds);
    shown.textContent = text;
    const step = seconds > 30 ? text : seconds > 10 ? "30 seconds" : "10 seconds";
    if (step !== said) spoken.textContent = "You will be logged out in " + step + ".";
    said = step;
  }

  function tick() {
    if (leaving) return;
    activeAt = Math.max(activeAt, Math.min(fromOtherTabs(), Date.now()));
    const left = Math.ceil(idleSeconds - (Date.now() - activeAt) / 1000);
    if (left <= 0) {
      leaving = true;
      leave.submit();
    } else if (left <= WARN_BEFORE) {
      warn(left);
    } else {
      closeWarning();
    }
  }

  async function keepAlive(event) {
    event.preventDefault();
    const asked = Date.now();
    try {
      const answer = await fetch(body.dataset.keepaliveUrl, {
        method: "POST", body: new FormData(stay), credentials: "same-origin", redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      remember(asked);
      closeWarning();
    } catch {
      leaving = true;
      leave.submit(); // the session is gone already, or the site is away: a page that shows data must not stay open
    }
  }

  stay.addEventListener("submit", keepAlive);
  dialog.addEventListener("cancel", keepAlive); // Escape means: I am here
  document.addEventListener("visibilitychange", tick); // after sleep, before anything can be read
  remember(activeAt);
  setInterval(tick, 1000);
})();
