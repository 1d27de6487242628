// The drawer with all that is known of one track, where its genre can be changed.

let opened = null; // the track in the drawer

function sentence(i) {
  if (columns.label[i] === NO_LABEL) return columns.error[i] || columns.status[i];
  const existing = columns.existing[i];
  if (columns.verdict[i] === "agree") return `The prediction agrees with ${existing}.`;
  if (columns.verdict[i] === "contradict") return `The file says ${existing}; the model gives that ${percent(columns.existingProbability[i])}.`;
  if (columns.status[i] === "uncertain") return `Below ${percent(threshold)}, so too uncertain to be written.`;
  if (!existing) return "The file has no genre yet.";
  return `Nothing can be told of ${existing}: ${columns.reason[i]}.`;
}

function shares(i) {
  const sorted = labels.map((name, label) => [label, probability(i, label)]).sort((a, b) => b[1] - a[1]);
  return sorted.map(([label, share]) =>
    make("div", { class: "bar-row" }, make("span", { class: "bar-name" }, dot(label), labels[label]), make("span", { class: "bar", style: { "--hue": hueOf(label) } }, make("span", { class: "bar-sure", style: { width: `${100 * share}%` } })), make("span", { class: "bar-count" }, percent(share))),
  );
}

function drawDetails(i) {
  const edit = edits.get(i);
  const genre = make("input", { id: "genre", list: "genres", value: edit ? edit.genre : columns.existing[i] || columns.genre[i], autocomplete: "off", "aria-describedby": "genre-hint" });
  const act = (work) => () => { work(i); changed(i); drawDetails(i); };
  const form = make(
    "form",
    { class: "edit", onsubmit: (event) => { event.preventDefault(); write(i, genre.value); changed(i); drawDetails(i); } },
    make("label", { for: "genre" }, "Genre to write"),
    make("div", { class: "edit-line" }, genre, make("button", { class: "primary" }, "Write")),
    make("p", { id: "genre-hint", class: "dim hint" }, "Several genres are separated by a semicolon; empty removes the genre."),
    make("div", { class: "edit-line" }, canTake(i) ? make("button", { type: "button", onclick: act(take) }, `Take ${columns.genre[i]}`) : null, make("button", { type: "button", onclick: act(skip) }, "Skip"), edit ? make("button", { type: "button", onclick: act(undo) }, "Undo the change") : null),
  );
  const step = (by, words, text) => make("button", { type: "button", class: "quiet", "aria-label": words, onclick: () => stepDetails(by) }, text);
  $("details").replaceChildren(
    make("div", { class: "drawer-top" }, step(-1, "Previous track", "←"), step(1, "Next track", "→"), badge(i), make("button", { type: "button", class: "quiet close", "aria-label": "Close", onclick: () => $("details").close() }, "✕")),
    make("div", { class: "drawer-head" }, cover(columns.cover[i]), make("div", {}, make("h2", { id: "details-title", tabindex: "-1", autofocus: true }, titleOf(i)), make("p", { class: "dim" }, [artistOf(i), columns.album[i]].filter(Boolean).join(" – ")))),
    make("p", { class: "path dim" }, plainPath(i)),
    make("p", { class: "verdict-line" }, make("strong", {}, columns.genre[i] ? `${columns.genre[i]} ${percent(columns.confidence[i])}. ` : ""), sentence(i)),
    form,
    columns.label[i] === NO_LABEL ? "" : make("div", { class: "shares" }, make("h3", {}, "Probabilities"), ...shares(i)),
  );
}

function openDetails(i, editing = false) {
  opened = i;
  list.active = Math.max(0, list.items.indexOf(i));
  drawDetails(i);
  if (!$("details").open) $("details").showModal();
  if (editing) $("genre").select();
}

function stepDetails(by) {
  const next = list.items[list.items.indexOf(opened) + by];
  if (next !== undefined) openDetails(next);
}
