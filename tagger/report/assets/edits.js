// Changes made on the page, and the CSV of them that `genretag apply` takes.

const edits = new Map(); // track → {genre, action}
let downloaded = true;

const FORMULA = /^[=+\-@\t\r']/; // a spreadsheet would run it, or it is marked already

const textCell = (text) => (FORMULA.test(text) ? `'${text}` : text);
function cellText(cell) {
  return cell[0] === "'" && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Notes that a genre is to be written; without a genre, that the existing one is to be removed. */
function write(i, genre) {
  const wanted = genre
    .split(/(?<!\\);/)
    .map((part) => part.trim())
    .filter(Boolean)
    .join("; ");
  if (wanted === columns.existing[i]) edits.delete(i);
  else edits.set(i, wanted ? { genre: wanted, action: "write" } : { genre: "", action: "clear" });
  downloaded = false;
}

const canTake = (i) => columns.genre[i] !== "" && columns.status[i] !== "unreadable";

function take(i) {
  if (canTake(i)) write(i, columns.genre[i]);
}

function skip(i) {
  edits.set(i, { genre: columns.genre[i], action: "skip" });
  downloaded = false;
}

function undo(i) {
  edits.delete(i);
  downloaded = false;
}

function secondBest(i) {
  if (columns.label[i] === NO_LABEL) return ["", ""];
  const others = labels
    .map((name, label) => [name, probability(i, label), label])
    .filter(([, , label]) => label !== columns.label[i]);
  const [name, share] = others.reduce(
    (best, other) => (other[1] > best[1] ? other : best),
    ["", 0],
  );
  return [name, share.toFixed(4)];
}

function csv() {
  const lines = [...edits]
    .sort(([a], [b]) => a - b)
    .map(([i, edit]) => {
      const [second, share] = secondBest(i);
      const cells = {
        path: columns.path[i],
        status: columns.status[i],
        genre: textCell(edit.genre),
        confidence: columns.confidence[i].toFixed(4),
        second_genre: textCell(second),
        second_confidence: share,
        existing_genre: textCell(columns.existing[i]),
        action: edit.action,
        seconds: columns.seconds[i].toFixed(2),
        error: textCell(columns.error[i]),
      };
      return csvColumns.map((name) => quoted(cells[name])).join(",");
    });
  return `${[csvColumns.join(","), ...lines].join("\n")}\n`;
}

const FILE_NAME = "genre-changes.csv";

function download() {
  const url = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  make("a", { href: url, download: FILE_NAME }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  downloaded = true;
}

addEventListener("beforeunload", (event) => {
  if (edits.size && !downloaded) event.preventDefault();
});
