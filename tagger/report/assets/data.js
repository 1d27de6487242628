// The data of the page: one compressed block, from which a track is an index into columns.

const NO_LABEL = -1;

const $ = (id) => document.getElementById(id);

/** Makes an element. Children are elements or text; a text is never read as HTML. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "style")
      for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(
    ...children.filter((child) => child !== null && child !== undefined && child !== ""),
  );
  return element;
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

async function unpack(element) {
  const unzipped = new Blob([bytesOf(element.textContent)])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const content = await new Response(unzipped).json();
  element.remove();
  return content;
}

const content = await unpack($("data"));
const { labels, threshold, csvColumns, covers, tracks: columns } = content;
const probabilities = bytesOf(content.probabilities);
const total = columns.path?.length ?? 0;
for (const name of [
  "path",
  "title",
  "artist",
  "album",
  "albumArtist",
  "genre",
  "existing",
  "label",
  "confidence",
  "existingProbability",
  "verdict",
  "status",
  "action",
  "reason",
  "seconds",
  "error",
  "timeline",
  "cover",
]) {
  columns[name] ??= []; // of a report without tracks
}

const plainPath = (i) => cellText(columns.path[i]);
const fileName = (i) => plainPath(i).split(/[\\/]/).pop();
const titleOf = (i) => columns.title[i] || fileName(i);
const artistOf = (i) => columns.artist[i] || columns.albumArtist[i];
const albumArtistOf = (i) => columns.albumArtist[i] || columns.artist[i];
const probability = (i, label) => probabilities[i * labels.length + label] / 255;
const percent = (share) => `${Math.round(share * 100)} %`;
const countOf = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** Colours lie evenly on the circle of hues; lightness and chroma are those of the theme. */
const hueOf = (label) =>
  label === NO_LABEL ? "0" : String(Math.round((label * 360) / labels.length + 20));

const GROUPS = [
  ["all", "All", () => true],
  ["contradict", "Contradicted", (i) => columns.verdict[i] === "contradict"],
  ["uncertain", "Uncertain", (i) => columns.status[i] === "uncertain"],
  ["none", "No genre", (i) => !columns.existing[i] && columns.label[i] !== NO_LABEL],
  ["agree", "Agreed", (i) => columns.verdict[i] === "agree"],
  ["failed", "Not analysed", (i) => columns.label[i] === NO_LABEL],
  ["changed", "Changed here", (i) => edits.has(i)],
];
