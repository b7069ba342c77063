"use strict";
// Text from the page is only ever set as textContent: what is hostile in it stays text.

const by = (id) => document.getElementById(id);
const input = by("input"), article = by("article"), why = by("why"), knob = by("strictness");
const TYPED = 400; // ms without a key before the server is asked
const HINT = matchMedia("(hover: hover)").matches ? " (W)" : ""; // a phone has no keys
const CATEGORIES = ["content", "ad", "engagement", "teaser", "boilerplate", "metadata", "comment", "junk"];
const HTML = /^\s*(?:<!--[^]*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|main|article|section|header|nav|div|table|ul|ol|h[1-6]|p)\b/i;
const SAMPLE = [
  "Ferry line to the island reopens after twelve years",
  "By Jane Doe | 12 May 2025",
  "Advertisement",
  "The council voted on Tuesday to reopen the ferry line to the island, which was closed in 2013 to save money, and will lease a vessel for three years, the harbour master said.",
  "Click Here: online rugby store malaysia",
  "Residents have asked for the crossing since the bridge was limited to light vehicles. \"My mother has not seen a doctor on the mainland since March,\" said one of them, a retired teacher.",
  "READ MORE: You won't believe what this captain found in his net",
  "The first boat is to leave on 2 June. Tickets will cost four crowns, half of that for islanders. Like this story? Follow us on Facebook and subscribe to our newsletter!",
  "A second vessel will be decided in the autumn, once the figures of the summer are known.",
  "Share on Facebook\nShare on Twitter\nPrint",
  "Great news at last! - Tom, 3 May\nReply",
].join("\n\n");

let shown = null; // { source, text, audit, points } of the last answer
let running = null; // what aborts the request that is under way
let again = false; // something changed meanwhile
let timer = 0;
const marks = new Map(); // "start:end" of what a person called wrong -> what it is really
const reviewed = new Map(); // SHA-256 of a document that a person has looked at -> its labels

function threshold() {
  // The knob goes from lax to strict; the threshold says how sure a cut must be.
  return (100 - Number(knob.value)) / 100;
}

function isPage(text) {
  const chosen = document.querySelector("input[name=kind]:checked").value;
  return chosen === "auto" ? HTML.test(text) : chosen === "html";
}

async function clean() {
  clearTimeout(timer);
  again = false;
  running?.abort();
  const source = input.value;
  if (!source.trim()) return say("Nothing here yet. Paste a page, or try the example.");
  if (source !== shown?.source) marks.clear();
  const mine = (running = new AbortController());
  article.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(source, mine.signal);
    if (mine.signal.aborted) return;
    show(source, answer);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
  } finally {
    if (mine === running) {
      running = null;
      article.removeAttribute("aria-busy");
      if (again) clean();
    }
  }
}

// On a phone the result lies below: whoever asked for it is led there.
async function cleanAndGo() {
  await clean();
  if (shown && matchMedia("(max-width: 52rem)").matches) by("result").scrollIntoView();
}

// While the knob moves, one request follows the other, each with the newest setting.
function refresh() {
  if (!shown) return;
  if (running) again = true;
  else clean();
}

