// Brings it together: what is clicked and typed changes the view or the edits, and what is shown follows.

const narrow = matchMedia("(max-width: 760px)");
const heightOf = (item) =>
  item.artist !== undefined && !item.tracks ? 48 : narrow.matches ? 132 : 60;
const drawRow = (item, number) =>
  view.mode === "albums" ? albumRow(item, number) : trackRow(item, number);
const list = new VirtualList($("list"), drawRow, heightOf);

const coveredAbove = () => $("toolbar").getBoundingClientRect().bottom;
const coveredBelow = () => ($("changes").hidden ? 0 : $("changes").offsetHeight);

let shown = [];

function refresh() {
  shown = shownTracks();
  list.show(view.mode === "albums" ? albumsOf(shown) : shown);
  $("nothing").hidden = list.items.length > 0;
  $("count").textContent = countShown();
  $("take-all").hidden = $("skip-all").hidden = $("heads").hidden = view.mode === "albums";
  $("by-track").setAttribute("aria-pressed", String(view.mode === "tracks"));
  $("by-album").setAttribute("aria-pressed", String(view.mode === "albums"));
  $("sort").value = view.sort;
  for (const head of $("heads").querySelectorAll("button"))
    head.setAttribute(
      "aria-pressed",
      String(view.mode === "tracks" && head.dataset.sort === view.sort),
    );
  $("sort").disabled = $("direction").disabled = view.mode === "albums";
  $("direction").textContent = view.reversed ? "↑" : "↓";
  drawChips();
  drawTiles();
  markCharts();
  showChanges();
}

function countShown() {
  if (view.mode === "albums")
    return countOf(list.items.filter((item) => item.tracks).length, "album");
  return shown.length === total
    ? countOf(total, "track")
    : `${shown.length.toLocaleString("en")} of ${countOf(total, "track")}`;
}

/** Draws what follows from a change of one track. */
function changed(i) {
  list.redraw(i);
  drawTiles();
  showChanges();
}

function showChanges() {
  $("changes").hidden = edits.size === 0;
  document.body.classList.toggle("has-changes", edits.size > 0);
  $("changes-count").textContent = countOf(edits.size, "change");
}

function drawTiles() {
  const focused = document.activeElement?.dataset?.group;
  $("tiles").replaceChildren(
    ...GROUPS.filter(([name]) => name !== "changed" || edits.size || view.group === name).map(
      ([name, words, within]) =>
        make(
          "button",
          {
            type: "button",
            class: `tile ${name}`,
            "data-group": name,
            "aria-pressed": String(view.group === name),
            onclick: () => choose({ group: name }),
          },
          make("span", { class: "tile-count" }, countWhere(within).toLocaleString("en")),
          " ",
          make("span", { class: "tile-name" }, words),
        ),
    ),
  );
  if (focused) $("tiles").querySelector(`[data-group="${focused}"]`)?.focus();
}

function drawChips() {
  const active = [
    ["label", (label) => `Predicted: ${labels[label]}`],
    ["existing", (genre) => `Existing: ${genre}`],
    ["bin", (bin) => `Confidence ${bin * 10}–${(bin + 1) * 10} %`],
    ["album", (key) => `Album: ${key.split("\n")[1]}`],
  ].filter(([name]) => view[name] !== null);
  $("chips").replaceChildren(
    ...active.map(([name, words]) =>
      make(
        "button",
        {
          type: "button",
          class: "chip",
          "aria-label": `Remove the filter ${words(view[name])}`,
          onclick: () => choose({ [name]: null }),
        },
        words(view[name]),
        " ✕",
      ),
    ),
  );
}

function choose(what) {
  Object.assign(view, what);
  list.active = 0;
  refresh();
}

function toggle(name, value) {
  choose({ [name]: view[name] === value ? null : value });
}

function openAlbum(album) {
  choose({ mode: "tracks", album: album.key });
  list.focus(0);
}

function changeAll(work) {
  for (const i of shown) work(i);
  refresh();
}

