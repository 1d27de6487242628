// The overview: predicted genres, confidence, and agreement with the existing genres.

function countBy(key) {
  const counts = new Map();
  for (let i = 0; i < total; i++) {
    const value = key(i);
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

const card = (title, hint, ...children) =>
  make(
    "section",
    { class: "card" },
    make("h2", {}, title),
    ...children,
    make("p", { class: "dim hint" }, hint),
  );

function genreCard() {
  const counts = countBy((i) => (columns.label[i] === NO_LABEL ? null : columns.label[i]));
  const most = counts[0]?.[1] ?? 1;
  const rows = counts.map(([label, count]) => {
    const sure = countWhere((i) => columns.label[i] === label && columns.status[i] === "ok");
    return make(
      "button",
      {
        type: "button",
        class: "bar-row",
        "data-filter": `label ${label}`,
        "aria-pressed": "false",
        "aria-label": `${labels[label]}: ${countOf(count, "track")}, ${sure} of them confident`,
        onclick: () => toggle("label", label),
      },
      make("span", { class: "bar-name" }, dot(label), labels[label]),
      make(
        "span",
        { class: "bar", style: { "--hue": hueOf(label) } },
        make("span", { class: "bar-sure", style: { width: `${(100 * sure) / most}%` } }),
        make("span", {
          class: "bar-unsure",
          style: { width: `${(100 * (count - sure)) / most}%` },
        }),
      ),
      make("span", { class: "bar-count" }, count.toLocaleString("en")),
    );
  });
  return card(
    "Predicted genres",
    "Pale: not confident enough to be written. Click a bar to filter.",
    ...rows,
  );
}

function countWhere(condition) {
  let count = 0;
  for (let i = 0; i < total; i++) if (condition(i)) count++;
  return count;
}

function confidenceCard() {
  const bins = new Array(BINS).fill(0);
  for (let i = 0; i < total; i++) if (columns.label[i] !== NO_LABEL) bins[binOf(i)]++;
  const most = Math.max(1, ...bins);
  const bars = bins.map((count, bin) => {
    const range = `${bin * 10}–${(bin + 1) * 10} %`;
    const sure = (bin + 0.5) / BINS >= threshold;
    return make(
      "button",
      {
        type: "button",
        class: `column${sure ? "" : " unsure"}`,
        "data-filter": `bin ${bin}`,
        "aria-pressed": "false",
        title: `${range}: ${count}`,
        "aria-label": `Confidence ${range}: ${countOf(count, "track")}`,
        onclick: () => toggle("bin", bin),
      },
      make("span", { class: "column-count" }, count ? count.toLocaleString("en") : ""),
      make("span", { class: "column-bar", style: { height: `${(100 * count) / most}%` } }),
    );
  });
  const axis = make(
    "div",
    { class: "axis dim", "aria-hidden": "true" },
    make("span", {}, "0 %"),
    make("span", {}, "50 %"),
    make("span", {}, "100 %"),
  );
  return card(
    "Confidence",
    `A genre is written from ${percent(threshold)} on.`,
    make("div", { class: "histogram" }, ...bars),
    axis,
  );
}

const MOST_GENRES = 12;

function agreementCard() {
  const counts = countBy((i) => columns.existing[i] || null).slice(0, MOST_GENRES);
  if (!counts.length) return card("Existing genres", "No file has a genre yet.");
  const rows = counts.map(([genre, count]) => {
    const verdicts = ["agree", "cannot_tell", "contradict"].map((verdict) => [
      verdict,
      countWhere((i) => columns.existing[i] === genre && columns.verdict[i] === verdict),
    ]);
    const [agree, , contradict] = verdicts.map(([, number]) => number);
    const share = agree + contradict ? percent(agree / (agree + contradict)) : "–";
    return make(
      "button",
      {
        type: "button",
        class: "bar-row",
        "data-filter": `existing ${genre}`,
        "aria-pressed": "false",
        "aria-label": `${genre}: ${countOf(count, "track")}, ${agree} agree, ${contradict} contradicted`,
        title: `${agree} agree, ${contradict} contradicted, ${count - agree - contradict} cannot be told`,
        onclick: () => toggle("existing", genre),
      },
      make("span", { class: "bar-name" }, make("span", { class: "cut" }, genre)),
      make(
        "span",
        { class: "bar stacked" },
        ...verdicts
          .filter(([, number]) => number)
          .map(([verdict, number]) =>
            make("span", { class: verdict, style: { "flex-grow": String(number) } }),
          ),
      ),
      make("span", { class: "bar-count" }, share),
    );
  });
  const legend = make(
    "p",
    { class: "legend dim" },
    ...[
      ["agree", "agrees"],
      ["cannot_tell", "cannot tell"],
      ["contradict", "contradicted"],
    ].flatMap(([name, words]) => [
      make("span", { class: `swatch ${name}`, "aria-hidden": "true" }),
      ` ${words}  `,
    ]),
  );
  return card(
    "Do predictions agree with the tags?",
    "Share of agreement, for the most frequent existing genres.",
    ...rows,
    legend,
  );
}

function drawCharts() {
  $("charts").replaceChildren(genreCard(), agreementCard(), confidenceCard());
}

function markCharts() {
  const pressed = new Set(
    ["label", "existing", "bin"]
      .filter((name) => view[name] !== null)
      .map((name) => `${name} ${view[name]}`),
  );
  for (const button of $("charts").querySelectorAll("[data-filter]"))
    button.setAttribute("aria-pressed", String(pressed.has(button.dataset.filter)));
}