async function ask(source, signal) {
  const body = { threshold: threshold(), policy: by("metadata").checked ? "strict" : "default" };
  body[isPage(source) ? "html" : "text"] = source;
  const headers = { "content-type": "application/json" };
  if (by("key").value) headers.authorization = `Bearer ${by("key").value}`;
  const response = await fetch("v1/clean?fields=text,input,audit", {
    method: "POST", headers, signal, body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.status === 401) by("key-row").hidden = false;
  if (!response.ok) throw new Error(`${answer.title}: ${answer.detail} (${answer.code})`);
  return answer;
}

function show(source, answer) {
  const { audit } = answer;
  shown = { source, text: answer.text, audit, points: Array.from(answer.input) };
  const focused = document.activeElement?.dataset?.at;
  hideWhy();
  article.replaceChildren(...audit.decisions.map(piece));
  article.querySelector(".piece")?.setAttribute("tabindex", "0");
  if (focused !== undefined) article.querySelector(`[data-at="${focused}"]`)?.focus();
  legend(audit.decisions);
  const cut = audit.decisions.filter((one) => one.action === "remove");
  const gone = cut.reduce((sum, one) => sum + one.end - one.start, 0);
  const share = shown.points.length ? Math.round((100 * gone) / shown.points.length) : 0;
  const verdict = audit.verdict.name.replace("_", " ");
  say([`${verdict}: ${audit.verdict.reason}; ${cut.length} cuts, ${share} % of the characters.`, ...audit.notes].join(" "));
  for (const id of ["copy", "audit", "reviewed"]) by(id).disabled = false;
  by("reviewed").checked = reviewed.has(audit.document.sha256);
  keepLabels();
}

const SAID = { keep: "kept", flag: "flagged", remove: "cut" };

function slice(start, end) {
  return shown.points.slice(start, end).join("");
}

// A piece without the white space around it, which would be coloured too, in a slot with it.
function piece(decision, number) {
  const slot = document.createElement("span");
  const text = slice(decision.start, decision.end);
  const body = text.trim();
  slot.className = `slot ${decision.action}`;
  if (!body) {
    slot.textContent = text;
    return slot;
  }
  const before = Array.from(text.slice(0, text.indexOf(body))).length;
  const start = decision.start + before, end = start + Array.from(body).length;
  const made = document.createElement("span");
  made.className = `piece ${decision.action} ${decision.category}`;
  made.dataset.at = decision.start;
  made.dataset.number = number;
  made.tabIndex = -1;
  made.setAttribute("role", "button");
  made.setAttribute("aria-label", `${SAID[decision.action]}, ${decision.category}: ${body}`);
  made.append(...words(decision, start, end));
  made.classList.toggle("wrong", marks.has(name(decision)));
  slot.append(slice(decision.start, start), made, slice(end, decision.end));
  return slot;
}

// The words that decided it stand out inside the piece.
function words(decision, start, end) {
  const spans = decision.action === "keep" ? [] : decision.reasons
    .filter((one) => one.code === "WORD" && one.start >= start && one.end <= end)
    .sort((a, b) => a.start - b.start);
  const parts = [];
  let here = start;
  for (const span of spans) {
    if (span.start < here) continue;
    const word = document.createElement("b");
    word.textContent = slice(span.start, span.end);
    parts.push(slice(here, span.start), word);
    here = span.end;
  }
  return [...parts, slice(here, end)];
}

function name(decision) {
  return `${decision.start}:${decision.end}`;
}

function legend(decisions) {
  const counts = new Map();
  for (const one of decisions) {
    if (one.action !== "keep") counts.set(one.category, (counts.get(one.category) ?? 0) + 1);
  }
  by("legend").replaceChildren(...[...counts].sort((a, b) => b[1] - a[1]).map(([category, count]) => {
    const row = document.createElement("li");
    row.className = category;
    row.textContent = `${category} ${count}`;
    return row;
  }));
}

function say(message, wrong = false) {
  by("status").textContent = message;
  by("status").classList.toggle("error", wrong);
}

// Reasons

let explained = null;

function explain(target) {
  const decision = shown?.audit.decisions[target.dataset.number];
  if (!decision) return;
  explained = target;
  why.className = `why ${decision.category}`;
  by("why-title").textContent = `${decision.category}, ${SAID[decision.action]}`;
  by("why-score").textContent = `Probability of junk: ${(100 * decision.score).toFixed(1)} % (cut from ${Math.round(100 * threshold())} %)`;
  by("why-bar").style.setProperty("--score", decision.score);
  by("why-bar").style.setProperty("--threshold", threshold());
  by("why-reasons").replaceChildren(...decision.reasons.map((reason) => {
    const row = document.createElement("li");
    const code = document.createElement("code");
    code.textContent = reason.code;
    row.append(`${reason.message} `, code);
    return row;
  }));
  const label = marks.get(name(decision));
  by("mark").textContent = (label ? "Take the mark back" : decision.action === "keep" ? "This should be cut" : "This cut is wrong") + HINT;
  by("really-row").hidden = !label;
  if (label) by("really").value = label;
  why.hidden = false;
  document.body.classList.add("explained");
}

function hideWhy() {
  why.hidden = true;
  explained = null;
  document.body.classList.remove("explained");
}

// Labels: whoever marks what is wrong has looked at the document, so that the rest is right.

function mark() {
  if (!explained) return;
  const decision = shown.audit.decisions[explained.dataset.number];
  if (!marks.delete(name(decision))) {
    marks.set(name(decision), decision.action === "keep" ? "junk" : "content");
    by("reviewed").checked = true;
  }
  explained.classList.toggle("wrong", marks.has(name(decision)));
  explain(explained);
  keepLabels();
}

function relabel() {
  marks.set(name(shown.audit.decisions[explained.dataset.number]), by("really").value);
  keepLabels();
}

function keepLabels() {
  const { audit } = shown;
  if (by("reviewed").checked) {
    reviewed.set(audit.document.sha256, { id: audit.document.sha256, url: audit.url, title: null, lang: null, lines: lines() });
  } else {
    reviewed.delete(audit.document.sha256);
  }
  by("labels").disabled = reviewed.size === 0;
  by("labels").textContent = reviewed.size ? `Export labels (${reviewed.size})` : "Export labels";
}

// Paragraphs with their labels. Where only a part of one was cut, most of its characters decide.
function lines() {
  const rows = [];
  let open = "\n"; // what lies between the last piece and this one
  for (const decision of shown.audit.decisions) {
    const text = slice(decision.start, decision.end), body = text.trim();
    const at = text.indexOf(body);
    open += text.slice(0, body ? at : text.length);
    if (!body) continue;
    if (open.includes("\n")) rows.push({ text: "", sizes: new Map(), decided: new Map() });
    const row = rows.at(-1);
    row.text += (row.text && open) + body;
    count(row.sizes, marks.get(name(decision)) ?? decision.category, body.length);
    count(row.decided, decision.category, body.length);
    open = text.slice(at + body.length);
  }
  return rows.map(({ text, sizes, decided }) => {
    const label = most(sizes), before = most(decided);
    return label === before ? { text, label } : { text, label, decided: before };
  });
}

function count(sizes, label, size) {
  sizes.set(label, (sizes.get(label) ?? 0) + size);
}

function most(sizes) {
  return [...sizes].reduce((one, other) => (other[1] > one[1] ? other : one))[0];
}

// Arrows go from piece to piece, N from cut to cut.
function step(direction, wanted = () => true) {
  const pieces = [...article.querySelectorAll(".piece")].filter((one) => one.offsetParent !== null);
  let at = pieces.indexOf(document.activeElement);
  do at += direction; while (pieces[at] && !wanted(pieces[at]));
  const next = pieces[at];
  if (!next) return;
  for (const one of pieces) one.tabIndex = one === next ? 0 : -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

// Out

function download(filename, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function copy() {
  try {
    await navigator.clipboard.writeText(shown.text);
  } catch {
    // Not a secure context: the old way still works there.
    const area = document.createElement("textarea");
    area.value = shown.text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("The clean text is copied.");
}

async function open(file) {
  if (!file) return;
  input.value = decoded(await file.arrayBuffer());
  document.querySelector(`input[name=kind][value=${/\.x?html?$/i.test(file.name) ? "html" : "auto"}]`).checked = true;
  cleanAndGo();
}

// UTF-8 or UTF-16 with a mark; else what the page says of itself; else what browsers take.
function decoded(bytes) {
  const head = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength)).join();
  if (head === "255,254" || head === "254,255") return new TextDecoder(head === "255,254" ? "utf-16le" : "utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const start = new TextDecoder("latin1").decode(bytes.slice(0, 2048));
    const said = /charset\s*=\s*["']?([\w:-]+)/i.exec(start)?.[1] ?? "windows-1252";
    try {
      return new TextDecoder(said).decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }
}

by("really").replaceChildren(...CATEGORIES.map((category) => {
  const option = document.createElement("option");
  option.value = category;
  option.textContent = category === "junk" ? "junk of some kind" : category;
  return option;
}));

knob.addEventListener("input", () => { by("strictness-says").textContent = knob.value; refresh(); });
by("metadata").addEventListener("change", refresh);
for (const one of document.querySelectorAll("input[name=kind]")) one.addEventListener("change", refresh);
input.addEventListener("paste", () => setTimeout(clean));
input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(clean, TYPED); });
by("clean").addEventListener("click", cleanAndGo);
by("sample").addEventListener("click", () => { input.value = SAMPLE; cleanAndGo(); });
by("file").addEventListener("change", (event) => open(event.target.files[0]));
by("key-row").addEventListener("submit", (event) => { event.preventDefault(); clean(); });
by("copy").addEventListener("click", copy);
by("audit").addEventListener("click", () => download("audit.jsonl", "application/jsonl", `${JSON.stringify(shown.audit)}\n`));
by("labels").addEventListener("click", () => {
  download("labels.jsonl", "application/jsonl", [...reviewed.values()].map((one) => `${JSON.stringify(one)}\n`).join(""));
});
by("reviewed").addEventListener("change", keepLabels);
by("show-cuts").addEventListener("change", (event) => article.classList.toggle("clean", !event.target.checked));
by("mark").addEventListener("click", mark);
by("really").addEventListener("change", relabel);
by("why-close").addEventListener("click", hideWhy);

// A piece that was clicked is held: the way to its buttons may lead over others.
article.addEventListener("pointerover", (event) => {
  const over = event.target.closest?.(".piece");
  if (over && event.pointerType === "mouse" && !document.activeElement.closest(".piece")) explain(over);
});
article.addEventListener("focusin", (event) => event.target.closest(".piece") && explain(event.target.closest(".piece")));
article.addEventListener("click", (event) => {
  const over = event.target.closest(".piece");
  if (!over) return;
  over.focus();
  explain(over);
});

const drop = by("drop");
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") open(event.dataTransfer.files[0]);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return clean();
  if (event.key === "Escape") return hideWhy();
  if (!article.contains(document.activeElement)) return undefined;
  const direction = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (direction) { event.preventDefault(); step(direction); }
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key.toLowerCase() === "w") mark();
  if (event.key.toLowerCase() === "n") step(event.shiftKey ? -1 : 1, (one) => !one.classList.contains("keep"));
  return undefined;
});
