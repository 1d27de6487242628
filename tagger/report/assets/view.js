// What is shown: filters, search and order, over all tracks or over their albums.

const view = {
  group: "all",
  label: null,
  existing: null,
  bin: null,
  album: null,
  search: "",
  sort: "doubt",
  reversed: false,
  mode: "tracks",
};

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const RANK = { contradict: 0, uncertain: 1, cannot_tell: 2, agree: 3 };
const doubt = (i) =>
  RANK[
    columns.verdict[i] !== "contradict" && columns.status[i] === "uncertain"
      ? "uncertain"
      : columns.verdict[i]
  ];
const byText = (text) => {
  const texts = Array.from({ length: total }, (_, i) => text(i));
  // Comparing by a collator is slow: every different text gets its rank once.
  const ranks = new Map([...new Set(texts)].sort(collator.compare).map((one, rank) => [one, rank]));
  const values = Int32Array.from(texts, (one) => (one ? ranks.get(one) : total)); // the nameless last
  return (a, b) => values[a] - values[b];
};
const lazily = (build) => {
  let built;
  return (a, b) => (built ??= build())(a, b);
};

const byArtist = lazily(() => byText((i) => albumArtistOf(i)));
const byAlbum = lazily(() => byText((i) => columns.album[i]));
const ORDERS = {
  doubt: [
    "Most doubtful",
    (a, b) => doubt(a) - doubt(b) || columns.confidence[b] - columns.confidence[a],
  ],
  confidence: ["Confidence", (a, b) => columns.confidence[b] - columns.confidence[a]],
  artist: ["Artist and album", (a, b) => byArtist(a, b) || byAlbum(a, b)],
  title: ["Title", lazily(() => byText(titleOf))],
  genre: ["Predicted genre", lazily(() => byText((i) => columns.genre[i]))],
  existing: ["Existing genre", lazily(() => byText((i) => columns.existing[i]))],
  path: ["File", (a, b) => a - b],
};

const BINS = 10;
const binOf = (i) => Math.min(BINS - 1, Math.floor(columns.confidence[i] * BINS));
const albumKey = (i) => `${albumArtistOf(i)}\n${columns.album[i]}`;

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const searchable = [];
function matches(i, words) {
  searchable[i] ??= folded(
    [
      columns.title[i],
      columns.artist[i],
      columns.albumArtist[i],
      columns.album[i],
      columns.genre[i],
      columns.existing[i],
      plainPath(i),
    ].join("\n"),
  );
  return words.every((word) => searchable[i].includes(word));
}

function shownTracks() {
  const words = folded(view.search).split(/\s+/).filter(Boolean);
  const [, , inGroup] = GROUPS.find(([name]) => name === view.group);
  const found = [];
  for (let i = 0; i < total; i++) {
    if (!inGroup(i)) continue;
    if (view.label !== null && columns.label[i] !== view.label) continue;
    if (view.existing !== null && columns.existing[i] !== view.existing) continue;
    if (view.bin !== null && (columns.label[i] === NO_LABEL || binOf(i) !== view.bin)) continue;
    if (view.album !== null && albumKey(i) !== view.album) continue;
    if (words.length && !matches(i, words)) continue;
    found.push(i);
  }
  const [, compare] = ORDERS[view.sort];
  return found.sort((a, b) => (view.reversed ? compare(b, a) : compare(a, b)) || a - b);
}

/** Groups tracks into albums, and those by artist; tracks whose tags name no album are left out. */
function albumsOf(tracks) {
  const albums = new Map();
  for (const i of tracks) {
    if (!columns.album[i]) continue;
    const key = albumKey(i);
    if (!albums.has(key))
      albums.set(key, { key, artist: albumArtistOf(i), name: columns.album[i], tracks: [] });
    albums.get(key).tracks.push(i);
  }
  const sorted = [...albums.values()].sort(
    (a, b) => collator.compare(a.artist, b.artist) || collator.compare(a.name, b.name),
  );
  const rows = [];
  let artist = null;
  for (const album of sorted) {
    if (album.artist !== artist) rows.push({ artist: album.artist || "Unknown artist" });
    artist = album.artist;
    rows.push(album);
  }
  return rows;
}
