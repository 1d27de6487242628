// A list that draws only the rows in sight: 50,000 tracks are as quick as fifty.

const SPARE = 400; // pixels above and below those in sight
const MARGIN = 6; // pixels between the active row and what would cover it

class VirtualList {
  /**
   * @param element takes the rows.
   * @param draw makes the row of an item: (item, number) → element.
   * @param height of the row of an item in pixels: (item) → number.
   */
  constructor(element, draw, height) {
    this.element = element;
    this.draw = draw;
    this.heightOf = height;
    this.items = [];
    this.tops = [0]; // of each row, and the bottom of the last one
    this.rows = new Map(); // number of the item → its element
    this.active = 0;
    addEventListener("scroll", () => this.update(), { passive: true });
    addEventListener("resize", () => this.update());
  }

  /** Shows other items, or the same ones anew. */
  show(items) {
    this.items = items;
    this.active = Math.max(0, Math.min(this.active, items.length - 1));
    this.tops = new Float64Array(items.length + 1);
    items.forEach(
      (item, number) => (this.tops[number + 1] = this.tops[number] + this.heightOf(item)),
    );
    this.element.style.height = `${this.tops.at(-1)}px`;
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.update();
  }

  /** Returns the number of the row at a height, found by halving. */
  rowAt(height) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  update() {
    const top = -this.element.getBoundingClientRect().top;
    const first = this.rowAt(top - SPARE);
    const last = Math.min(this.items.length - 1, this.rowAt(top + innerHeight + SPARE));
    const focused = this.element.contains(document.activeElement);
    for (const [number, row] of this.rows) {
      if ((number < first || number > last) && !(focused && number === this.active)) {
        row.remove();
        this.rows.delete(number);
      }
    }
    for (let number = first; number <= last; number++) this.ensure(number);
  }

  ensure(number) {
    if (this.rows.has(number)) return this.rows.get(number);
    const row = this.draw(this.items[number], number);
    row.style.transform = `translateY(${this.tops[number]}px)`;
    row.style.height = `${this.tops[number + 1] - this.tops[number]}px`;
    row.tabIndex = number === this.active ? 0 : -1;
    // In their order, for those who go through the page without seeing it.
    const later = [...this.rows.keys()].filter((other) => other > number);
    this.element.insertBefore(row, later.length ? this.rows.get(Math.min(...later)) : null);
    this.rows.set(number, row);
    return row;
  }

  /** Draws the row of an item again, since something about it has changed. */
  redraw(item) {
    const number = this.items.indexOf(item);
    const old = this.rows.get(number);
    if (!old) return;
    const focused = old.contains(document.activeElement);
    this.rows.delete(number);
    old.remove();
    const row = this.ensure(number);
    if (focused) row.focus({ preventScroll: true });
  }

  /** Moves the focus to a row, and the row to where nothing covers it. */
  focus(number) {
    if (!this.items.length) return;
    const before = this.rows.get(this.active);
    if (before) before.tabIndex = -1;
    this.active = Math.max(0, Math.min(number, this.items.length - 1));
    const list = this.element.getBoundingClientRect().top;
    const above = this.tops[this.active] + list - coveredAbove() - MARGIN;
    const below = this.tops[this.active + 1] + list - (innerHeight - coveredBelow() - MARGIN);
    if (above < 0) scrollBy(0, above);
    else if (below > 0) scrollBy(0, below);
    this.update();
    const row = this.ensure(this.active);
    row.tabIndex = 0;
    row.focus({ preventScroll: true });
  }
}
