// The review page: keys and clicks become votes. What is shown comes from the server as HTML, escaped there.
// kg/page.js stands before this file; `element` and `server` are Gradio's: this component, and what ingest/review.py gives it.

const DWELL = 300; // ms that an entity must have been seen before a key counts for it
const PAUSE = 1400; // ms that the tally stays before the next entity follows
const SILENT = "kwk does not answer: is `kwk images review` still running? Its terminal says what went wrong; "
  + "the same vote twice is one vote.";
const KEYS = [
  ["1 – 9", "vote for a picture"], ["0 or n", "none of these"], ["s", "skip: it comes again later"],
  ["← →", "the one before, the one after"], ["m", "more: number the next nine pictures"],
  ["z", "look closely; ← → go on, Enter votes, Esc closes"], ["d", "show what the gates dropped"],
  ["Enter", "go on at once"], ["e q a v", "entities, queue, agreement, back to voting"], ["?", "this help"],
];
const {
  root, find, main, help, closeUp, here, stored, ask, attempt, say, retry, askName: askNameOf, keys,
} = frame({
  brand: "kwk review", silent: SILENT, keys: KEYS,
  tabs: { vote: "Vote", entities: "Entities", queue: "Queue", agreement: "Agreement" },
  promise: "Your name stands beside each of your votes. Nobody sees your vote on an entity before they have voted on it.",
});
Object.assign(here, { view: "vote", sheet: null, voted: 0, entities: 0 });
const trail = []; // the entities that were shown, for the way back
let place = -1, base = 0, ready = 0, timer = null, shown = 0;

// The entity that the address names.
function named() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function progress() {
  find(".progress").hidden = !here.reviewer;
  find(".progress progress").max = here.entities || 1;
  find(".progress progress").value = here.voted;
  find(".progress span").textContent = `${here.voted.toLocaleString("en")} of ${here.entities.toLocaleString("en")}`;
  find(".graph").textContent = here.graph;
  find(".who").textContent = here.reviewer ?? "";
}

async function enter(name) {
  const told = await ask("kwk_enter", { reviewer: name });
  here.graph = told.graph;
  here.reviewer = told.reviewer ?? null;
  if (!here.reviewer) return askName();
  stored("kwk.reviewer", here.reviewer);
  Object.assign(here, { voted: told.voted, entities: told.entities });
  progress();
  await open("vote");
}

function askName() {
  here.reviewer = null;
  progress();
  askNameOf(enter);
}

async function open(view) {
  stop();
  here.view = view;
  root.querySelectorAll("[data-view]").forEach((tab) => tab.setAttribute("aria-selected", tab.dataset.view === view));
  if (view === "entities") return listEntities(null);
  if (view === "queue") return listQueue();
  if (view === "agreement") return void show((await ask("kwk_agreement")).html);
  if (trail.length) return visit(trail[place]);
  return named() ? visit(named()).catch(onward) : onward();
}

const show = (html) => { main.innerHTML = `<div class="list">${html}</div>`; };

async function listEntities(state) {
  const told = await ask("kwk_entities", { state });
  const all = Object.values(told.states).reduce((sum, count) => sum + count, 0);
  const names = [["", "all"], ["open", "open"], ["tied", "tied"], ["none", "none is right"], ["chosen", "decided"]];
  show(`<p class="filters">${names.map(([key, name]) => `<button data-state="${key}" aria-pressed="${key === (state ?? "")}">
    ${name} <b>${(key ? told.states[key] ?? 0 : all).toLocaleString("en")}</b></button>`).join("")}</p>
    <table><thead><tr><th>Entity</th><th>State</th><th>Votes</th><th>Pictures</th><th>You</th></tr></thead>
    <tbody>${told.html}</tbody></table>`);
  more(told.after, (after) => ask("kwk_entities", { state, after }), (next) => next.after);
}

