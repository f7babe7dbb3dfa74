"use strict";
// The page is drawn from JSON data blocks. Texts only ever become text nodes; nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("overview").textContent);
  const detailBlocks = document.getElementsByClassName("detail");
  const svgSpace = document.getElementById("svg").namespaceURI;
  const { runs, metrics, cases } = data;
  const seeds = data.seeds.map(String);
  const many = runs.length > 1;
  const ARROW = { higher: "↑", lower: "↓", none: "·", unknown: "?" };
  const BETTER = { higher: "higher is better", lower: "lower is better", none: "neither end is better", unknown: "not installed here, direction unknown" };
  const GROUPS = { consistency: "Elements and consistency", text: "Text", quality: "Quality", motion: "Motion", other: "Other" };

  // ---- small helpers -------------------------------------------------------------------------------------------------
  function put(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "style") for (const [name, part] of Object.entries(value)) node.style.setProperty(name, part);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) => (child instanceof Node ? child : String(child))));
    return node;
  }
  const el = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => put(document.createElementNS(svgSpace, tag), attributes, children);
  const roleOf = (element) => (element || "whole").split("-")[0];
  const roleClass = (element) => { const role = roleOf(element); return ["character", "object", "background"].includes(role) ? "r-" + role : "r-whole"; };
  const letter = (element) => { const [role, number] = element.split("-"); return role.charAt(0).toUpperCase() + (number || ""); };
  const badge = (element) => el("span", { class: "badge " + roleClass(element), title: element, "aria-label": element }, letter(element));
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const plural = (number, word) => number + " " + word + (number === 1 ? "" : "s");
  const present = (value) => value !== null && value !== undefined;

  function number(value) {
    if (!present(value)) return "–";
    const size = Math.abs(value);
    return value.toFixed(size < 10 ? 3 : size < 100 ? 2 : 1).replace(/^-/, "−");
  }
  const signed = (value) => (value >= 0 ? "+" : "") + number(value);
  const percent = (value) => Math.round(100 * value) + " %";
  const statusText = (status) => ({ unscored: "not measurable", failed: "failed", missing: "missing", absent: "not in this run", scored: "scored" }[status] || status);

  // ---- header --------------------------------------------------------------------------------------------------------
  function drawHeader() {
    const top = document.getElementById("top");
    const title = many ? runs.map((run) => run.label).join(" · ") : runs[0].system.title || runs[0].label;
    const first = runs[0];
    const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
    const same = (read) => [...new Set(runs.map(read))];
    const size = [...new Set(runs.flatMap((run) => run.video.sizes))];
    const length = [...new Set(runs.flatMap((run) => run.video.lengths))];
    const made = runs.reduce((sum, run) => sum + run.samples.done, 0);
    const total = runs.reduce((sum, run) => sum + run.samples.total, 0);
    const scored = runs.reduce((sum, run) => sum + run.scored, 0);
    const scores = runs.reduce((sum, run) => sum + run.scores, 0);
    const failed = runs.reduce((sum, run) => sum + run.samples.failed, 0);
    const missing = runs.reduce((sum, run) => sum + run.samples.missing, 0);
    const damaged = runs.reduce((sum, run) => sum + run.damaged, 0);
    top.append(
      el("p", { class: "brand" }, many ? "A2Bench · runs side by side" : "A2Bench · report of a run"),
      el("h1", {}, title, el("span", { class: "soft" }, " on " + data.suite.name)),
      many || !first.system.description ? "" : el("p", { class: "lead" }, first.system.description),
      el("dl", { class: "facts" },
        fact("Cases", String(cases.length)),
        fact(seeds.length === 1 ? "Seed" : "Seeds", seeds.length > 6 ? seeds.length : seeds.join(", ")),
        fact("Videos made", `${made} of ${total}`),
        scores ? fact("Scores with a value", `${scored} of ${scores}`) : null,
        fact("Frame size", size.join(" / ")),
        fact("Length", length.join(" / ")),
        runs.some((run) => run.making) ? fact("Tier", same((run) => run.making || "not stated").join(" / ")) : null,
        fact("Date", same((run) => run.created.slice(0, 10)).join(" / ")),
        fact("Suite revision", data.suite.revision)));
    const note = (...parts) => top.append(el("p", { class: "notice" }, ...parts));
    if (failed + missing) {
      note(plural(failed + missing, "sample") + " without a video" + (failed ? ` (${failed} failed)` : "") + ". Means are over what could be scored; look at the coverage beside them.",
        el("button", { onclick: () => { filters.show = "problem"; syncTools(); refresh(); document.getElementById("cases").scrollIntoView(); } }, "Show"));
    }
    if (!scored) note("No scores yet: this page shows the videos only. Run ", el("code", {}, "a2bench score RUN"), " to measure them.");
    if (data.suite.note) note(data.suite.note);
    runs.forEach((run) => run.remarks.forEach((remark) => note(many ? run.label + ": " : "", remark)));
    if (damaged) note(plural(damaged, "line") + " of the records failed the check and count as never written; the run's own command does those samples again.");
    top.append(el("details", { class: "about" },
      el("summary", {}, "Settings and versions"),
      el("div", { class: "about-grid" }, runs.map((run) => el("div", {}, el("h3", {}, run.label),
        el("dl", {}, run.facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])))))));
  }

  // ---- totals --------------------------------------------------------------------------------------------------------
  const VALIDITY = { valid: "valid", fails: "fails its validity check", "not checked": "not checked" };
  function validityMark(validity) {
    const name = validity.state.replace(" ", "-");
    return el("span", { class: "mark " + name, title: "Against the controls: " + validity.reason }, VALIDITY[validity.state]);
  }
  function totalBar(row) {
    if (!present(row.value)) return null;
    const at = (value) => clamp(value, 0, 100) + "%";
    return el("div", { class: "total-bar", "aria-hidden": "true" }, el("i", { style: { width: at(row.value) } }),
      row.interval ? el("b", { style: { left: at(row.interval[0]), width: clamp(row.interval[1] - row.interval[0], 0, 100) + "%" } }) : null);
  }
  function totalCell(row) {
    if (!row) return el("td", { class: "soft" }, "–");
    const share = `${row.scored} of ${row.total} videos`;
    const reason = row.reasons.length ? row.reasons[0].reason : "";
    return el("td", { class: row.name.startsWith("headline") ? "headline" : null },
      el("span", { class: "mean" }, present(row.value) ? row.value.toFixed(1) : "–",
        row.interval ? el("span", { class: "se", title: "95 % interval over cases" }, ` ${row.interval[0].toFixed(1)} to ${row.interval[1].toFixed(1)}`) : null),
      totalBar(row),
      el("div", { class: "soft small" + (row.scored < row.total ? " short" : "") }, share),
      row.name === "headline" && !present(row.value) ? el("div", { class: "soft small" }, "only when every video has all four") : reason ? el("div", { class: "soft small reason" }, reason) : null);
  }
  function drawTotals() {
    const section = document.getElementById("totals");
    section.append(el("div", { class: "section-head" }, el("h2", { id: "totals-title" }, "In short"),
      el("p", { class: "soft small" }, "From 0 to 100 with 95 % intervals over cases. A video that loses one of its elements gets few points in the headline, whatever else is good about it.")));
    const all = new Map(data.totals.flat().map((row) => [row.name, row]));  // the row without text is there for some runs only
    const rows = [...all.values()].sort((a, b) => b.name.startsWith("headline") - a.name.startsWith("headline"));
    section.append(el("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": "Summary" },
      el("table", { class: "metrics totals" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), runs.map((run) => el("th", { scope: "col" }, run.label)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
          el("th", { scope: "row" }, row.title, " ", validityMark(row.validity), el("div", { class: "soft small" }, row.question)),
          data.totals.map((of) => totalCell(of.find((other) => other.name === row.name)))))))));
  }
  function drawReported() {
    const section = document.getElementById("reported");
    if (!data.reported.length) { section.hidden = true; return; }
    section.append(el("div", { class: "section-head" }, el("h2", { id: "reported-title" }, "Reported elsewhere"),
      el("p", { class: "soft small" }, "Other suites' results: reported, not measured here, on other prompts; not comparable with this run's numbers. Each total is computed again by its suite's definition.")));
    const figure = (value) => (present(value) ? value.toFixed(Math.abs(value) < 2 ? 3 : 2) : "–");
    for (const group of data.reported) {
      section.append(el("div", { class: "panel scroll reported", tabindex: "0", role: "region", "aria-label": group.title },
        el("table", { class: "metrics" }, el("caption", {}, group.title, el("span", { class: "soft small" }, ` · ${group.unit} · ${group.source}`)),
          el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "System"),
            group.totals.map((name) => el("th", { scope: "col" }, name)), group.dimensions.map((name) => el("th", { scope: "col" }, name)))),
          el("tbody", {}, group.rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.system),
            row.totals.map((total) => el("td", {}, el("span", { class: "mean" }, figure(total.value)), present(total.published) && figure(total.published) !== figure(total.value) ? el("div", { class: "soft small" }, "printed: " + figure(total.published)) : null, total.missing.length ? el("div", { class: "soft small" }, "missing: " + total.missing.join(", ")) : null)),
            row.values.map((value) => el("td", { class: "num" }, figure(value))))))),
        group.notes.length ? el("p", { class: "soft small note" }, group.notes.join(" ")) : null));
    }
  }

  // ---- table of metrics ----------------------------------------------------------------------------------------------
  function coverage(row) {
    const share = (count) => percent(row.total ? count / row.total : 0);
    const words = [`${row.scored} scored`, row.unscored && `${row.unscored} not measurable`, row.failed && `${row.failed} failed`, row.missing && `${row.missing} missing`].filter(Boolean).join(", ");
    const part = (count, name) => (count ? el("i", { class: name, style: { width: share(count).replace(" ", "") } }) : null);
    const reasons = row.reasons.map((entry) => `${entry.count} × ${entry.reason || statusText(entry.status)}`).join("\n");
    return el("span", { class: "cover", title: words + (reasons ? "\n" + reasons : "") },
      el("span", { class: "track", "aria-hidden": "true" }, part(row.scored, ""), part(row.unscored, "none"), part(row.failed + row.missing, "fail")),
      el("span", { "aria-label": words }, `${row.scored}/${row.total}`));
  }
  function mean(row) {
    return el("span", { class: "mean" }, number(row.mean), present(row.low) ? el("span", { class: "se", title: "95 % interval over cases" }, ` [${number(row.low)}, ${number(row.high)}]`) : row.no_interval ? el("span", { class: "se", title: row.no_interval }, " no interval") : null);
  }
  function scaleBar(metric, value) {
    const [low, high] = metric.range;
    if (!present(low) || !present(high) || !present(value)) return null;
    return el("div", { class: "scale", "aria-hidden": "true", title: `range ${low} to ${high}` }, el("i", { style: { width: 100 * clamp((value - low) / (high - low), 0, 1) + "%" } }));
  }
  function roleNames() {
    const found = new Set(metrics.flatMap((metric) => metric.runs.flatMap((row) => Object.keys(row.roles))));
    return ["character", "object", "background"].filter((role) => found.delete(role)).concat([...found]);
  }
  const lostNote = (part) => (part && part.lost ? el("span", { class: "lost-note" }, `${part.lost} of ${part.total} lost`) : null);

  function drawMetrics() {
    const section = document.getElementById("metrics");
    section.append(el("div", { class: "section-head" }, el("h2", { id: "metrics-title" }, "Metrics"),
      el("p", { class: "soft small" }, "Mean over samples [95 % interval over cases]. An element that is not in the video scores 0; what could not be measured counts in the coverage only.")));
    if (!metrics.length) { section.append(el("p", { class: "panel empty" }, "This run has no metrics.")); return; }
    const roles = roleNames();
    const columns = many ? runs.length + 1 : 3 + roles.length;
    const table = el("table", { class: "metrics" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Metric"),
        many ? runs.map((run, index) => el("th", { scope: "col" }, run.label, index ? el("div", { class: "soft small" }, "difference to " + runs[0].label) : null))
          : [el("th", { scope: "col" }, "Mean"), el("th", { scope: "col" }, "Coverage"), roles.map((role) => el("th", { scope: "col" }, badge(role), " ", role))])));
    const bodies = new Map();
    metrics.forEach((metric, index) => {
      if (!bodies.has(metric.group)) bodies.set(metric.group, el("tbody", { class: "group" }, el("tr", {}, el("th", { colspan: columns, scope: "rowgroup" }, GROUPS[metric.group] || metric.group))));
      const body = bodies.get(metric.group);
      const id = "more-" + index;
      const more = el("tr", { class: "more", id, hidden: true });
      const toggle = el("button", { class: "plain toggle", "aria-expanded": "false", "aria-controls": id, onclick: () => {
        const open = more.hidden;
        if (open && !more.firstChild) more.append(el("td", { colspan: columns }, metricDetails(metric)));
        more.hidden = !open;
        toggle.setAttribute("aria-expanded", String(open));
      } }, metric.title);
      const heading = el("th", { scope: "row" }, toggle, " ", validityMark(metric.validity), el("div", { class: "soft small" }, `${ARROW[metric.direction]} ${BETTER[metric.direction]}`));
      const cells = many
        ? metric.runs.map((row, run) => el("td", { class: metric.best.includes(run) ? "best" : null }, mean(row),
          metric.best.includes(run) ? el("span", { class: "tag-best" }, "best") : null,
          row.delta ? el("div", { class: "soft small num", title: `over the ${row.delta.pairs} samples that both have scored` }, signed(row.delta.mean) + (present(row.delta.low) ? ` [${signed(row.delta.low)}, ${signed(row.delta.high)}]` : ""), row.delta.pairs < row.total ? ` over ${plural(row.delta.pairs, "pair")}` : null) : null,
          el("div", {}, coverage(row))))
        : [el("td", {}, mean(metric.runs[0]), scaleBar(metric, metric.runs[0].mean), metric.runs[0].mean === null && metric.runs[0].reasons.length ? el("div", { class: "soft small" }, metric.runs[0].reasons[0].reason) : null), el("td", {}, coverage(metric.runs[0])),
          roles.map((role) => { const part = metric.runs[0].roles[role]; return el("td", {}, part ? mean(part) : el("span", { class: "dash" }, "–"), lostNote(part)); })];
      body.append(el("tr", {}, heading, cells), more);
    });
    table.append(...bodies.values());
    section.append(el("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": "Table of metrics" }, table));
    section.append(el("p", { class: "small soft", style: { "margin-top": ".6rem" } }, "The same numbers as ",
      el("a", { href: "tables/totals.csv" }, "totals.csv"), ", ", el("a", { href: "tables/summary.csv" }, "summary.csv"), ", ", el("a", { href: "tables/summary.md" }, "Markdown"), " and ", el("a", { href: "tables/summary.json" }, "JSON"), "; one row per score in ", el("a", { href: "tables/scores.csv" }, "scores.csv"), "."));
  }
  function metricDetails(metric) {
    const [low, high] = metric.range;
    const about = [["Name", metric.name], ["Range", `${present(low) ? low : "−∞"} to ${present(high) ? high : "∞"}${metric.unit ? " " + metric.unit : ""}`], ["Computed by", metric.backend || "–"], ["Version", metric.version], ["Against the controls", `${VALIDITY[metric.validity.state]}: ${metric.validity.reason}`]];
    return el("div", { class: "more-grid" },
      el("div", {}, about.map(([name, value]) => el("div", {}, el("span", { class: "soft" }, name + ": "), present(value) ? String(value) : "–"))),
      metric.runs.map((row, index) => el("div", {}, many ? el("strong", {}, runs[index].label) : null,
        Object.keys(row.roles).length ? el("table", { class: "role-table" }, el("tbody", {}, Object.entries(row.roles).map(([role, part]) => el("tr", {},
          el("th", { scope: "row" }, badge(role), " ", role), el("td", {}, mean(part)), el("td", { class: "soft" }, `${part.scored} of ${part.total} elements`), el("td", {}, lostNote(part)))))) : null,
        row.reasons.length || row.element_reasons.length
          ? el("ul", {}, row.reasons.map((entry) => el("li", {}, `${entry.count} ${statusText(entry.status)}: ${entry.reason || "no reason given"}`)),
            row.element_reasons.map((entry) => el("li", {}, `${entry.count} × ${entry.role} not measurable: ${entry.reason || "no reason given"}`)))
          : el("p", { class: "soft" }, "Every sample has a value."),
        row.notes.length ? el("ul", {}, row.notes.map((entry) => el("li", {}, `${entry.count} noted: ${entry.reason}`))) : null)));
  }

  // ---- values of cases -----------------------------------------------------------------------------------------------
  function caseValue(entry, metricIndex, run) {
    const found = seeds.map((seed) => entry.samples[run][seed].values[metricIndex]).filter((value) => value && present(value[1])).map((value) => value[1]);
    return found.length ? found.reduce((a, b) => a + b, 0) / found.length : null;
  }
  /* The value of an element: by one metric, or (metric -1) by the first metric that measures it. */
  function elementValue(entry, run, element, metricIndex) {
    const order = metricIndex >= 0 ? [metricIndex] : metrics.map((_, index) => index).filter((index) => metrics[index].direction !== "lower");
    let seen = null;
    for (const index of order) {
      const found = seeds.map((seed) => (entry.samples[run][seed].elements[index] || {})[element]).filter(Boolean);
      const valued = found.filter((value) => present(value[0]));
      if (valued.length) return { value: valued.reduce((sum, value) => sum + value[0], 0) / valued.length, lost: valued.every((value) => value[1]), someLost: valued.some((value) => value[1]), metric: index };
      if (found.length && seen === null) seen = index;
    }
    const status = seeds.map((seed) => entry.samples[run][seed].status);
    return { value: null, lost: false, someLost: false, metric: seen, why: status.every((s) => s === "absent") ? "absent" : status.every((s) => s !== "done") ? "no video" : "not measured" };
  }
  const perElement = metrics.map((metric, index) => index).filter((index) => cases.some((entry) => runs.some((_, run) => seeds.some((seed) => Object.keys(entry.samples[run][seed].elements[index] || {}).length))));
  const hasLost = (entry) => runs.some((_, run) => seeds.some((seed) => entry.samples[run][seed].elements.some((found) => Object.values(found).some((value) => value[1]))));
  const hasProblem = (entry) => runs.some((_, run) => seeds.some((seed) => { const sample = entry.samples[run][seed]; return sample.status === "failed" || sample.status === "missing" || sample.values.some((value) => value[0] === "failed"); }));
  const hasUnmeasured = (entry) => runs.some((_, run) => seeds.some((seed) => entry.samples[run][seed].values.some((value) => value[0] === "unscored") || entry.samples[run][seed].elements.some((found) => Object.values(found).some((value) => !present(value[0])))));

  // ---- which elements were lost --------------------------------------------------------------------------------------
  let gridMetric = -1;
  function drawElements() {
    const section = document.getElementById("elements");
    if (!perElement.length) { section.hidden = true; return; }
    const holder = el("div", {});
    const select = el("select", { onchange: () => { gridMetric = Number(select.value); drawGrid(holder); } },
      el("option", { value: "-1" }, "each element by the first metric that measures it"), perElement.map((index) => el("option", { value: index }, metrics[index].title)));
    section.append(el("div", { class: "section-head" }, el("h2", { id: "elements-title" }, "Which elements are lost"),
      el("div", { class: "tools" }, el("label", {}, "Value ", select))), verdictTable() || "", holder);
    drawGrid(holder);
  }

  // ---- the element ledger --------------------------------------------------------------------------------------------
  const STATES = data.ledger.states;
  const LEDGER = metrics.findIndex((metric) => metric.name === "element_integrity");
  const meaningOf = new Map(STATES);
  const verdictBadge = (state) => el("span", { class: "verdict", title: meaningOf.get(state) }, el("i", { class: "state s-" + state, "aria-hidden": "true" }), state);
  /* How often elements of each role were kept, and what became of the others. */
  function verdictTable() {
    if (!data.ledger.runs.some((roles) => Object.keys(roles).length)) return null;
    const rows = runs.flatMap((run, index) => Object.entries(data.ledger.runs[index]).map(([role, counts]) => ({ run, role, counts })));
    const total = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
    return el("div", { class: "panel scroll ledger-table", tabindex: "0", role: "region", "aria-label": "Verdicts by role" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "What became of them"), STATES.map(([state]) => el("th", { scope: "col" }, verdictBadge(state))), el("th", { scope: "col" }, "all"))),
      el("tbody", {}, rows.map(({ run, role, counts }) => el("tr", {}, el("th", { scope: "row" }, badge(role), " " + role + "s", many ? el("span", { class: "soft small" }, " of " + run.label) : null),
        STATES.map(([state]) => el("td", { class: counts[state] ? "num" : "num dash" }, counts[state] ? [el("b", {}, counts[state]), el("span", { class: "soft small" }, " " + percent(counts[state] / total(counts)))] : "–")),
        el("td", { class: "num" }, total(counts)))))));
  }
  /* Under the player: one row per element, coloured and patterned by state over the time of the video. */
  function ledgerStrip(card, sample, run) {
    if (!sample.ledger || !sample.ledger.length) return null;
    const { video } = sample;
    const seconds = video.frames / video.fps;
    const used = new Set(sample.ledger.flatMap((row) => row.spans.map((span) => span[0])));
    const go = (row, start, end) => {
      if (LEDGER >= 0) selectMetric(card, LEDGER);
      const score = scoreOf(card, run, LEDGER);
      const inside = score ? score.evidence.map((entry, index) => ({ ...entry, index })).filter((entry) => entry.element === row.element && (entry.frame + 0.5) / video.fps >= start && (entry.frame + 0.5) / video.fps <= end) : [];
      card.chosen = inside.length ? { run, index: inside[0].index } : null;
      card.player.seekTime(inside.length ? (inside[0].frame + 0.5) / video.fps : (start + end) / 2);
      drawBoxes(card);
    };
    const head = el("i", { class: "ledger-head" });
    card.ledgerHeads.push({ run, move: (frame) => head.style.setProperty("left", 100 * (frame + 0.5) / video.frames + "%") });
    return el("div", { class: "ledger" },
      el("div", { class: "ledger-rows" }, sample.ledger.map((row, index) => [el("span", { style: { "grid-row": index + 1 } }, badge(row.element)),
        row.verdict ? el("div", { class: "ledger-bar", style: { "grid-row": index + 1 }, role: "group", "aria-label": `${row.element}: ${row.story}` }, row.spans.map(([state, start, end]) => el("button", { class: "state s-" + state, style: { width: 100 * (end - start) / seconds + "%" }, title: `${row.element} ${state} ${start.toFixed(2)}–${end.toFixed(2)} s: ${meaningOf.get(state)}`, onclick: () => go(row, start, end) }, el("span", {}, state)))) : el("div", { class: "soft small", style: { "grid-row": index + 1 } }, row.story),
        el("span", { style: { "grid-row": index + 1 } }, row.verdict ? verdictBadge(row.verdict) : "–")]),
        el("div", { class: "ledger-over", "aria-hidden": "true", style: { "grid-row": "1 / " + (sample.ledger.length + 1) } }, head)),
      el("div", { class: "ledger-key soft small" }, STATES.filter(([state]) => used.has(state)).map(([state, meaning]) => el("span", {}, el("i", { class: "state s-" + state, "aria-hidden": "true" }), ` ${state}: ${meaning}`))));
  }
  function drawGrid(holder) {
    const table = cases.map((entry) => runs.map((_, run) => {
      const names = entry.elements.length ? entry.elements.map((element) => element.id) : [...new Set(seeds.flatMap((seed) => entry.samples[run][seed].elements.flatMap((found) => Object.keys(found))))];
      return names.map((name) => ({ name, ...elementValue(entry, run, name, gridMetric) }));
    }));
    const tops = metrics.map(() => -Infinity);
    const bottoms = metrics.map(() => Infinity);
    for (const cell of table.flat(2)) if (present(cell.value)) { tops[cell.metric] = Math.max(tops[cell.metric], cell.value); bottoms[cell.metric] = Math.min(bottoms[cell.metric], cell.value); }
    const shade = (cell) => {
      const metric = metrics[cell.metric];
      const low = present(metric.range[0]) ? metric.range[0] : bottoms[cell.metric];
      const share = tops[cell.metric] > low ? (cell.value - low) / (tops[cell.metric] - low) : 1;
      return "h" + clamp(Math.floor(5 * (metric.direction === "lower" ? 1 - share : share)), 0, 4);
    };
    const roles = ["character", "object", "background"];
    const stats = el("div", { class: "stats" }, roles.map((role) => {
      const perRun = runs.map((_, run) => {
        const cells = table.flatMap((entry) => entry[run]).filter((cell) => roleOf(cell.name) === role);
        const valued = cells.filter((cell) => present(cell.value));
        return { total: cells.length, valued: valued.length, lost: valued.filter((cell) => cell.lost).length };
      });
      if (!perRun.some((part) => part.total)) return null;
      return el("div", { class: "panel stat" }, el("h3", {}, badge(role), role + "s"),
        perRun.map((part, run) => el("div", { class: many ? "row of-run" : "row" }, many ? el("span", { class: "soft small" }, runs[run].label) : null,
          el("span", {}, part.valued ? el("b", {}, part.lost) : el("b", { class: "soft" }, "–"), part.valued ? ` of ${part.valued} lost` : " nothing measured"),
          part.total > part.valued && part.valued ? el("span", { class: "soft small" }, `${part.total - part.valued} not measured`) : null)));
    }));
    const cellButton = (entry, cell) => {
      const text = cell.lost ? "lost" : present(cell.value) ? number(cell.value).replace(/(\.\d\d)\d$/, "$1") : "–";
      const title = `${entry.id}, ${cell.name}: ` + (present(cell.value) ? `${number(cell.value)} (${metrics[cell.metric].title})${cell.lost ? ", not found in the video" : cell.someLost ? ", not found in the video of some seeds" : ""}` : cell.why || "not measured");
      return el("button", { class: "cell " + (cell.lost ? "lost" : present(cell.value) ? shade(cell) : "none"), title, "aria-label": title, onclick: () => goTo(entry.index, cell.metric) }, el("span", { class: "k" }, letter(cell.name)), el("span", {}, text));
    };
    const grid = el("div", { class: "grid" + (cases.length > 90 ? " big" : "") + (many ? " multi" : "") , tabindex: cases.length > 90 ? "0" : null }, cases.map((entry, index) => el("div", { class: "tile" },
      el("button", { class: "plain name", title: entry.id, onclick: () => goTo(index) }, entry.id),
      runs.map((run, r) => [many ? el("span", { class: "run soft" }, run.label) : null, el("span", { class: "cells" }, table[index][r].map((cell) => cellButton(entry, cell)))]))));
    const sample = (name, text) => el("span", { class: "cell " + name }, text);
    holder.replaceChildren(stats, el("div", { class: "panel" }, grid,
      el("div", { class: "key" }, sample("lost", "lost"), "looked for and not found", sample("h0", "low"), sample("h1", " "), sample("h2", " "), sample("h3", " "), sample("h4", "high"), "from the bottom of the metric's range to the best value seen", sample("none", "–"), "not measured. C character, O object, B background.")));
  }

  // ---- list of cases: sort and filter --------------------------------------------------------------------------------
  const filters = { text: "", tag: "", role: "", count: "", show: "", sort: "suite", run: 0, worst: true };
  const cards = [];
  const tools = {};
  function drawCases() {
    const section = document.getElementById("cases");
    const option = (value, text) => el("option", { value }, text);
    const choice = (name, label, options, extra) => { tools[name] = el("select", { onchange: () => { filters[name] = tools[name].value; refresh(); } }, options); return el("label", extra || {}, label, tools[name]); };
    const tags = [...new Set(cases.flatMap((entry) => entry.tags))].sort();
    const counts = [...new Set(cases.map((entry) => entry.elements.length))].sort((a, b) => a - b);
    tools.text = el("input", { type: "search", placeholder: "id, prompt, tag", "aria-label": "Find cases", oninput: () => { filters.text = tools.text.value; refresh(); } });
    tools.worst = el("button", { "aria-pressed": "true", onclick: () => { filters.worst = !filters.worst; syncTools(); refresh(); } }, "Worst first");
    tools.total = el("span", { class: "count", role: "status" });
    section.append(
      el("div", { class: "section-head" }, el("h2", { id: "cases-title" }, "Cases"),
        el("button", { class: "plain small soft no-print", onclick: showHelp }, "Keyboard: ", el("kbd", {}, "?"))),
      el("div", { class: "toolbar tools" },
        el("label", { class: "grow" }, "Find ", tools.text),
        choice("sort", "Sort ", [option("suite", "in suite order"), metrics.map((metric, index) => option(index, "by " + metric.title)), option("lost", "by number of lost elements")], { class: "grow" }),
        tools.worst,
        many ? choice("run", "of ", [runs.map((run, index) => option(index, run.label)), option("spread", "largest difference")]) : null,
        tags.length ? choice("tag", "Tag ", [option("", "any"), tags.map((tag) => option(tag, tag))]) : null,
        choice("role", "With ", [option("", "any role"), ["character", "object", "background"].map((role) => option(role, role))]),
        counts.length > 1 ? choice("count", "Elements ", [option("", "any number"), counts.map((count) => option(count, count))]) : null,
        choice("show", "Show ", [option("", "all"), option("lost", "with a lost element"), option("unmeasured", "with something not measured"), option("problem", "failed or missing")]),
        tools.total));
    const list = el("div", { id: "list", class: many ? "multi" : "one" });
    section.append(list);
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const card = cards[Number(entry.target.dataset.index)];
        if (entry.isIntersecting) build(card); else if (card.player) card.player.pause();
      }
    }, { rootMargin: "900px 0px" });
    cases.forEach((entry, index) => {
      const node = el("article", { class: "panel case", tabindex: "-1", id: "case-" + entry.id, "data-index": index, "aria-label": "Case " + entry.id },
        el("div", { class: "case-head" }, el("h3", {}, entry.id), entry.tags.map((tag) => el("span", { class: "chip" }, tag)), el("span", { class: "place soft small num" }, `${index + 1} / ${cases.length}`)));
      cards.push({ index, entry, node, seed: seeds[0], metric: null, player: null, built: false,
        text: (entry.id + " " + entry.prompt.map((piece) => piece[0]).join("") + " " + entry.tags.join(" ")).toLowerCase() });
      entry.index = index;
      observer.observe(node);
    });
    tools.empty = el("p", { class: "panel empty", hidden: true }, "No case is left by these filters. ", el("button", { onclick: () => { Object.assign(filters, { text: "", tag: "", role: "", count: "", show: "" }); syncTools(); refresh(); } }, "Show all"));
    list.append(tools.empty, ...cards.map((card) => card.node));
    syncTools();
    refresh();
  }
  function syncTools() {
    for (const name of ["text", "tag", "role", "count", "show", "sort"]) if (tools[name]) tools[name].value = filters[name];
    tools.worst.textContent = filters.worst ? "Worst first" : "Best first";
    tools.worst.setAttribute("aria-pressed", String(filters.worst));
  }
  let order = [];
  function sortKey(card) {
    if (filters.sort === "lost") {
      const lost = runs.map((_, run) => seeds.reduce((sum, seed) => sum + new Set(card.entry.samples[run][seed].elements.flatMap((found) => Object.keys(found).filter((name) => found[name][1]))).size, 0));
      return filters.run === "spread" ? -(Math.max(...lost) - Math.min(...lost)) : -lost[Number(filters.run)];
    }
    const metric = metrics[filters.sort];
    const values = runs.map((_, run) => caseValue(card.entry, Number(filters.sort), run));
    if (filters.run === "spread") { const found = values.filter(present); return found.length > 1 ? -(Math.max(...found) - Math.min(...found)) : null; }
    const value = values[Number(filters.run)];
    return present(value) ? (metric.direction === "lower" ? -value : value) : null;
  }
  function refresh() {
    const text = filters.text.trim().toLowerCase();
    order = cards.filter(({ entry, text: words }) => (!text || words.includes(text)) && (!filters.tag || entry.tags.includes(filters.tag)) &&
      (!filters.role || entry.elements.some((element) => element.role === filters.role)) && (filters.count === "" || entry.elements.length === Number(filters.count)) &&
      (!filters.show || { lost: hasLost, problem: hasProblem, unmeasured: hasUnmeasured }[filters.show](entry)));
    tools.worst.hidden = filters.sort === "suite";
    if (tools.run) tools.run.parentNode.hidden = filters.sort === "suite";
    if (filters.sort !== "suite") {
      const sign = filters.worst ? 1 : -1;
      const keys = new Map(order.map((card) => [card, sortKey(card)]));
      order.sort((a, b) => { const x = keys.get(a), y = keys.get(b); return present(x) && present(y) ? sign * (x - y) || a.index - b.index : present(x) ? -1 : present(y) ? 1 : a.index - b.index; });
    }
    const shown = new Set(order);
    for (const card of cards) { card.node.hidden = !shown.has(card); if (card.node.hidden && card.player) card.player.pause(); }
    document.getElementById("list").append(...order.map((card) => card.node));
    tools.empty.hidden = order.length > 0;
    tools.total.textContent = order.length === cases.length ? plural(cases.length, "case") : `${order.length} of ${plural(cases.length, "case")}`;
  }

  // ---- one case ------------------------------------------------------------------------------------------------------
  function build(card) {
    if (card.built) return;
    card.built = true;
    card.node.classList.add("built");
    card.detail = JSON.parse(detailBlocks[card.index].textContent);
    if (card.metric === null) card.metric = metrics.length ? Math.max(0, perElement.length ? perElement.find((index) => runs.some((_, run) => present(caseValue(card.entry, index, run)))) ?? perElement[0] : 0) : null;
    const { entry } = card;
    card.content = el("div", {});
    card.node.append(el("p", { class: "prompt" }, entry.prompt.map(([text, index]) => {
      if (index < 0) return text;
      const element = entry.elements[index];
      return el("mark", { class: "r-" + element.role, title: element.id }, text, badge(element.id));
    })));
    if (seeds.length > 1) {
      const buttons = seeds.map((seed) => el("button", { "aria-pressed": String(seed === card.seed), onclick: () => { card.seed = seed; buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(seeds[index] === seed))); fill(card); } }, "seed " + seed));
      card.node.append(el("div", { class: "seeds", role: "group", "aria-label": "Seed" }, buttons));
    }
    card.node.append(card.content);
    fill(card);
  }
  function fill(card) {
    if (card.player) card.player.pause();
    const samples = card.detail.map((run) => run[card.seed]);
    card.samples = samples;
    card.chosen = null;
    card.ledgerHeads = [];
    card.player = new SyncedPlayer(many ? "Frame, all videos together" : "Frame", () => { drawBoxes(card); moveHeads(card); });
    const media = el("div", {}, el("div", { class: "players", style: { "--runs": runs.length } }, samples.map((sample, run) => playerColumn(card, sample, run))), card.player.transport());
    card.scoreHolder = el("div", { class: "score-wrap" });
    card.panel = el("div", { class: "detail-panel" });
    card.content.replaceChildren(el("div", { class: "body" }, references(card.entry), media, card.scoreHolder, card.panel));
    drawScores(card);
    drawPanel(card);
  }
  function references(entry) {
    return el("ul", { class: "refs", "aria-label": "References" }, entry.elements.map((element) => el("li", {}, el("figure", {},
      element.image ? el("img", { src: element.image, alt: `Reference of the ${element.id}: ${element.phrase}`, loading: "lazy" }) : el("div", { class: "no-image" }, element.problem || "no image"),
      element.views.length ? el("div", { class: "views", title: "Held-out second views: never shown to the system" }, element.views.slice(0, 2).map((view) => el("img", { src: view, alt: "Held-out view of the " + element.id, loading: "lazy" }))) : null,
      el("figcaption", {}, badge(element.id), " ", element.phrase || element.id, element.views.length ? el("div", {}, `small: ${plural(Math.min(2, element.views.length), "held-out view")}`) : null)))));
  }
  function playerColumn(card, sample, run) {
    const heading = many ? el("h4", {}, runs[run].label) : null;
    if (!sample.video) {
      return el("div", { class: "player" }, heading, el("div", { class: "problem" + (sample.error ? "" : " absent") },
        el("strong", {}, sample.error ? "No video" : "Nothing here"), el("div", {}, sample.error || sample.note),
        sample.traceback ? el("details", {}, el("summary", {}, "Traceback"), el("pre", {}, sample.traceback)) : null));
    }
    const { video } = sample;
    const overlay = svg("svg", { viewBox: `0 0 ${video.width} ${video.height}`, "aria-hidden": "true" });
    const node = el("video", { src: video.file, poster: video.poster, preload: "none", muted: true, playsinline: true, tabindex: "-1", "aria-label": `Video of ${runs[run].label} for ${card.entry.id}`, onclick: () => card.player.toggle() });
    node.muted = true;
    const stage = el("div", { class: "stage", style: { "aspect-ratio": `${video.width} / ${video.height}` }, ondblclick: () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen && stage.requestFullscreen()) }, node, overlay);
    node.addEventListener("error", () => { if (!stage.querySelector(".box-label.fail")) stage.append(el("span", { class: "box-label inside fail", style: { left: "8px", top: "8px" } }, "This browser cannot play the file.")); });
    card.player.add({ node, overlay, stage, run, frames: video.frames, fps: video.fps, width: video.width, height: video.height });
    const strip = video.strip ? el("div", { class: "strip" }, el("img", { src: video.strip, alt: "Frames of the video from first to last", loading: "lazy" }),
      el("div", { class: "hits" }, video.stripFrames.map((frame) => el("button", { title: "frame " + frame, "aria-label": "Go to frame " + frame, onclick: () => card.player.seekTime((frame + 0.5) / video.fps) })))) : null;
    const making = sample.tier ? el("p", { class: "soft small" }, "Tier: " + sample.tier + (sample.rung && sample.rung !== "none" ? `, memory: ${sample.rung}` : "")) : null;
    const remarks = sample.remarks.map((remark) => el("p", { class: "notice small" }, remark));
    return el("div", { class: "player" }, heading, stage, remarks, strip, ledgerStrip(card, sample, run), making);
  }

  function scoreOf(card, run, metric) { return ((card.samples[run] || {}).scores || {})[metric] || null; }
  function drawScores(card) {
    if (!metrics.length) return;
    const rows = metrics.map((metric, index) => {
      const choose = () => { if (getSelection().isCollapsed !== false) selectMetric(card, index); };
      const cells = runs.map((_, run) => {
        const [status, value] = card.entry.samples[run][card.seed].values[index] || ["absent", null];
        const score = scoreOf(card, run, index);
        if (!present(value)) return el("td", { class: "soft", title: (score && score.reason) || "" }, status === "failed" ? el("strong", {}, "failed") : statusText(status), score && score.reason ? el("div", { class: many ? "small wide-only" : "small" }, score.reason) : null);
        const found = card.entry.samples[run][card.seed].elements[index] || {};
        const names = Object.keys(found);
        return el("td", {}, el("span", { class: "v" }, number(value)), names.length ? el("span", { class: "elems" }, names.map((name) => el("span", { class: "elem" + (found[name][1] ? " lost" : "") }, badge(name), " ", found[name][1] ? "lost" : number(found[name][0])))) : null);
      });
      return el("tr", { class: index === card.metric ? "chosen" : null, onclick: choose }, el("th", { scope: "row" }, el("button", { class: "plain", "aria-pressed": String(index === card.metric), title: BETTER[metric.direction] }, metric.title, " ", el("span", { class: "soft", "aria-hidden": "true" }, ARROW[metric.direction]))), cells);
    });
    card.rows = rows;
    card.scoreHolder.replaceChildren(el("div", { class: "scroll" }, el("table", { class: "scores" + (many ? " wide" : "") },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Metric"), many ? runs.map((run) => el("th", { scope: "col" }, run.label)) : el("th", { scope: "col" }, "Value, and by element"))), el("tbody", {}, rows))));
  }
  function selectMetric(card, index) {
    if (card.metric === index) return;
    card.metric = index;
    card.chosen = null;
    card.rows.forEach((row, at) => { row.classList.toggle("chosen", at === index); row.querySelector("button").setAttribute("aria-pressed", String(at === index)); });
    drawPanel(card);
    drawBoxes(card);
  }

  // ---- curves and evidence -------------------------------------------------------------------------------------------
  function linesOf(score) {
    const lines = Object.entries(score.elements).filter(([, element]) => element.curve.some(present)).map(([name, element]) => ({ name, curve: element.curve }));
    const same = lines.length === 1 && JSON.stringify(lines[0].curve) === JSON.stringify(score.curve);
    if (score.curve.some(present) && !same) lines.push({ name: null, curve: score.curve });
    return lines.map((line, index) => ({ ...line, dash: line.name === null ? 0 : index % 4 }));
  }
  function drawPanel(card) {
    card.heads = [];
    if (card.metric === null || !card.samples.some((sample) => sample.video)) { card.panel.hidden = true; return; }
    const metric = metrics[card.metric];
    const scores = runs.map((_, run) => scoreOf(card, run, card.metric));
    const values = scores.flatMap((score) => (score ? linesOf(score).flatMap((line) => line.curve).filter(present) : []));
    let low = Math.min(...values), high = Math.max(...values);
    const [bottom, top] = metric.range;
    // The whole range where the values fill some of it, so that cases can be compared; else a close look.
    if (present(bottom) && present(top) && (high === low || high - low > 0.05 * (top - bottom))) { low = bottom; high = top; }
    else if (present(bottom) && low - bottom < 0.5 * (high - low)) low = bottom;
    if (high === low) { high += Math.abs(high) * 0.1 || 0.5; low -= Math.abs(low) * 0.1; }
    card.panel.replaceChildren(el("h3", {}, metric.title, " ", el("span", { class: "soft small" }, `${BETTER[metric.direction]}${metric.unit ? ", " + metric.unit : ""}`)),
      el("div", { class: "detail-grid", style: { "--runs": runs.length } }, scores.map((score, run) => runPanel(card, score, run, metric, low, high))));
  }
  function runPanel(card, score, run, metric, low, high) {
    const title = many ? el("h4", {}, runs[run].label) : null;
    if (!score) return el("div", { class: "detail-run" }, title, el("p", { class: "soft" }, card.samples[run].video ? "Not scored." : "No video."));
    const lines = linesOf(score);
    const video = card.samples[run].video;
    const chart = lines.length && video ? drawChart(card, run, score, lines, low, high, metric) : null;
    const names = Object.keys(score.elements);
    const phrase = (name) => { const element = card.entry.elements.find((entry) => entry.id === name); return element ? element.phrase : name; };
    const swatch = (name) => { const line = lines.find((entry) => entry.name === name); return el("span", { class: roleClass(name) }, line ? svg("svg", { viewBox: "0 0 26 8", class: "chart" }, svg("line", { x1: 0, x2: 26, y1: 4, y2: 4, class: "d" + line.dash })) : null); };
    const legend = el("ul", { class: "legend" },
      names.map((name) => { const element = score.elements[name]; return el("li", {}, swatch(name), el("span", {}, badge(name), " ", phrase(name),
        present(element.presence) ? el("span", { class: "soft small" }, element.presence === 0 ? " · not found in any frame" : ` · found in ${percent(element.presence)} of the frames looked at`) : null,
        element.reason ? el("div", { class: "soft small" }, "not measurable: " + element.reason) : null), el("strong", { class: "num" }, number(element.value))); }),
      lines.some((line) => line.name === null) || !names.length ? el("li", {}, swatch(null), el("span", {}, "whole video"), el("strong", { class: "num" }, score.reason ? "–" : number((card.entry.samples[run][card.seed].values[card.metric] || [])[1]))) : null);
    const extra = score.details.length ? el("details", { class: "small" }, el("summary", { class: "soft" }, "Further numbers"), el("dl", {}, score.details.map(([name, value]) => el("div", {}, el("span", { class: "soft" }, name + ": "), value)))) : null;
    return el("div", { class: "detail-run" }, title,
      el("div", {}, score.reason ? el("p", { class: "soft" }, "No value: " + score.reason) : null, score.notes.map((note) => el("p", { class: "soft" }, "Note: " + note)), score.traceback ? el("details", {}, el("summary", {}, "Traceback"), el("pre", {}, score.traceback)) : null, chart, chart || score.reason ? null : el("p", { class: "soft small" }, "One value for the whole video; no curve.")),
      el("div", {}, legend, evidenceList(card, run, score), extra));
  }
  function drawChart(card, run, score, lines, low, high, metric) {
    const width = 600, height = 150, left = 38, right = 10, upper = 8, lower = 20;
    const video = card.samples[run].video;
    const last = Math.max(1, video.frames - 1);
    const x = (frame) => left + (width - left - right) * frame / last;
    const y = (value) => upper + (height - upper - lower) * (1 - (clamp(value, low, high) - low) / (high - low));
    const holder = el("div", { class: "chart" });
    const canvas = svg("svg", { role: "img", "aria-label": `Per-frame values of ${metric.title}: ` + lines.map((line) => { const found = line.curve.filter(present); return `${line.name || "whole video"} from ${number(Math.min(...found))} to ${number(Math.max(...found))}`; }).join("; ") });
    const head = svg("line", { class: "head", y1: upper, y2: height - lower });
    const hover = svg("line", { class: "hover", y1: upper, y2: height - lower, visibility: "hidden" });
    const tip = el("div", { class: "tip", hidden: true });
    // Drawn in real pixels so that text and strokes keep their size at any width.
    let scale = 1;
    const px = (frame) => left + (x(frame) - left) * scale;
    const draw = () => {
      const real = holder.clientWidth || width;
      scale = (real - left - right) / (width - left - right);
      const parts = [];
      for (const share of [0, 0.5, 1]) { const value = low + share * (high - low); parts.push(svg("line", { class: "axis", x1: left, x2: real - right, y1: y(value), y2: y(value) }), svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, tickText(value))); }
      parts.push(svg("text", { x: left, y: height - 4 }, "frame 0"), svg("text", { x: real - right, y: height - 4, "text-anchor": "end" }, String(video.frames - 1)));
      for (const line of lines) {
        let path = "", pen = "M";
        const points = [];
        line.curve.forEach((value, index) => {
          if (!present(value)) { pen = "M"; return; }
          const frame = score.frames[index] ?? index;
          path += `${pen}${px(frame).toFixed(1)} ${y(value).toFixed(1)}`;
          pen = "L";
          if (line.curve.length <= 32) points.push(svg("circle", { class: "point", cx: px(frame).toFixed(1), cy: y(value).toFixed(1), r: 3 }));
        });
        parts.push(svg("g", { class: roleClass(line.name) }, svg("path", { class: "curve d" + line.dash, d: path }), points));
      }
      canvas.replaceChildren(...parts, hover, head);
      moveHeads(card);
    };
    const nearest = (event) => {
      const box = canvas.getBoundingClientRect();
      const frame = (event.clientX - box.left - left) / scale / (width - left - right) * last;
      const count = Math.max(...lines.map((line) => line.curve.length));
      const frames = Array.from({ length: count }, (_, index) => score.frames[index] ?? index);
      return frames.reduce((best, candidate, index) => (Math.abs(candidate - frame) < Math.abs(frames[best] - frame) ? index : best), 0);
    };
    canvas.addEventListener("pointermove", (event) => {
      const index = nearest(event), frame = score.frames[index] ?? index;
      hover.setAttribute("x1", px(frame)); hover.setAttribute("x2", px(frame)); hover.setAttribute("visibility", "visible");
      tip.replaceChildren(el("div", {}, "frame " + frame), ...lines.map((line) => el("div", {}, `${line.name || "whole"}: ${number(line.curve[index])}`)));
      tip.hidden = false;
      tip.style.left = clamp(px(frame) + 10, 0, Math.max(0, holder.clientWidth - tip.offsetWidth - 4)) + "px";
      if (px(frame) + 14 + tip.offsetWidth > holder.clientWidth) tip.style.left = Math.max(0, px(frame) - tip.offsetWidth - 10) + "px";
    });
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; hover.setAttribute("visibility", "hidden"); });
    canvas.addEventListener("click", (event) => { const index = nearest(event); card.chosen = null; card.player.seekTime(((score.frames[index] ?? index) + 0.5) / video.fps); });
    holder.append(canvas, tip);
    card.heads.push({ run, move: (frame) => { head.setAttribute("x1", px(frame)); head.setAttribute("x2", px(frame)); } });
    new ResizeObserver(draw).observe(holder);
    requestAnimationFrame(draw);
    return holder;
  }
  function tickText(value) {
    const size = Math.abs(value);
    return String(size >= 100 ? Math.round(value) : Number(value.toFixed(size >= 10 ? 1 : size >= 0.095 || size === 0 ? 2 : 4))).replace(/^-/, "−");
  }
  function moveHeads(card) {
    for (const head of [...(card.heads || []), ...(card.ledgerHeads || [])]) { const item = card.player.items.find((entry) => entry.run === head.run); if (item) head.move(card.player.frame(item)); }
  }
  function evidenceList(card, run, score) {
    if (!score.evidence.length || !card.samples[run].video) return null;
    const groups = new Map();
    score.evidence.forEach((entry, index) => { const name = entry.element || ""; if (!groups.has(name)) groups.set(name, []); groups.get(name).push({ ...entry, index }); });
    const fps = card.samples[run].video.fps;
    const rows = [...groups].map(([name, entries]) => {
      entries.sort((a, b) => a.frame - b.frame);
      const button = (entry) => el("button", { "aria-pressed": "false", "data-evidence": `${run}:${entry.index}`, title: `frame ${entry.frame}` + (entry.box ? `, box ${entry.box.map(Math.round).join(", ")}` : ", whole frame") + (present(entry.value) ? `, value ${number(entry.value)}` : ""),
        onclick: () => { card.player.seekTime((entry.frame + 0.5) / fps); card.chosen = { run, index: entry.index }; drawBoxes(card); } }, `${entry.frame}`, present(entry.value) ? el("span", { class: "soft" }, " · " + number(entry.value).replace(/(\.\d\d)\d$/, "$1")) : null);
      const rest = entries.slice(12);
      const row = el("div", { class: "evidence-row" }, name ? badge(name) : badge("whole"), entries.slice(0, 12).map(button));
      if (rest.length) { const more = el("button", { onclick: () => { more.replaceWith(...rest.map(button)); drawBoxes(card); } }, `${rest.length} more`); row.append(more); }
      return row;
    });
    return el("div", { class: "evidence" }, el("div", { class: "soft small" }, "Evidence: frame · value; press one to see its box"), rows);
  }
  function drawBoxes(card) {
    if (!card.player || !card.player.touched) return;
    const { player } = card;
    for (const button of card.panel.querySelectorAll("[data-evidence]")) button.setAttribute("aria-pressed", String(Boolean(card.chosen) && button.dataset.evidence === `${card.chosen.run}:${card.chosen.index}`));
    for (const item of player.items) {
      const score = card.metric === null ? null : scoreOf(card, item.run, card.metric);
      const frame = player.frame(item);
      let found = player.playing || !score ? [] : score.evidence.map((entry, index) => ({ ...entry, index })).filter((entry) => entry.frame === frame && entry.box);
      if (card.chosen && card.chosen.run === item.run && found.some((entry) => entry.index === card.chosen.index)) found = found.filter((entry) => entry.index === card.chosen.index);
      else if (card.chosen && card.chosen.run !== item.run) { const element = scoreOf(card, card.chosen.run, card.metric).evidence[card.chosen.index].element; found = found.filter((entry) => entry.element === element); }
      const key = found.map((entry) => entry.index).join() + "/" + card.metric;
      if (item.drawn === key) continue;
      item.drawn = key;
      item.overlay.replaceChildren(...found.flatMap(({ box: [x0, y0, x1, y1], element }) => ["box-shade", "box e-" + roleOf(element)].map((name) => svg("rect", { class: name, x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0) }))));
      for (const label of item.stage.querySelectorAll(".box-label:not(.fail)")) label.remove();
      item.stage.append(...found.map(({ box, element, value }) => el("span", { class: "box-label" + (box[1] / item.height < 0.12 ? " inside" : ""), style: { left: clamp(100 * box[0] / item.width, 0, 75) + "%", top: clamp(100 * box[1] / item.height, 0, 92) + "%" } }, (element || "found") + (present(value) ? " " + number(value) : ""))));
    }
  }

  // ---- moving about --------------------------------------------------------------------------------------------------
  let current = -1;
  function goTo(index, metric) {
    const card = cards[index];
    if (card.node.hidden) { Object.assign(filters, { text: "", tag: "", role: "", count: "", show: "" }); syncTools(); refresh(); }
    build(card);
    if (present(metric) && metric >= 0 && card.rows) selectMetric(card, metric);
    setCurrent(card);
    card.node.scrollIntoView({ block: "start" });
    requestAnimationFrame(() => card.node.scrollIntoView({ block: "start" }));
  }
  function setCurrent(card) {
    if (current >= 0) cards[current].node.classList.remove("current");
    current = card.index;
    card.node.classList.add("current");
    card.node.focus({ preventScroll: true });
    history.replaceState(null, "", "#" + encodeURIComponent(card.node.id));
  }
  function currentCard() {
    const holder = document.activeElement && document.activeElement.closest && document.activeElement.closest(".case");
    if (holder) return cards[Number(holder.dataset.index)];
    if (current >= 0 && !cards[current].node.hidden) { const box = cards[current].node.getBoundingClientRect(); if (box.bottom > 0 && box.top < innerHeight) return cards[current]; }
    return order.find((card) => card.node.getBoundingClientRect().bottom > 120) || null;
  }
  function move(by) {
    if (!order.length) return;
    const here = currentCard();
    const inView = here && here.node.getBoundingClientRect().top < innerHeight * 0.7;
    const next = !here ? order[0] : !inView && by > 0 ? here : order[clamp(order.indexOf(here) + by, 0, order.length - 1)];
    goTo(next.index);
  }
  function showHelp() {
    const dialog = document.getElementById("help");
    if (!dialog.firstChild) {
      const keys = [["j  k", "next, previous case"], ["Space", "play or pause"], ["←  →", "one frame back, on"], ["/", "find cases"], ["?", "this help"], ["Double click", "video on the full screen"]];
      dialog.append(el("h2", { id: "help-title" }, "Keyboard"), el("dl", {}, keys.map(([key, text]) => [el("dt", {}, key.split("  ").map((part) => [el("kbd", {}, part), " "])), el("dd", {}, text)])), el("button", { onclick: () => dialog.close(), autofocus: true }, "Close"));
    }
    if (!dialog.open) dialog.showModal();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
    const target = event.target;
    if (target.matches("input[type=search], select, textarea")) { if (event.key === "Escape") target.blur(); return; }
    const onControl = target.matches("button, summary, a, input");
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/") tools.text.focus();
    else if (event.key === "?") showHelp();
    else if (event.key === " " && !onControl) { const card = currentCard(); if (!card || card.node.getBoundingClientRect().top > innerHeight) return; build(card); card.player.toggle(); }
    else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !target.matches("input, .scroll")) { const card = currentCard(); if (!card || card.node.getBoundingClientRect().top > innerHeight) return; build(card); card.chosen = null; card.player.step(event.key === "ArrowLeft" ? -1 : 1); }
    else return;
    event.preventDefault();
  });
  addEventListener("beforeprint", () => { if (order.length <= 200) order.forEach(build); });

  drawHeader();
  drawTotals();
  drawMetrics();
  drawReported();
  drawElements();
  drawCases();
  document.getElementById("foot").append(el("p", {}, document.querySelector("meta[name=generator]").content, ". Means are derived from the records of the run; the tables hold every score with its reason."));
  if (location.hash.startsWith("#case-")) {
    const card = cards.find((entry) => "#" + encodeURIComponent(entry.node.id) === location.hash);
    if (card) goTo(card.index);
  }
})();
