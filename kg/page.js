// The frame of a page on which people judge: who they are, keys, one thing at a time, and what went wrong.
// `element` and `server` are Gradio's: this component, and the functions that the page's Python gives it.

function frame({ brand, silent, keys: listed, tabs, promise }) {
  const root = element.querySelector("#kwk-review");
  root.innerHTML = `
    <header>
      <b class="brand">${brand}</b><span class="graph"></span>
      <nav role="tablist">${Object.entries(tabs).map(([view, name]) =>
        `<button role="tab" data-view="${view}">${name}</button>`).join("")}</nav>
      <span class="space"></span>
      <span class="progress" hidden><progress max="1" value="0"></progress> <span></span></span>
      <button class="who" data-act="rename" title="Change your name"></button>
    </header>
    <p class="notice" role="alert" hidden><span></span> <button data-act="again">Try again</button></p>
    <div class="stage"></div>
    <dialog class="help"><h3>Keys</h3><dl></dl></dialog>
    <dialog class="close-up"><img alt=""><p></p></dialog>
    <p class="live" role="status" aria-live="polite"></p>`;
  const find = (selector) => root.querySelector(selector);
  const main = find(".stage"), notice = find(".notice"), help = find(".help"), closeUp = find(".close-up");
  help.querySelector("dl").innerHTML = listed.map(([key, what]) => `<dt>${key}</dt><dd>${what}</dd>`).join("");
  const here = { reviewer: null, graph: "" };
  let busy = false, pending = null, again = null;

  const stored = (key, value) => {
    try {
      if (value === undefined) return localStorage.getItem(key);
      localStorage.setItem(key, value);
    } catch { /* a browser that keeps nothing asks for the name each time */ }
    return null;
  };

  // Ask the server. While it is silent the page says so; what it refuses is thrown as a sentence.
  async function ask(name, sent = {}) {
    const slow = setTimeout(() => say("Waiting for an answer …", true), 1500);
    let told;
    try {
      told = await server[name]({ reviewer: here.reviewer, ...sent });
    } catch {
      told = null;
    } finally {
      clearTimeout(slow);
      find(".live").classList.remove("waiting");
    }
    if (!told || told.error) throw new Error(told?.error ?? silent);
    return told;
  }

  // Do one thing at a time; what fails is said, and can be tried again as it was. Of what is asked for meanwhile the last
  // is done after it.
  async function attempt(work) {
    if (busy) {
      pending = work;
      return;
    }
    busy = true;
    root.dataset.busy = "";
    try {
      await work();
      notice.hidden = true;
      again = null;
    } catch (error) {
      again = work;
      notice.querySelector("span").textContent = error.message;
      notice.hidden = false;
    } finally {
      busy = false;
      delete root.dataset.busy;
    }
    const next = pending;
    pending = null;
    if (next) await attempt(next);
  }

  function say(text, waiting = false) {
    find(".live").textContent = text;
    find(".live").classList.toggle("waiting", waiting);
  }

  function askName(enter) {
    main.innerHTML = `<form class="name"><h2>Who are you?</h2><p>${promise}</p>
      <input name="reviewer" aria-label="Your name" autocomplete="name" maxlength="64" required>
      <button>Begin</button></form>`;
    const input = main.querySelector("input");
    input.value = stored("kwk.reviewer") ?? "";
    input.focus();
    main.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => enter(input.value));
    });
  }

  // Let `work(key, event)` say what a key does; keys belong to a field that is written in, and to the help while it is open.
  function keys(work) {
    document.addEventListener("keydown", function press(event) {
      if (!root.isConnected) return void document.removeEventListener("keydown", press);
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.("input, textarea, select") || !here.reviewer) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const found = help.open ? (key === "?" ? () => help.close() : null) : work(key, event);
      if (!found) return;
      event.preventDefault();
      found();
    });
  }

  const retry = () => again && attempt(again);
  return { root, find, main, help, closeUp, here, stored, ask, attempt, say, askName, keys, retry };
}
