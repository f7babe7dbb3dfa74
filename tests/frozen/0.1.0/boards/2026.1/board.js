"use strict";
// Sorts and filters the table; the numbers of every part of the cases are in the block #data.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const table = byId("board");
const heads = [...table.tHead.rows[0].cells];
const [VALUE, TEXT, INTERVAL, RANK, COVERAGE, LOW, HIGH, NOTE] = [0, 1, 2, 3, 4, 5, 6, 7];

function rowsOf(body) {
  return [...body.rows].filter((row) => row.dataset.row !== undefined);
}

function sortBy(head, ascending) {
  const index = heads.indexOf(head);
  const byName = head.dataset.sort === "name";
  for (const body of table.tBodies) {
    const key = (row) => (byName ? row.dataset.name : row.cells[index].dataset.value);
    const rows = rowsOf(body).sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (byName) return (ascending ? 1 : -1) * (x < y ? -1 : x > y ? 1 : 0);
      if (x === "" || y === "") return (x === "") - (y === ""); // no value is last, whichever way
      return (ascending ? 1 : -1) * (Number(x) - Number(y)) || a.dataset.row - b.dataset.row;
    });
    body.append(...rows);
  }
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
}

function sortAgain() {
  const head = heads.find((cell) => cell.hasAttribute("aria-sort"));
  if (head) sortBy(head, head.getAttribute("aria-sort") === "ascending");
}

for (const head of heads) {
  head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const first = head.dataset.sort === "name" || head.dataset.direction === "lower" ? "ascending" : "descending";
    sortBy(head, (now === null ? first : now === "ascending" ? "descending" : "ascending") === "ascending");
  });
}

function showCell(cell, shown) {
  cell.dataset.value = shown[VALUE] ?? "";
  cell.querySelector("b").textContent = shown[TEXT];
  cell.querySelector(".interval").textContent = shown[INTERVAL];
  cell.querySelector(".rank").textContent = shown[RANK] || shown[NOTE];
  cell.querySelector(".coverage").textContent = shown[COVERAGE];
  const bar = cell.querySelector("svg");
  if (!bar) return;
  for (const part of bar.querySelectorAll(".range, .point")) part.remove();
  if (shown[VALUE] === null) return;
  const add = (name, x, width) => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of [["class", name], ["x", x], ["width", width], ["height", 6]]) part.setAttribute(key, value);
    bar.append(part);
  };
  if (shown[LOW] !== null) add("range", shown[LOW], shown[HIGH] - shown[LOW]);
  add("point", shown[VALUE], 1.5);
}

function showSlice() {
  const slice = data[byId("slice").value];
  for (const body of table.tBodies)
    for (const row of rowsOf(body))
      for (const cell of row.cells)
        if (cell.dataset.column !== undefined) showCell(cell, slice[row.dataset.row][cell.dataset.column]);
  sortAgain();
}

function filter() {
  const [group, tier] = ["group", "tier"].map((id) => byId(id).value);
  const facts = ["open", "licence", "size"].map((id) => [id, byId(id).value]);
  for (const cell of table.querySelectorAll("[data-group]")) cell.hidden = group !== "*" && cell.dataset.group !== group;
  let [shown, all] = [0, 0];
  for (const row of rowsOf(table.tBodies[0])) {
    const known = facts.every(([fact, wanted]) => wanted === "*" || row.dataset[fact] === wanted);
    const fits = known && (tier === "*" || row.dataset.tiers.split("|").includes(tier));
    row.hidden = !fits;
    all += 1;
    shown += fits;
  }
  byId("count").textContent = shown === all ? `${all} systems` : `${shown} of ${all} systems`;
}

byId("slice").addEventListener("change", showSlice);
for (const id of ["group", "tier", "open", "licence", "size"]) byId(id).addEventListener("change", filter);
byId("tools").hidden = false;
showSlice();
filter();
