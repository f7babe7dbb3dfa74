"use strict";
// Shows any two entries by any number; all values and tests are in the block #data, none are computed here but differences.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const [first, other, number] = ["first", "other", "number"].map(byId);

function text(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 3 : size < 100 ? 2 : 1);
}

function make(tag, attributes, ...children) {
  const node = tag === "svg" || tag === "rect" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function differences(column, a, b) {
  return data.cases
    .map(([id, page], row) => ({ id, page, one: column.values[a][row], two: column.values[b][row] }))
    .filter(({ one, two }) => one !== null && two !== null)
    .map((row) => ({ ...row, gap: row.one - row.two }));
}

// Difference, low, high, p, corrected: of the first minus the other, or null.
function testOf(column, a, b) {
  const found = column.tests[`${Math.min(a, b)},${Math.max(a, b)}`];
  if (!found) return null;
  const turn = (value) => (value === null ? null : -value);
  return a < b ? found : [turn(found[0]), turn(found[2]), turn(found[1]), found[3], found[4]];
}

function count(column, rows) {
  const sign = column.direction === "lower" ? -1 : 1;
  return { sign, wins: rows.filter(({ gap }) => sign * gap > 0).length, ties: rows.filter(({ gap }) => gap === 0).length, losses: rows.filter(({ gap }) => sign * gap < 0).length };
}

function show() {
  const [a, b] = [Number(first.value), Number(other.value)];
  const column = data.columns[Number(number.value)];
  const names = [data.entries[a].label, data.entries[b].label];
  const rows = differences(column, a, b);
  const { sign, wins, ties, losses } = count(column, rows);
  const sided = column.direction === "higher" || column.direction === "lower";
  ["pair-first", "head-first"].forEach((id) => { byId(id).textContent = names[0]; });
  ["pair-other", "head-other"].forEach((id) => { byId(id).textContent = names[1]; });
  const bold = (value) => make("b", {}, String(value));
  byId("score").replaceChildren(...(sided
    ? [bold(wins), " won, ", bold(ties), " tied, ", bold(losses), ` lost of ${rows.length} cases by ${column.title}.`]
    : [`${rows.length} cases by ${column.title}, of which neither end is better.`]), column.fails ? " This metric puts the controls in a wrong order: do not decide by it." : "");
  const test = testOf(column, a, b);
  byId("test").textContent = test
    ? `Difference ${text(test[0])}, 95 % interval ${test[1] === null ? "none" : `[${text(test[1])}, ${text(test[2])}]`}, p = ${test[3].toFixed(4)} (${test[4] ? "corrected over all pairs of the board, Holm" : "this pair alone, not corrected"}).`
    : "Not tested on this board (controls and entries that lack cases are tested by the summary only).";
  rows.sort((x, y) => sign * (y.gap - x.gap) || (x.id < y.id ? -1 : 1));
  const most = Math.max(0, ...rows.map(({ gap }) => Math.abs(gap))) || 1;
  byId("rows").replaceChildren(...rows.map((row) => {
    const share = (50 * sign * row.gap) / most;
    const bar = make("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, make("rect", { class: "tick", x: 49.75, width: 0.5, height: 10 }),
      make("rect", { class: share > 0 ? "win" : "loss", x: Math.min(50 - share, 50), y: 2, width: Math.abs(share), height: 6 }));
    return make("tr", {}, make("th", { scope: "row" }, make("a", { href: row.page }, row.id)), ...[row.one, row.two, row.gap].map((value) => make("td", { class: "number" }, text(value))), make("td", { class: "bar" }, bar));
  }));
  byId("numbers").replaceChildren(...data.columns.map((of) => {
    const found = testOf(of, a, b);
    const won = count(of, differences(of, a, b));
    const cells = [text(of.numbers[a][0]), text(of.numbers[b][0]), found ? text(found[0]) : "–", found && found[1] !== null ? `[${text(found[1])}, ${text(found[2])}]` : "–",
      found ? found[3].toFixed(4) + (found[4] ? "" : " *") : "–", of.direction === "higher" || of.direction === "lower" ? `${won.wins}, ${won.ties}, ${won.losses}` : "–"];
    return make("tr", of.fails ? { class: "fails" } : {}, make("th", { scope: "row" }, of.title), ...cells.map((value) => make("td", { class: "number" }, value)));
  }));
}

function choose() {
  const [, a, b, column] = location.hash.match(/^#(\d+)-(\d+)(?:-(\d+))?$/) || [];
  const within = (value, length, otherwise) => String(value !== undefined && Number(value) < length ? Number(value) : otherwise);
  first.value = within(a, data.entries.length, 0);
  other.value = within(b, data.entries.length, 1);
  number.value = within(column, data.columns.length, data.columns.findIndex(({ name }) => name === data.by));
  show();
}

for (const select of [first, other])
  for (const kind of ["system", "control"]) {
    const options = data.entries.map((entry, index) => [entry, index]).filter(([entry]) => entry.kind === kind).map(([entry, index]) => make("option", { value: index }, entry.label));
    if (options.length) select.append(make("optgroup", { label: kind === "system" ? "Systems" : "Controls" }, ...options));
  }
number.append(...data.columns.map(({ title }, index) => make("option", { value: index }, title)));
for (const select of [first, other, number])
  select.addEventListener("change", () => { history.replaceState(null, "", `#${first.value}-${other.value}-${number.value}`); show(); });
byId("swap").addEventListener("click", () => { [first.value, other.value] = [other.value, first.value]; first.dispatchEvent(new Event("change")); });
addEventListener("hashchange", choose);
byId("choose").hidden = false;
byId("all").hidden = false;
choose();
