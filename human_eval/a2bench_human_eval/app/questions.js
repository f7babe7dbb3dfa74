// Answers are taken here at once, in the order of the keys, whatever the connection does: a key always answers the
// marked question, and the whole set goes to the server when it is complete and at each change after that.
export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".questions");
  if (root.dataset.shown === data.id && root.a2cleanup) return root.a2cleanup;
  if (root.a2cleanup) root.a2cleanup();
  root.dataset.shown = data.id;
  const answers = { ...data.answers };
  const order = data.questions.map((question) => question.id);
  let marked = null;

  const rows = new Map(data.questions.map((question) => {
    const row = document.createElement("fieldset");
    const text = document.createElement("span");
    const group = document.createElement("div");
    text.className = "text";
    text.id = `q-${question.id}`;
    text.textContent = question.text;
    group.className = "answers";
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-labelledby", text.id);
    for (const answer of question.answers) {
      const button = document.createElement("button");
      const cap = document.createElement("kbd");
      cap.textContent = answer.key;
      button.type = "button";
      button.dataset.value = answer.value;
      button.setAttribute("role", "radio");
      button.append(answer.label);
      if (!answer.label.startsWith(answer.key)) button.append(" ", cap);
      button.addEventListener("click", () => take(question.id, answer.value));
      group.append(button);
    }
    row.classList.toggle("wide", question.answers.length > 4);
    row.append(text, group);
    return [question.id, row];
  }));
  root.replaceChildren(...rows.values());

  function draw() {
    const current = marked ?? order.find((id) => !(id in answers)) ?? null;
    for (const [id, row] of rows) {
      row.classList.toggle("current", id === current);
      for (const button of row.querySelectorAll("button")) {
        button.setAttribute("aria-checked", String(answers[id] === button.dataset.value));
      }
    }
    root.dataset.answered = order.filter((id) => id in answers).length;
    return current;
  }
  function send() {
    if (order.every((id) => id in answers)) setStateValue("answers", { id: data.id, values: { ...answers } });
  }
  function take(id, value) {
    answers[id] = value;
    marked = null;
    draw();
    send();
  }
  function typed(event) {
    const target = event.composedPath()[0];
    const typing = target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = draw();
    const place = current === null ? order.length : order.indexOf(current);
    if (event.key === "Backspace" || event.key === "ArrowUp") {
      marked = order[Math.max(0, place - 1)];
    } else if (event.key === "ArrowDown") {
      marked = place + 1 < order.length ? order[place + 1] : null;
    } else {
      const question = data.questions.find((one) => one.id === current);
      const answer = question && question.answers.find((one) => one.key === event.key);
      if (!answer) return;
      take(current, answer.value);
      return;
    }
    event.preventDefault();
    draw();
  }
  document.addEventListener("keydown", typed);
  draw();

  root.a2cleanup = () => {
    document.removeEventListener("keydown", typed);
    root.a2cleanup = null;
    delete root.dataset.shown;
  };
  return root.a2cleanup;
}