async function listQueue() {
  const told = await ask("kwk_queue");
  show(told.html ? `<p class="hint">The experts agreed on no picture of these: they are searched for by hand, or a further
    vote decides.</p><table><thead><tr><th>Entity</th><th>Why</th><th>Votes</th><th>For</th></tr></thead>
    <tbody>${told.html}</tbody></table>` : `<p class="empty">Nothing waits to be searched for by hand.</p>`);
  more(told.skip, (skip) => ask("kwk_queue", { skip }), (next) => next.skip);
}

// A list goes on where the last page ended.
function more(from, read, rest) {
  if (from === null || from === undefined) return;
  const button = document.createElement("button");
  button.className = "more-rows";
  button.textContent = "More";
  button.onclick = () => attempt(async () => {
    const next = await read(from);
    button.remove();
    main.querySelector("tbody").insertAdjacentHTML("beforeend", next.html);
    more(rest(next), read, rest);
  });
  main.querySelector(".list").append(button);
}

// Show the next entity that waits for this reviewer.
async function onward() {
  const { sheet } = await ask("kwk_next", { after: trail.at(-1) ?? stored("kwk.last." + here.graph) ?? "" });
  if (!sheet) return finished();
  trail.push(sheet.entity);
  place = trail.length - 1;
  put(sheet);
}

async function visit(entity) {
  const { sheet } = await ask("kwk_sheet", { entity });
  if (trail[place] !== entity) {
    trail.push(entity);
    place = trail.length - 1;
  }
  put(sheet);
}

function finished() {
  here.sheet = null;
  history.replaceState(null, "", "#");
  main.innerHTML = `<div class="list"><p class="empty">You have voted on everything that waits for you. Thank you.</p></div>`;
}

function put(sheet) {
  stop();
  const same = here.sheet?.entity === sheet.entity;
  here.view = "vote";
  here.sheet = sheet;
  root.querySelectorAll("[data-view]").forEach((tab) => tab.setAttribute("aria-selected", tab.dataset.view === "vote"));
  const unfolded = same && main.querySelector(".dropped:not([hidden])");
  main.innerHTML = `<article class="${sheet.pictures.length > 4 ? "" : "few"}">${sheet.html}</article>`;
  if (unfolded) main.querySelector(".dropped").hidden = false;
  if (!same) {
    base = 0;
    main.scrollTop = 0;
  }
  history.replaceState(null, "", "#" + encodeURIComponent(sheet.entity));
  stored("kwk.last." + here.graph, sheet.entity);
  number();
  if (same) return;
  root.dataset.shown = sheet.entity;
  delete root.dataset.ready;
  const mark = ++shown;
  seen().then(() => {
    if (mark !== shown) return;
    ready = mark;
    root.dataset.ready = sheet.entity;
    say(`${sheet.name}: ${sheet.pictures.length} pictures`);
  });
}

// Wait until the numbered pictures are there: nobody votes on what they have not seen.
function seen() {
  const loading = [...main.querySelectorAll(".card img")].slice(0, 9).map((image) => image.decode().catch(() => broken(image)));
  const patience = new Promise((done) => setTimeout(done, 4000));
  return Promise.all([new Promise((done) => setTimeout(done, DWELL)), Promise.race([Promise.all(loading), patience])]);
}

function broken(image) {
  image.closest(".card")?.classList.add("gone");
}

const cards = () => [...main.querySelectorAll(".grid > .card")].filter((card) => card.offsetParent);

function number() {
  cards().forEach((card, i) => {
    card.querySelector("kbd").textContent = i >= base && i < base + 9 ? String(i - base + 1) : "";
  });
}

function vote(sha256) {
  const { sheet } = here;
  if (!sheet || here.view !== "vote" || ready !== shown || "busy" in root.dataset) return;
  stop();
  mark(sha256);
  attempt(async () => {
    let told;
    try {
      told = await ask("kwk_vote", { entity: sheet.entity, sha256 });
    } catch (error) {
      mark(sheet.vote === "none" ? null : sheet.vote ?? undefined);
      throw error;
    }
    if (told.first) here.voted += 1;
    progress();
    if (here.sheet?.entity !== sheet.entity) return;
    put(told.sheet);
    say(told.replaced ? "Your vote is changed." : "Your vote is in.");
    root.dataset.pausing = "";
    timer = setTimeout(() => go(1), PAUSE);
  });
}

