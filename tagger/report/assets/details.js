// The drawer with all that is known of one track, where its genre can be changed.

let opened = null; // the track in the drawer

function sentence(i) {
  if (columns.label[i] === NO_LABEL) return columns.error[i] || columns.status[i];
  const existing = columns.existing[i];
  if (columns.verdict[i] === "agree") return `The prediction agrees with ${existing}.`;
  if (columns.verdict[i] === "contradict")
    return `The file says ${existing}; the model gives that ${percent(columns.existingProbability[i])}.`;
  if (columns.reason[i] === "genretag wrote its genre") return `genretag wrote ${existing} itself.`;
  if (columns.status[i] === "uncertain")
    return `Below ${percent(threshold)}, so too uncertain to be written.`;
  if (!existing) return "The file has no genre yet.";
  return `Nothing can be told of ${existing}: ${columns.reason[i]}.`;
}

function shares(i) {
  const sorted = labels
    .map((name, label) => [label, probability(i, label)])
    .sort((a, b) => b[1] - a[1]);
  return sorted.map(([label, share]) =>
    make(
      "div",
      { class: "bar-row" },
      make("span", { class: "bar-name" }, dot(label), labels[label]),
      make(
        "span",
        { class: "bar", style: { "--hue": hueOf(label) } },
        make("span", { class: "bar-sure", style: { width: `${100 * share}%` } }),
      ),
      make("span", { class: "bar-count" }, percent(share)),
    ),
  );
}

/** The genres over time with their names, for the eye as colours and for the ear as words. */
function overTime(i) {
  const strip = timeline(i);
  if (!strip) return "";
  const parts = bytesOf(columns.timeline[i]).filter((_, place) => place % 2 === 0);
  const counts = new Map();
  for (const label of parts) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const names = sorted.map(([label, count]) =>
    make("span", {}, dot(label), ` ${labels[label]} ${percent(count / parts.length)}`),
  );
  return make(
    "div",
    { class: "over-time" },
    make("h3", {}, `Over the ${Math.round(columns.seconds[i])} seconds analysed`),
    strip,
    make("p", { class: "names dim" }, ...names),
  );
}

function drawDetails(i) {
  const edit = edits.get(i);
  const genre = make("input", {
    id: "genre",
    list: "genres",
    value: edit ? edit.genre : columns.existing[i] || columns.genre[i],
    autocomplete: "off",
    "aria-describedby": "genre-hint",
  });
  const act = (work) => () => {
    work(i);
    changed(i);
    drawDetails(i);
  };
  const form = make(
    "form",
    {
      class: "edit",
      onsubmit: (event) => {
        event.preventDefault();
        write(i, genre.value);
        changed(i);
        drawDetails(i);
      },
    },
    make("label", { for: "genre" }, "Genre to write"),
    make("div", { class: "edit-line" }, genre, make("button", { class: "primary" }, "Write")),
    make(
      "p",
      { id: "genre-hint", class: "dim hint" },
      "Several genres are separated by a semicolon; empty removes the genre.",
    ),
    make(
      "div",
      { class: "edit-line" },
      canTake(i)
        ? make("button", { type: "button", onclick: act(take) }, `Take ${columns.genre[i]}`)
        : null,
      make("button", { type: "button", onclick: act(skip) }, "Skip"),
      edit ? make("button", { type: "button", onclick: act(undo) }, "Undo the change") : null,
    ),
  );
  const step = (by, words, text) =>
    make(
      "button",
      { type: "button", class: "quiet", "aria-label": words, onclick: () => stepDetails(by) },
      text,
    );
  $("details").replaceChildren(
    make(
      "div",
      { class: "drawer-top" },
      step(-1, "Previous track", "←"),
      step(1, "Next track", "→"),
      badge(i),
      make(
        "button",
        {
          type: "button",
          class: "quiet close",
          "aria-label": "Close",
          onclick: () => $("details").close(),
        },
        "✕",
      ),
    ),
    make(
      "div",
      { class: "drawer-head" },
      cover(columns.cover[i]),
      make(
        "div",
        {},
        make("h2", { id: "details-title", tabindex: "-1", autofocus: true }, titleOf(i)),
        make("p", { class: "dim" }, [artistOf(i), columns.album[i]].filter(Boolean).join(" – ")),
      ),
    ),
    make("p", { class: "path dim" }, plainPath(i)),
    make(
      "p",
      { class: "verdict-line" },
      make(
        "strong",
        {},
        columns.genre[i] ? `${columns.genre[i]} ${percent(columns.confidence[i])}. ` : "",
      ),
      sentence(i),
    ),
    form,
    overTime(i),
    columns.label[i] === NO_LABEL
      ? ""
      : make("div", { class: "shares" }, make("h3", {}, "Probabilities"), ...shares(i)),
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
