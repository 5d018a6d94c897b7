// The page of `kwk serve`: a conversation on the left, on the right what the chosen answer rests on.
// `element` and `server` are Gradio's: this component, and the functions that retrieval/page.py gives it.

const SILENT = "kwk does not answer: is `kwk serve` still running? Its terminal says what went wrong.";
const MOST_PICTURE = 12 * 1024 * 1024; // bytes
const CARD = 320, LARGE = 1600; // the sizes that images come in
const root = element.querySelector("#kwk-review");
root.id = "kwk-chat";
root.innerHTML = `
  <header><b class="brand">kwk</b><span class="graph"></span><span class="space"></span>
    <button data-act="new">New conversation</button></header>
  <main><section class="talk" aria-label="Conversation" aria-live="polite"></section>
    <aside aria-label="What the answer rests on"><p class="hint">Ask something. What an answer rests on stands here.</p></aside></main>
  <p class="notice" role="alert" hidden></p>
  <form><label class="attach" title="Show a picture"><input type="file" accept="image/*" aria-label="Picture">+ picture</label>
    <span class="chosen" hidden></span>
    <input name="question" autocomplete="off" maxlength="2000" placeholder="Ask about people, places, pictures …" aria-label="Question">
    <button>Ask</button></form>
  <dialog class="swap"><h3>Another picture</h3><div class="cards"></div>
    <label class="own">One of your own <input type="file" accept="image/*"></label><button data-act="close">Close</button></dialog>
  <dialog class="why"><h3>What is wrong?</h3><textarea maxlength="2000" aria-label="Reason"></textarea>
    <button data-act="send">Send</button> <button data-act="close">Leave it</button></dialog>`;
const find = (selector) => root.querySelector(selector);
const talk = find(".talk"), aside = find("aside"), notice = find(".notice"), form = find("form");
const swap = find(".swap"), why = find(".why");
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const answers = new Map(); // id -> what came of a question
let conversation = null, picture = null, busy = false, swapped = null, rated = null;

async function ask(name, sent = {}) {
  let told;
  try {
    told = await server[name](sent);
  } catch {
    told = null;
  }
  if (!told || told.error) throw new Error(told?.error ?? SILENT);
  return told;
}

async function attempt(work) {
  if (busy) return;
  busy = true;
  root.dataset.busy = "";
  notice.hidden = true;
  try {
    await work();
  } catch (error) {
    notice.textContent = error.message;
    notice.hidden = false;
  } finally {
    busy = false;
    delete root.dataset.busy;
  }
}

async function begin() {
  const told = await ask("kwk_begin");
  conversation = told.conversation;
  find(".graph").textContent = told.graph + (told.run ? ` · ${told.run}` : "");
  talk.innerHTML = "";
  aside.innerHTML = `<p class="hint">Ask something. What an answer rests on stands here.</p>`;
  find("[name=question]").focus();
}

function say(who, html) {
  const turn = document.createElement("article");
  turn.className = who;
  turn.innerHTML = html;
  talk.append(turn);
  turn.scrollIntoView({ block: "end" });
  return turn;
}

const card = (image) => `<figure data-entity="${escape(image.entity)}">
  <a href="/picture/${image.sha256}/${LARGE}" target="_blank" rel="noopener"><img src="/picture/${image.sha256}/${CARD}" alt="${escape(image.name)}"></a>
  <figcaption>${escape(image.name)} <button data-act="swap" title="Show another picture">replace</button></figcaption></figure>`;

async function question(text) {
  const shown = picture ? `<img src="${picture}" alt="your picture">` : "";
  const asked = say("human", `${shown}<p>${escape(text)}</p>`);
  const waiting = say("model waiting", "<p>…</p>");
  try {
    const told = await ask("kwk_ask", { conversation, question: text, picture });
    answers.set(told.id, told);
    waiting.className = told.grounded ? "model" : "model open";
    waiting.dataset.answer = told.id;
    waiting.innerHTML = `<p></p><div class="pictures" hidden>${told.images.map(card).join("")}</div>
      <footer hidden><button data-act="rest">${told.evidence.length
        ? `${told.evidence.length} edge${told.evidence.length > 1 ? "s" : ""}` : "not from the graph"}</button>
      <span class="space"></span><button data-act="up" title="A good answer">good</button>
      <button data-act="down" title="A bad answer">bad</button></footer>`;
    await spoken(waiting.querySelector("p"), told.text);
    waiting.querySelector(".pictures").hidden = !told.images.length;
    waiting.querySelector("footer").hidden = false;
    waiting.scrollIntoView({ block: "end" });
    rest(told);
    choose(null);
  } catch (error) {
    waiting.remove();
    asked.remove();
    find("[name=question]").value = text;
    throw error;
  }
}

// Words come one after another, unless somebody would rather not have it move.
async function spoken(place, text) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return void (place.textContent = text);
  for (const word of text.split(/(?<= )/)) {
    place.textContent += word;
    await new Promise((done) => setTimeout(done, 12));
  }
}

