// Rows of the list: a track, an album, an artist.

const VERDICTS = { contradict: "Contradicted", agree: "Agrees", cannot_tell: "Cannot tell" };

function cover(number) {
  const url = covers[number];
  return url
    ? make("img", { class: "cover", src: url, alt: "" })
    : make("span", { class: "cover blank", "aria-hidden": "true" }, "♪");
}

const dot = (label) =>
  make("span", {
    class: `dot${label === NO_LABEL ? " none" : ""}`,
    style: { "--hue": hueOf(label) },
    "aria-hidden": "true",
  });

function badge(i) {
  const edit = edits.get(i);
  if (edit) {
    const words = { write: `→ ${edit.genre}`, clear: "→ no genre", skip: "Skipped" };
    return make("span", { class: "badge changed" }, words[edit.action]);
  }
  const uncertain = columns.status[i] === "uncertain" && columns.verdict[i] === "cannot_tell";
  const failed = columns.label[i] === NO_LABEL;
  const own = columns.reason[i] === "genretag wrote its genre";
  const words = own
    ? "By genretag"
    : failed
      ? columns.status[i].replace("_", " ")
      : uncertain
        ? "Uncertain"
        : VERDICTS[columns.verdict[i]];
  return make(
    "span",
    { class: `badge ${uncertain ? "uncertain" : columns.verdict[i]}`, title: columns.reason[i] },
    words,
  );
}

/** A bar of all probabilities of a track, in the order of the labels. */
function mixture(i) {
  const bar = make("span", { class: "mixture", "aria-hidden": "true" });
  labels.forEach((name, label) => {
    const share = probability(i, label);
    if (share >= 0.01)
      bar.append(
        make("span", {
          style: { "--hue": hueOf(label), "flex-grow": share.toFixed(3) },
          title: `${name} ${percent(share)}`,
        }),
      );
  });
  return bar;
}

/** The best label over the time of a track, paler where it is less probable; null if not known. */
function timeline(i) {
  if (!columns.timeline[i]) return null;
  const parts = bytesOf(columns.timeline[i]);
  const width = 200 / parts.length;
  const stops = [];
  for (let part = 0; part < parts.length / 2; part++) {
    const colour = `oklch(0.66 0.14 ${hueOf(parts[2 * part])} / ${(0.15 + (0.85 * parts[2 * part + 1]) / 255).toFixed(2)})`;
    stops.push(`${colour} ${(part * width).toFixed(1)}% ${((part + 1) * width).toFixed(1)}%`);
  }
  return make("span", {
    class: "timeline",
    "aria-hidden": "true",
    title: "The most probable genre over time",
    style: { "background-image": `linear-gradient(to right, ${stops.join(", ")})` },
  });
}

function predicted(i) {
  if (columns.label[i] === NO_LABEL)
    return make(
      "span",
      { class: "predicted dim" },
      dot(NO_LABEL),
      columns.error[i] || columns.status[i],
    );
  return make(
    "span",
    { class: "predicted" },
    dot(columns.label[i]),
    make("strong", {}, columns.genre[i]),
    make("span", { class: "sure" }, percent(columns.confidence[i])),
  );
}

function trackRow(i, number) {
  const byline = [artistOf(i), columns.album[i]].filter(Boolean).join(" – ");
  const button = (text, name, act, key) =>
    make(
      "button",
      {
        type: "button",
        class: "quiet small",
        tabindex: "-1",
        "aria-label": `${name}: ${titleOf(i)}`,
        title: `${name} (${key})`,
        onclick: (event) => {
          event.stopPropagation();
          act(i);
          changed(i);
        },
      },
      text,
    );
  return make(
    "div",
    {
      class: `row${edits.has(i) ? " is-changed" : ""}`,
      role: "listitem",
      "aria-label": spokenRow(i),
      "aria-setsize": String(list.items.length),
      "aria-posinset": String(number + 1),
      onclick: () => openDetails(i),
      "data-number": String(number),
    },
    cover(columns.cover[i]),
    make(
      "span",
      { class: "name" },
      make(
        "button",
        { type: "button", class: "title", tabindex: "-1", title: titleOf(i) },
        titleOf(i),
      ),
      make("span", { class: "byline dim" }, byline || plainPath(i)),
    ),
    make("span", { class: "prediction" }, predicted(i), timeline(i) ?? mixture(i)),
    make(
      "span",
      { class: "existing" },
      make("span", { class: "existing-genre" }, columns.existing[i] || "–"),
      badge(i),
    ),
    make(
      "span",
      { class: "actions" },
      edits.has(i) ? button("Undo", "Undo the change", undo, "u") : null,
      !edits.has(i) && canTake(i) ? button("Take", "Take the predicted genre", take, "t") : null,
      !edits.has(i) ? button("Skip", "Skip this file", skip, "s") : null,
    ),
  );
}

function spokenRow(i) {
  const guess =
    columns.label[i] === NO_LABEL
      ? columns.error[i]
      : `predicted ${columns.genre[i]}, ${percent(columns.confidence[i])}`;
  return [
    titleOf(i),
    artistOf(i),
    guess,
    columns.existing[i] ? `existing genre ${columns.existing[i]}` : "no existing genre",
    badge(i).textContent,
  ]
    .filter(Boolean)
    .join(", ");
}

function albumRow(album, number) {
  if (!album.tracks)
    return make(
      "div",
      { class: "row artist-row", role: "listitem", "data-number": String(number) },
      make("h3", {}, album.artist),
    );
  const counts = new Map();
  for (const i of album.tracks)
    counts.set(columns.label[i], (counts.get(columns.label[i]) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const bar = make("span", { class: "mixture", "aria-hidden": "true" });
  for (const [label, count] of sorted)
    bar.append(
      make("span", {
        class: label === NO_LABEL ? "none" : "",
        style: { "--hue": hueOf(label), "flex-grow": String(count) },
        title: `${labels[label] ?? "not analysed"}: ${count}`,
      }),
    );
  const doubtful = album.tracks.filter((i) => columns.verdict[i] === "contradict").length;
  const existing = [...new Set(album.tracks.map((i) => columns.existing[i]).filter(Boolean))];
  const best = sorted[0][0];
  return make(
    "div",
    {
      class: "row",
      role: "listitem",
      "data-number": String(number),
      "aria-label": `${album.name}, ${album.artist}, ${countOf(album.tracks.length, "track")}, mostly ${labels[best] ?? "not analysed"}, ${doubtful} contradicted`,
      onclick: () => openAlbum(album),
    },
    cover(
      columns.cover[album.tracks.find((i) => columns.cover[i] !== NO_LABEL) ?? album.tracks[0]],
    ),
    make(
      "span",
      { class: "name" },
      make(
        "button",
        { type: "button", class: "title", tabindex: "-1", title: album.name },
        album.name,
      ),
      make("span", { class: "byline dim" }, countOf(album.tracks.length, "track")),
    ),
    make(
      "span",
      { class: "prediction" },
      make(
        "span",
        { class: "predicted" },
        dot(best),
        make("strong", {}, labels[best] ?? "–"),
        make("span", { class: "sure" }, `${sorted[0][1]} of ${album.tracks.length}`),
      ),
      bar,
    ),
    make(
      "span",
      { class: "existing" },
      make("span", { class: "existing-genre" }, existing.slice(0, 3).join(", ") || "–"),
      doubtful ? make("span", { class: "badge contradict" }, `${doubtful} contradicted`) : null,
    ),
    make("span", { class: "actions" }),
  );
}