// The vote is seen at once, before the stores have it: pending until they do.
function mark(sha256) {
  main.querySelectorAll(".mine").forEach((each) => each.classList.remove("mine"));
  if (sha256 === undefined) return;
  main.querySelector(sha256 === null ? ".actions .none" : `.card[data-sha="${sha256}"]`)?.classList.add("mine");
}

function stop() {
  clearTimeout(timer);
  timer = null;
  delete root.dataset.pausing;
}

function go(step) {
  stop();
  if (!here.reviewer) return;
  if (step < 0) return void (place > 0 && attempt(() => { place -= 1; return visit(trail[place]); }));
  if (place < trail.length - 1) return void attempt(() => { place += 1; return visit(trail[place]); });
  attempt(onward);
}

function toggleDropped() {
  const part = main.querySelector(".dropped");
  if (!part) return;
  part.hidden = !part.hidden;
  number();
  if (!part.hidden) part.scrollIntoView({ block: "nearest" });
}

function nextNine() {
  const all = cards();
  base = base + 9 < all.length ? base + 9 : 0;
  number();
  all[base]?.scrollIntoView({ block: "center" });
}

function look(step) {
  const all = cards();
  if (!all.length) return;
  stop();
  const at = all.findIndex((card) => card.dataset.sha === closeUp.dataset.sha);
  const card = all[closeUp.open ? (at + step + all.length) % all.length : Math.max(0, step)];
  closeUp.dataset.sha = card.dataset.sha;
  closeUp.querySelector("img").src = `/picture/${card.dataset.sha}/1600`;
  closeUp.querySelector("p").textContent = card.querySelector(".file").textContent;
  if (!closeUp.open) closeUp.showModal();
}

function showHelp() {
  stop();
  help.showModal();
}

const views = { e: "entities", q: "queue", a: "agreement", v: "vote" };
const onVote = {
  ArrowRight: () => go(1), ArrowLeft: () => go(-1), s: () => go(1), Enter: () => go(1), " ": () => go(1),
  0: () => vote(null), n: () => vote(null), d: toggleDropped, m: nextNine, z: () => look(0),
};
const inCloseUp = {
  ArrowRight: () => look(1), ArrowLeft: () => look(-1), z: () => closeUp.close(),
  Enter: () => { closeUp.close(); vote(closeUp.dataset.sha); },
};

keys((key, event) => {
  if (closeUp.open) return inCloseUp[key];
  if (key === "?") return showHelp;
  if (key in views) return () => attempt(() => open(views[key]));
  if (here.view !== "vote") return null;
  const pressed = (key === "Enter" || key === " ") && event.target.closest?.("button, a");
  const card = key >= "1" && key <= "9" ? cards()[base + Number(key) - 1] : null;
  return card ? () => vote(card.dataset.sha) : pressed ? null : onVote[key];
});

const acts = {
  vote: (button) => vote(button.closest(".card").dataset.sha), none: () => vote(null), dropped: toggleDropped,
  back: () => go(-1), next: () => go(1), help: showHelp, rename: () => { stop(); askName(); },
  again: retry,
};
root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = event.target.closest("tr[data-open]");
  if (row) return void attempt(() => visit(row.dataset.open));
  if (event.target === help || event.target === closeUp) return event.target.close();
  if (!button) return;
  button.blur();
  if (button.dataset.act) acts[button.dataset.act](button);
  else if (button.dataset.view && here.reviewer) attempt(() => open(button.dataset.view));
  else if (button.dataset.state !== undefined) attempt(() => listEntities(button.dataset.state || null));
});
root.addEventListener("error", (event) => event.target.tagName === "IMG" && broken(event.target), true);
window.addEventListener("hashchange", () => {
  const entity = named();
  if (here.reviewer && entity && entity !== here.sheet?.entity) attempt(() => visit(entity));
});
attempt(() => enter(stored("kwk.reviewer")));