function rest(told) {
  talk.querySelectorAll("[data-chosen]").forEach((each) => delete each.dataset.chosen);
  const turn = talk.querySelector(`[data-answer="${told.id}"]`);
  if (turn) turn.dataset.chosen = "";
  const edges = told.evidence.map((edge) => `<li><b>${escape(edge.subject)}</b> <i title="${escape(edge.relation)}">${escape(edge.short)}</i>
    <b>${escape(edge.object)}</b></li>`).join("");
  aside.innerHTML = `<h3>What it rests on</h3>
    ${told.drawn.links.length ? drawing(told.drawn) : ""}
    ${edges ? `<ul class="edges">${edges}</ul>` : "<p>Nothing in the graph answers this.</p>"}
    ${told.browser.map((each) => `<details><summary>Cypher</summary><pre>${escape(each.query)}</pre></details>
      <p><a class="browser" href="${escape(each.link)}" target="_blank" rel="noopener">Open in Neo4j Browser</a></p>`).join("")}
    <h4>How it was understood</h4><ul>${told.grounds.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>
    <p class="soft">answer ${told.id.slice(0, 8)} · ${told.seconds.toFixed(2)} s</p>`;
}

// Who was asked about in the middle, the others around it.
function drawing({ nodes, links }) {
  const middle = nodes.find((node) => node.asked) ?? nodes[0];
  const around = nodes.filter((node) => node !== middle);
  const size = 340, centre = size / 2, reach = around.length > 8 ? 135 : 115;
  const at = new Map([[middle.id, [centre, centre]]]);
  around.forEach((node, i) => {
    const angle = (2 * Math.PI * i) / around.length - Math.PI / 2;
    at.set(node.id, [centre + reach * Math.cos(angle), centre + reach * Math.sin(angle)]);
  });
  const lines = links.map((link) => {
    const [x1, y1] = at.get(link.from), [x2, y2] = at.get(link.to);
    const long = Math.hypot(x2 - x1, y2 - y1) || 1, ux = (x2 - x1) / long, uy = (y2 - y1) / long;
    return `<line x1="${x1 + 24 * ux}" y1="${y1 + 24 * uy}" x2="${x2 - 27 * ux}" y2="${y2 - 27 * uy}" marker-end="url(#kwk-arrow)"/>
      ${links.length > 10 ? "" : `<text class="relation" x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 4}">${escape(cut(link.relation, 18))}</text>`}`;
  });
  const circles = nodes.map((node) => {
    const [x, y] = at.get(node.id);
    return `<g><title>${escape(node.name)}</title><circle cx="${x}" cy="${y}" r="23" class="${node === middle ? "asked" : ""}"/>
      <text x="${x}" y="${y + 4}">${escape(cut(node.name, 14))}</text></g>`;
  });
  return `<svg viewBox="-30 0 ${size + 60} ${size}" role="img" aria-label="The edges that answer">
    <defs><marker id="kwk-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0 8 4 0 8z"/></marker></defs>${lines.join("")}${circles.join("")}</svg>`;
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function choose(address, name = "") {
  picture = address;
  const chosen = find(".chosen");
  chosen.hidden = !address;
  chosen.innerHTML = address ? `<img src="${address}" alt=""> ${escape(name)} <button type="button" data-act="unchoose" aria-label="Take it away">×</button>` : "";
  find(".attach input").value = "";
}

function read(file) {
  return new Promise((done, fail) => {
    if (!file.type.startsWith("image/")) return void fail(new Error(`${file.name} is no picture.`));
    if (file.size > MOST_PICTURE) return void fail(new Error(`${file.name} has more than 12 MB; show a smaller one.`));
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Error(`${file.name} can't be read.`));
    reader.readAsDataURL(file);
  });
}

async function offer(figure) {
  swapped = figure;
  const told = await ask("kwk_others", { entity: figure.dataset.entity });
  swap.querySelector(".cards").innerHTML = told.images.map((sha256) =>
    `<button data-act="take" data-sha256="${sha256}"><img src="/picture/${sha256}/${CARD}" alt="another picture"></button>`).join("");
  swap.showModal();
}

function take(small, large) {
  swapped.querySelector("img").src = small;
  swapped.querySelector("a").href = large;
  swap.close();
}

async function rate(id, up, reason = null) {
  await ask("kwk_thumb", { answer: id, up, reason });
  const footer = talk.querySelector(`[data-answer="${id}"] footer`);
  footer.querySelectorAll("[data-act=up], [data-act=down]").forEach((button) => {
    button.setAttribute("aria-pressed", (button.dataset.act === "up") === up);
  });
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const id = button.closest("[data-answer]")?.dataset.answer;
  ({
    new: () => attempt(begin),
    rest: () => rest(answers.get(id)),
    up: () => attempt(() => rate(id, true)),
    down: () => { rated = id; why.querySelector("textarea").value = ""; why.showModal(); },
    send: () => { why.close(); attempt(() => rate(rated, false, why.querySelector("textarea").value)); },
    close: () => button.closest("dialog").close(),
    swap: () => attempt(() => offer(button.closest("figure"))),
    take: () => take(`/picture/${button.dataset.sha256}/${CARD}`, `/picture/${button.dataset.sha256}/${LARGE}`),
    unchoose: () => choose(null),
  })[button.dataset.act]?.();
});
find(".attach input").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) attempt(async () => choose(await read(file), file.name));
});
swap.querySelector("input").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) attempt(async () => { const own = await read(file); take(own, own); });
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = find("[name=question]"), text = field.value.trim();
  if (!text || busy) return;
  field.value = "";
  attempt(() => question(text)).then(() => field.focus());
});
attempt(begin);