const KEYS = [
  ["/", "Search", () => $("search").focus()],
  ["j", "Next row (also ↓)", () => list.focus(list.active + 1)],
  ["k", "Previous row (also ↑)", () => list.focus(list.active - 1)],
  ["Enter", "Open the row", () => list.rows.get(list.active)?.click()],
  ["t", "Take the predicted genre", () => changeActive(take)],
  ["s", "Skip the file", () => changeActive(skip)],
  ["u", "Undo the change", () => changeActive(undo)],
  [
    "e",
    "Edit the genre",
    () => view.mode === "tracks" && list.items.length && openDetails(list.items[list.active], true),
  ],
  ["?", "Show these keys", () => $("help").showModal()],
];
const WITHOUT_ROW = ["/", "?"];
const SAME = { ArrowDown: "j", ArrowUp: "k", " ": "Enter" };
const FAR = { Home: -Infinity, End: Infinity, PageDown: 10, PageUp: -10 };

function changeActive(work) {
  const i = list.items[list.active];
  if (view.mode !== "tracks" || i === undefined) return;
  work(i);
  changed(i);
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target;
  if ($("details").open) {
    const by = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 }[event.key];
    if (by && !target.matches("input")) {
      event.preventDefault();
      stepDetails(by);
    }
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (target.matches("input, select")) {
    if (target === $("search") && event.key === "ArrowDown") {
      event.preventDefault();
      list.focus(0);
    }
    return;
  }
  const inList = $("list").contains(target);
  if (inList && event.key in FAR) {
    event.preventDefault();
    list.focus(list.active + FAR[event.key]);
    return;
  }
  const key = SAME[event.key] ?? event.key;
  if (event.key !== key && !inList) return; // arrows and space keep their use elsewhere
  if (key === "Enter" && !target.matches(".row")) return;
  const found = KEYS.find(([name]) => name === key);
  if (!found) return;
  event.preventDefault();
  if (inList || WITHOUT_ROW.includes(key)) found[2]();
  else list.focus(list.active); // shows first which row the keys are for
}

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $("theme").textContent = `Theme: ${theme}`;
}

function start() {
  for (const [name, [words]] of Object.entries(ORDERS))
    $("sort").append(make("option", { value: name }, words));
  $("genres").append(
    ...[...new Set([...labels, ...columns.existing])]
      .filter(Boolean)
      .slice(0, 200)
      .map((name) => make("option", { value: name })),
  );
  $("help-keys").append(
    ...KEYS.flatMap(([key, words]) => [
      make("dt", {}, make("kbd", {}, key)),
      make("dd", {}, words),
    ]),
  );
  $("file-name").textContent = FILE_NAME;
  $("search").addEventListener("input", (event) => choose({ search: event.target.value }));
  $("sort").addEventListener("change", (event) => choose({ sort: event.target.value }));
  $("heads").addEventListener("click", (event) => {
    const sort = event.target.dataset.sort;
    if (sort) choose({ mode: "tracks", sort, reversed: sort === view.sort && !view.reversed });
  });
  $("direction").addEventListener("click", () => choose({ reversed: !view.reversed }));
  $("by-track").addEventListener("click", () => choose({ mode: "tracks", album: null }));
  $("by-album").addEventListener("click", () => choose({ mode: "albums", album: null }));
  $("take-all").addEventListener("click", () => changeAll(take));
  $("skip-all").addEventListener("click", () => changeAll(skip));
  $("download").addEventListener("click", download);
  $("discard").addEventListener("click", () => {
    edits.clear();
    refresh();
  });
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("details").addEventListener("close", () => list.focus(list.active));
  let theme = 0;
  $("theme").addEventListener("click", () =>
    setTheme(THEMES[(theme = (theme + 1) % THEMES.length)]),
  );
  addEventListener("keydown", onKey);
  narrow.addEventListener("change", () => list.show(list.items)); // rows have another height
  $("list").addEventListener("focusin", (event) => {
    const row = event.target.closest(".row");
    if (row) list.active = Number(row.dataset.number);
  });
  $("overview").open = !narrow.matches;
  drawCharts();
  $("loading").remove();
  $("app").hidden = false;
  refresh();
  $("overview").addEventListener("toggle", () => list.update());
  $("app").dataset.ready = "true";
}

start();
