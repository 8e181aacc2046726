// Small conveniences; every page works without them.

// A selection that lasts over the pages of a list. Keys are kept for this tab and this list only.
const KEEP = "serversync.selection:";

function selection(form) {
  const place = KEEP + form.dataset.selection;
  const read = () => new Set(JSON.parse(sessionStorage.getItem(place) || "[]"));
  const write = (keys) => sessionStorage.setItem(place, JSON.stringify([...keys]));
  return { read, write };
}

function show(form) {
  const kept = selection(form).read();
  const boxes = [...form.querySelectorAll("input[name=mailbox]")];
  for (const box of boxes) box.checked = kept.has(box.value);
  const all = form.querySelector("[data-all]");
  if (all) all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
  const told = form.querySelector("[data-count]");
  if (told) told.textContent = kept.size ? `${kept.size} selected` : "";
  const more = form.querySelector("input[name=more]");
  const here = new Set(boxes.map((box) => box.value));
  if (more) more.value = [...kept].filter((key) => !here.has(key)).join(",");
}

function change(event) {
  const form = event.target.closest("form[data-selection]");
  if (!form) return;
  const { read, write } = selection(form);
  const kept = read();
  const touched = event.target.matches("[data-all]")
    ? [...form.querySelectorAll("input[name=mailbox]")]
    : event.target.name === "mailbox" ? [event.target] : [];
  for (const box of touched) {
    if (event.target.checked) kept.add(box.value); else kept.delete(box.value);
  }
  if (touched.length) { write(kept); show(form); }
}

// Fields that only count for some choices of another field are shown with them: data-when="name=value value".
function depend(root) {
  for (const part of root.querySelectorAll("[data-when]")) {
    const [name, values] = part.dataset.when.split("=");
    const chosen = document.querySelector(`[name="${name}"]:checked`);
    part.hidden = Boolean(chosen) && !values.split(" ").includes(chosen.value);
  }
}

// A button whose act has to be typed first: data-typed="WORD" on the form.
function typed(form) {
  const field = form.querySelector("[name=typed]");
  const button = form.querySelector("[data-needs-typed]");
  if (field && button) button.disabled = field.value.trim() !== form.dataset.typed;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 2000);
}

document.addEventListener("change", (event) => { change(event); depend(document); });
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-typed]");
  if (form) typed(form);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("htmx:afterSettle", () => {
  for (const form of document.querySelectorAll("form[data-selection]")) show(form);
});
// A list that is being read or worked with is not replaced under the reader's hands.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.querySelector("details.menu[open]")) event.preventDefault();
});

for (const form of document.querySelectorAll("form[data-selection]")) show(form);
for (const form of document.querySelectorAll("form[data-typed]")) typed(form);
if (document.querySelector("[data-forget]")) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(KEEP)) sessionStorage.removeItem(key);
}
for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
depend(document);
