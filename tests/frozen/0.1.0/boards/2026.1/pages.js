"use strict";
// Sortable tables, and videos that play together. Without this script tables are plain and videos have their own controls.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, index) => {
    const cell = row.cells[index];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return text === "" || text === "–" || text === "-" ? null : heads[index].classList.contains("number") ? Number(text) : text;
  };
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") === "descending" || (head.getAttribute("aria-sort") === null && !head.classList.contains("number"));
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [key(a, index), key(b, index)];
        if (x === null || y === null) return (x === null) - (y === null); // no value is last, whichever way
        return (ascending ? 1 : -1) * (x < y ? -1 : x > y ? 1 : 0);
      });
      table.tBodies[0].append(...rows);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    });
  });
}

const players = [];
for (const section of document.querySelectorAll(".together")) {
  const all = [...section.querySelectorAll("video")].map((node) => ({ node, frames: Number(node.dataset.frames), fps: Number(node.dataset.fps) }));
  if (!all.length) continue;
  const visible = () => all.filter(({ node }) => !node.closest("details:not([open])"));
  const player = new SyncedPlayer("Frame, all videos together", () => {});
  player.use(visible().length ? visible() : all);
  for (const { node } of all) {
    node.controls = false;
    node.loop = false; // the one clock starts all of them again
    node.addEventListener("click", () => player.toggle());
    node.addEventListener("error", () => {
      if (node.nextElementSibling && node.nextElementSibling.classList.contains("nothing")) return;
      const note = document.createElement("div");
      note.className = "nothing";
      note.textContent = "This browser cannot play the file.";
      node.after(note);
    });
  }
  section.querySelector("h2").after(player.transport());
  for (const details of section.querySelectorAll("details")) details.addEventListener("toggle", () => { player.pause(); player.use(visible()); player.seekTime(player.time); });
  players.push({ section, player });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, textarea, input, button, summary, video[controls], .scroll")) return;
  if (event.key === " " && event.target.closest("a")) return;
  const inView = players.find(({ section }) => section.getBoundingClientRect().bottom > 120);
  if (!inView) return;
  if (event.key === " ") inView.player.toggle();
  else if (event.key === "ArrowLeft") inView.player.step(-1);
  else if (event.key === "ArrowRight") inView.player.step(1);
  else return;
  event.preventDefault();
});
