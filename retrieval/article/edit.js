// The page of `kwk article --edit`: an article as it reads, each image with what can be done to it.
// `element` and `server` are Gradio's: this component, and the functions that retrieval/article/desk.py gives it.

const SILENT = "kwk does not answer: is `kwk article --edit` still running? Its terminal says what went wrong.";
const MOST_PICTURE = 12 * 1024 * 1024; // bytes
const root = element.querySelector("#kwk-review");
root.id = "kwk-article";
root.innerHTML = `<header><b class="brand">kwk</b><span class="title"></span><span class="space"></span><span class="saved" role="status"></span></header>
  <p class="notice" role="alert" hidden></p><main></main>`;
const find = (selector) => root.querySelector(selector);
const main = find("main"), notice = find(".notice"), saved = find(".saved");
let revision = null, last = Promise.resolve();

async function ask(name, sent = {}) {
  let told;
  try {
    told = await server[name]({ revision, ...sent });
  } catch {
    told = null;
  }
  if (!told || told.error) throw new Error(told?.error ?? SILENT);
  return told;
}

// Make one change after the other; what is refused is said, and what was typed stays where it is.
function attempt(work, said = "Saved") {
  last = last.then(() => change(work, said));
}

async function change(work, said) {
  root.dataset.busy = "";
  notice.hidden = true;
  saved.textContent = "";
  try {
    const told = await work();
    revision = told.revision;
    find(".title").textContent = told.title;
    show(told.html);
    saved.textContent = said;
  } catch (error) {
    notice.textContent = error.message;
    notice.hidden = false;
  } finally {
    delete root.dataset.busy;
  }
}

// Show the article anew, with the captions that are being written.
function show(html) {
  const at = main.scrollTop, active = document.activeElement?.closest("[data-place]")?.dataset.place;
  const typed = [...main.querySelectorAll("textarea")].filter((each) => each.value !== each.defaultValue)
    .map((each) => [each.closest("[data-place]").dataset.place, each.value]);
  main.innerHTML = html;
  for (const [place, value] of typed) {
    const field = main.querySelector(`[data-place="${place}"] textarea`);
    if (field && field.value !== value) field.value = value;
    if (place === active) field?.focus();
  }
  main.scrollTop = at;
}

function read(file) {
  return new Promise((done, fail) => {
    if (!file.type.startsWith("image/")) return void fail(new Error(`${file.name} is no picture.`));
    if (file.size > MOST_PICTURE) return void fail(new Error(`${file.name} has more than 12 MB; choose a smaller one.`));
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Error(`${file.name} can't be read.`));
    reader.readAsDataURL(file);
  });
}

// A place is known by the paragraph that it follows, whatever is added or dropped before it.
const spot = (node) => {
  const [section, paragraph] = node.closest("[data-place]").dataset.place.split("-").map(Number);
  return { section, paragraph };
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  const cards = button.closest("figure, .add").querySelector(".cards");
  ({
    others: () => { cards.hidden = !cards.hidden; },
    open: () => { cards.hidden = !cards.hidden; },
    take: () => attempt(() => ask("kwk_replace", { ...spot(button), sha256: button.dataset.sha256 })),
    put: () => attempt(() => ask("kwk_add", { ...spot(button), sha256: button.dataset.sha256 })),
    drop: () => attempt(() => ask("kwk_drop", spot(button))),
  })[button.dataset.act]?.();
});
root.addEventListener("change", (event) => {
  const node = event.target;
  const where = spot(node);
  if (node.matches("textarea")) {
    const caption = node.value;
    attempt(() => ask("kwk_caption", { ...where, caption }));
    return;
  }
  const [file] = node.files ?? [];
  if (!file) return;
  const name = node.dataset.act === "own" ? "kwk_upload" : "kwk_add";
  attempt(async () => ask(name, { ...where, picture: await read(file), name: file.name }));
});
attempt(() => ask("kwk_show"), "");
