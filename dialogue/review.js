// The page on which rounds are reviewed: keys and clicks become verdicts. What is shown comes from the server as HTML,
// escaped there. kg/page.js stands before this file; `element` and `server` are Gradio's.

const DWELL = 300; // ms that a round must have been seen before a key counts for it
const PAUSE = 1100; // ms that a verdict stays before the next round follows
const {
  root, find, main, help, closeUp, here, stored, ask, attempt, say, retry, askName: askNameOf, keys,
} = frame({
  brand: "kwk dialogues", tabs: { review: "Review", agreement: "Agreement" },
  silent: "kwk does not answer: is `kwk dialogues review` still running? Its terminal says what went wrong; "
    + "the same verdict twice is one verdict.",
  promise: "Your name stands beside each of your verdicts. Nobody sees your verdict on a round before they have judged it.",
  keys: [
    ["a", "accept: right and well said"], ["e", "refine: write question and answer anew; Ctrl Enter keeps, Esc leaves it"],
    ["r", "reject: then 1 – 7 for the reason"], ["→ or s", "skip: it comes again later"], ["←", "the one before"],
    ["Enter", "go on at once"], ["z", "look at the pictures closely; ← → go on, Esc closes"],
    ["g v", "agreement, back to the review"], ["?", "this help"],
  ],
});
Object.assign(here, { view: "review", sheet: null, progress: null, reasons: {} });
const trail = []; // the rounds that were shown, for the way back
let place = -1, ready = 0, shown = 0, timer = null;
const text = (value) => { const span = document.createElement("span"); span.textContent = value; return span.innerHTML; };

function named() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function progress() {
  const far = here.progress;
  find(".progress").hidden = !far;
  find(".graph").textContent = here.graph;
  find(".who").textContent = here.reviewer ?? "";
  if (!far) return;
  const number = (n) => n.toLocaleString("en");
  find(".progress progress").max = far.rounds || 1;
  find(".progress progress").value = far.complete;
  find(".progress span").textContent = `you ${number(far.mine)} · ${number(far.complete)} of ${number(far.rounds)} complete`;
  find(".progress").title = `A round is complete with ${far.needed} review${far.needed > 1 ? "s" : ""}; `
    + `${far.reviewers} reviewer${far.reviewers === 1 ? "" : "s"} so far.`;
}

async function enter(name) {
  const told = await ask("kwk_enter", { reviewer: name });
  Object.assign(here, { graph: told.graph, reasons: told.reasons, reviewer: told.reviewer ?? null, progress: told.progress });
  if (!here.reviewer) return askName();
  stored("kwk.reviewer", here.reviewer);
  progress();
  await open("review");
}

function askName() {
  Object.assign(here, { reviewer: null, progress: null, sheet: null });
  progress();
  askNameOf(enter);
}

function select(view) {
  here.view = view;
  root.querySelectorAll("[data-view]").forEach((tab) => tab.setAttribute("aria-selected", tab.dataset.view === view));
}

async function open(view) {
  stop();
  select(view);
  if (view === "agreement") {
    const { html } = await ask("kwk_agreement");
    main.innerHTML = `<div class="list">${html}</div>`;
    return;
  }
  if (trail.length) return visit(trail[place]);
  return named() ? visit(named()).catch(onward) : onward();
}

// Show the next round that waits for this reviewer.
async function onward() {
  const told = await ask("kwk_next", { after: trail.at(-1) ?? "" });
  here.progress = told.progress;
  progress();
  if (!told.sheet) return finished();
  trail.push(told.sheet.round);
  place = trail.length - 1;
  put(told.sheet);
}

async function visit(round) {
  const { sheet } = await ask("kwk_round", { round });
  if (trail[place] !== round) {
    trail.push(round);
    place = trail.length - 1;
  }
  put(sheet);
}

function finished() {
  here.sheet = null;
  history.replaceState(null, "", "#");
  main.innerHTML = `<div class="list"><p class="empty">Every round has the reviews it needs, or yours. Thank you.</p></div>`;
}

function put(sheet) {
  stop();
  const same = here.sheet?.round === sheet.round;
  here.sheet = sheet;
  select("review");
  main.innerHTML = `<article class="review">${sheet.html}</article><div class="verdict-bar">${bar(sheet)}</div>`;
  history.replaceState(null, "", "#" + encodeURIComponent(sheet.round));
  if (same) return;
  const talk = main.querySelector(".talk"), judged = main.querySelector(".round");
  judged.scrollIntoView({ block: judged.offsetHeight > talk.clientHeight ? "start" : "end" });
  root.dataset.shown = sheet.round;
  delete root.dataset.ready;
  const mark = ++shown;
  seen().then(() => {
    if (mark !== shown) return;
    ready = mark;
    root.dataset.ready = sheet.round;
    say(`Round ${sheet.round}`);
  });
}

// Wait until the pictures of the round are there: nobody judges what they have not seen.
function seen() {
  const loading = [...main.querySelectorAll(".round img")].map((image) => image.decode().catch(() => broken(image)));
  const patience = new Promise((done) => setTimeout(done, 4000));
  return Promise.all([new Promise((done) => setTimeout(done, DWELL)), Promise.race([Promise.all(loading), patience])]);
}

const broken = (image) => image.closest(".shot")?.classList.add("missing");

const choice = (act, key, name, sheet) => `<button data-act="${act}" class="choice ${act}${sheet.mine === act ? " mine" : ""}"
  aria-pressed="${sheet.mine === act}"><kbd>${key}</kbd> ${name}</button>`;
const bar = (sheet) => `${sheet.tally}<div class="actions">
  ${choice("accept", "a", "Accept", sheet)}${choice("refine", "e", "Refine", sheet)}${choice("reject", "r", "Reject", sheet)}
  <span class="space"></span><button data-act="back"><kbd>←</kbd> Back</button>
  <button data-act="next"><kbd>→</kbd> ${sheet.mine ? "Next" : "Skip"}</button>
  <button data-act="help"><kbd>?</kbd> Keys</button></div>`;

const can = () => here.sheet && here.view === "review" && ready === shown && !("busy" in root.dataset);

function judge(judgement, more = {}) {
  if (!can()) return;
  stop();
  const { round, sha256 } = here.sheet;
  attempt(async () => {
    const told = await ask("kwk_judge", { round, sha256, judgement, ...more });
    here.progress = told.progress;
    progress();
    if (here.sheet?.round !== round) return;
    put(told.sheet);
    say(`Your verdict is in: ${judgement}.`);
    root.dataset.judged = round;
    root.dataset.pausing = "";
    timer = setTimeout(() => go(1), PAUSE);
  });
}

// A form stands in place of the buttons; Esc puts them back.
function form(html, keep) {
  if (!can()) return null;
  stop();
  const strip = main.querySelector(".verdict-bar");
  strip.innerHTML = html;
  const made = strip.querySelector("form");
  made.addEventListener("submit", (event) => { event.preventDefault(); keep(made); });
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) keep(made);
    else return;
    event.preventDefault();
  });
  return made;
}

function close() {
  main.querySelector(".verdict-bar").innerHTML = bar(here.sheet);
}

function refine() {
  const { sheet } = here;
  const made = form(`<form class="refine"><label>Question <textarea name="question" rows="2" dir="auto"></textarea></label>
    <label>Answer <textarea name="answer" rows="3" dir="auto"></textarea></label>
    <p class="hint">Each &lt;image&gt; is a picture and has to stay; so do the names that are marked, in one form or another.</p>
    <p class="keep"><button class="primary"><kbd>Ctrl Enter</kbd> Keep</button>
    <button type="button" data-act="close"><kbd>Esc</kbd> Leave it</button></p></form>`,
  (each) => judge("refine", { question: each.elements.question.value, answer: each.elements.answer.value }));
  if (!made) return;
  made.elements.question.value = sheet.question;
  made.elements.answer.value = sheet.answer;
  made.elements.question.focus();
}

function reject() {
  const reasons = Object.entries(here.reasons);
  const made = form(`<form class="reject" tabindex="-1"><p><b>Why?</b></p><ol>${reasons.map(([reason, said], i) =>
    `<li><button type="button" data-reason="${reason}"><kbd>${i + 1}</kbd> ${text(said)}</button></li>`).join("")}</ol>
    <label>In your words, if you like <input name="note" maxlength="1000"></label>
    <p class="keep"><button type="button" data-act="close"><kbd>Esc</kbd> Leave it</button></p></form>`,
  (each) => judge("reject", { reason: "other", note: each.elements.note.value }));
  made?.focus();
}

const rejecting = () => main.querySelector("form.reject");
const rejectFor = (reason) => judge("reject", { reason, note: rejecting().elements.note.value });

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

function look(step, sha) {
  const all = [...main.querySelectorAll(".round .shot, .before .shot")];
  if (!all.length) return;
  stop();
  const at = all.findIndex((shot) => shot.dataset.sha === (sha ?? closeUp.dataset.sha));
  const shot = all[sha ? at : closeUp.open ? (at + step + all.length) % all.length : 0];
  closeUp.dataset.sha = shot.dataset.sha;
  closeUp.querySelector("img").src = `/picture/${shot.dataset.sha}/1600`;
  closeUp.querySelector("p").textContent = shot.title;
  if (!closeUp.open) closeUp.showModal();
}

function showHelp() {
  stop();
  help.showModal();
}

const views = { g: "agreement", v: "review" };
const onReview = {
  a: () => judge("accept"), e: refine, r: reject, ArrowRight: () => go(1), s: () => go(1), Enter: () => go(1),
  ArrowLeft: () => go(-1), z: () => look(0),
};
const inCloseUp = { ArrowRight: () => look(1), ArrowLeft: () => look(-1), z: () => closeUp.close() };
keys((key, event) => {
  if (closeUp.open) return inCloseUp[key];
  if (key === "?") return showHelp;
  const reason = rejecting() && Object.keys(here.reasons)[Number(key) - 1];
  if (reason) return () => rejectFor(reason);
  if (main.querySelector("form")) return key === "Escape" ? close : null;
  if (key in views) return () => attempt(() => open(views[key]));
  if (here.view !== "review" || (key === "Enter" && event.target.closest?.("button, a"))) return null;
  return onReview[key];
});

const acts = {
  accept: () => judge("accept"), refine, reject, close, back: () => go(-1), next: () => go(1), help: showHelp,
  rename: () => { stop(); askName(); }, again: retry, look: (button) => look(0, button.dataset.sha),
};
root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === help || event.target === closeUp) return event.target.close();
  if (!button) return;
  if (button.dataset.act) {
    button.blur();
    acts[button.dataset.act](button);
  } else if (button.dataset.reason) rejectFor(button.dataset.reason);
  else if (button.dataset.view && here.reviewer) attempt(() => open(button.dataset.view));
});
root.addEventListener("error", (event) => event.target.tagName === "IMG" && broken(event.target), true);
window.addEventListener("hashchange", () => {
  const round = named();
  if (here.reviewer && round && round !== here.sheet?.round) attempt(() => visit(round));
});
attempt(() => enter(stored("kwk.reviewer")));
