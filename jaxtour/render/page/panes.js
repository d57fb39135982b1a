/* A pane paints only the rows in view, so its length costs nothing. */

class Pane {
  constructor(page, name, facts, number) {
    this.page = page;
    this.cursor = 0;
    this.expression = 0;
    this.lit = new Uint8Array(0);
    this.hits = new Set();
    this.name = name;
    this.root = make("div", "pane");
    const heading = make("h2");
    heading.append(make("span", "key", `${number} `), name);
    this.scroll = make("div", "scroll");
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "listbox");
    this.scroll.setAttribute("aria-label", name);
    this.spacer = make("div", "spacer");
    this.rows = make("div", "rows");
    this.spacer.append(this.rows);
    this.scroll.append(this.spacer);
    this.ruler = make("canvas", "ruler");
    this.root.append(heading, this.scroll, this.ruler, make("div", "facts", facts));
    this.scroll.addEventListener("scroll", () => this.draw());
    this.scroll.addEventListener("keydown", event => this.key(event));
    // By keys only: a click itself says which line it means.
    this.scroll.addEventListener("focus", () => page.pinned || !this.scroll.matches(":focus-visible") || this.follow());
    this.scroll.addEventListener("mousemove", event => this.hover(event));
    this.scroll.addEventListener("mouseleave", () => page.pinned || page.show(null));
    this.scroll.addEventListener("click", event => this.click(event));
    this.ruler.addEventListener("click", event => {
      const part = event.offsetY / this.ruler.clientHeight;
      this.scroll.scrollTop = part * this.count * ROW - this.scroll.clientHeight / 2;
    });
  }

  sized(count, widest) {
    this.count = count;
    this.spacer.style.height = `${count * ROW}px`;
    this.spacer.style.minWidth = `${widest + this.gutter + 4}ch`;
  }

  get range() {
    if (this.page.printing) return [0, Math.min(this.count, MOST_PRINTED)];
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
    return [first, Math.min(this.count, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / ROW) + SPARE)];
  }

  draw(again = false) {
    const [first, end] = this.range;
    if (!again && first === this.first && end === this.end) return;
    [this.first, this.end] = [first, end];
    this.rows.style.top = this.page.printing ? "0" : `${first * ROW}px`;
    const rows = [];
    for (let row = first; row < end; row++) rows.push(this.row(row));
    if (this.page.printing && end < this.count) {
      rows.push(make("div", "row head", `… ${count(this.count - end, "more line")}, not printed`));
    }
    this.rows.replaceChildren(...rows);
    this.scroll.setAttribute("aria-activedescendant", `${this.name}-${this.cursor}`);
  }

  relight() { this.draw(true); }

  dress(node, row, lit) {
    node.dataset.row = row;
    node.id = `${this.name}-${row}`;
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", String(row === this.cursor));
    node.classList.toggle("lit", Boolean(lit));
    node.classList.toggle("cursor", row === this.cursor);
    node.classList.toggle("hit", this.hits.has(row));
    return node;
  }

  /* A line in its styles, with marks [start, end, tag] over them. */
  code(text, styles, marks = []) {
    const node = make("span", "code");
    const whole = characters(text);
    const edges = new Set([0, whole.length]);
    const runs = [];
    let at = 0;
    for (const [, length, letter] of (styles || "").matchAll(/(\d+)(\D)/g)) {
      runs.push([at, at += Number(length), data.styles[letter] || ""]);
    }
    for (const [start, end] of [...runs, ...marks]) {
      edges.add(Math.min(start, whole.length)).add(Math.min(end, whole.length));
    }
    const sorted = [...edges].sort((one, other) => one - other);
    let into = node, before;
    for (let piece = 0, run = 0; piece + 1 < sorted.length; piece++) {
      const start = sorted[piece];
      while (run < runs.length && runs[run][1] <= start) run++;
      const style = run < runs.length && runs[run][0] <= start ? runs[run][2] : "";
      const mark = marks.find(each => each[0] <= start && start < each[1]);
      const part = cut(whole, start, sorted[piece + 1]);
      if (mark !== before) into = mark ? node.appendChild(make(mark[2])) : node;
      before = mark;
      into.append(style ? make("span", style, part) : part);
    }
    return node;
  }

  share(gutter, time, widest, bar) {
    if (!widest) return;
    if (bar) {
      const box = make("span", "bar");
      if (time) {
        const filled = make("i");
        filled.style.width = `${Math.max(1, time[0] * 34)}px`;
        box.append(filled);
      }
      gutter.append(box);
    }
    const shown = make("span", "share", time ? time[1] : "");
    shown.style.width = `${widest}ch`;
    gutter.append(shown);
  }

  go(row, reveal = true) {
    this.cursor = Math.max(0, Math.min(this.count - 1, row));
    this.see(this.cursor);
    this.page.pinned = false;
    this.follow(reveal);
  }

  see(row, middle = false) {
    const top = row * ROW, view = this.scroll.clientHeight;
    if (middle && (top < this.scroll.scrollTop || top + ROW > this.scroll.scrollTop + view)) {
      this.scroll.scrollTop = top - view / 2;
    } else if (top < this.scroll.scrollTop) {
      this.scroll.scrollTop = top;
    } else if (top + ROW > this.scroll.scrollTop + view) {
      this.scroll.scrollTop = top + ROW - view;
    }
    this.draw();
  }

  follow(reveal = true) { this.page.show(this.targetAt(this.cursor), this, reveal); }

  key(event) {
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / ROW) - 1);
    const moves = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count};
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) {
      this.expression = 0;
      this.go(this.cursor + moves[event.key]);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      if (!this.sideways(event.key === "ArrowRight" ? 1 : -1)) return;
    } else if (event.key === "Enter") {
      this.page.pin(this.targetAt(this.cursor), this);
    } else return;
    event.preventDefault();
  }

  sideways() { return false; }

  /* Rows are found by their place, since they are made again while the mouse is over them. */
  rowOf(event) {
    const row = Math.floor((event.clientY - this.spacer.getBoundingClientRect().top) / ROW);
    return row >= 0 && row < this.count ? row : -1;
  }

  hover(event) {
    if (this.page.pinned) return;
    const row = this.rowOf(event);
    const column = row >= 0 ? this.columnOf(event) : 0;
    if (row === this.hovered && column === this.hoveredColumn && this.page.from === this) return;
    [this.hovered, this.hoveredColumn] = [row, column];
    this.page.show(row >= 0 ? this.targetAt(row, column) : null, this);
  }

  click(event) {
    const row = this.rowOf(event);
    if (row < 0 || String(window.getSelection())) return;
    this.cursor = row;
    this.expression = 0;
    this.page.pin(this.targetAt(row, this.columnOf(event)), this);
  }

  columnOf() { return 0; }

  /* Shows where the linked lines are in the whole pane. */
  rule() {
    const {ruler} = this;
    const height = ruler.height = Math.max(1, ruler.clientHeight);
    ruler.width = 6;
    const pen = ruler.getContext("2d");
    const style = getComputedStyle(ruler);
    for (const [rows, colour] of [[this.hitRows(), "--primary"], [this.litRows(), "--amber"]]) {
      pen.fillStyle = getComputedStyle(this.page.probe[colour]).color || style.color;
      let last = -2;
      for (const row of rows) {
        const y = Math.floor(row / this.count * height);
        if (y > last) pen.fillRect(0, y, 6, 3);
        last = y;
      }
    }
  }

  hitRows() { return [...this.hits]; }

  litRows() {
    const rows = [];
    for (let row = this.lit.indexOf(1); row >= 0; row = this.lit.indexOf(1, row + 1)) rows.push(row);
    return rows;
  }
}

class SourcePane extends Pane {
  constructor(page, call, number) {
    super(page, "source", call.files.length > 1 ? count(call.files.length, "file") : call.files[0]?.name || "", number);
    this.call = call;
    this.table = [];
    this.marks = new Map();
    let widest = 0, share = 0;
    call.files.forEach((file, id) => {
      if (call.files.length > 1) this.table.push({id, head: file.name});
      const paint = file.styles.split("\n");
      file.lines = file.text.split("\n");
      file.first = this.table.length;
      file.lines.forEach((text, at) => {
        widest = Math.max(widest, text.length);
        this.table.push({id, line: at + 1, text, paint: paint[at], time: file.time[at]});
      });
      for (const time of Object.values(file.time)) share = Math.max(share, time[1].length);
    });
    this.digits = Math.max(2, String(Math.max(1, ...call.files.map(file => file.lines.length))).length);
    this.shareWidth = share;
    this.gutter = this.digits + (share ? share + 8 : 0) + 3;
    this.sized(this.table.length, widest);
    this.cursor = call.files.length > 1 ? 1 : 0;
  }

  text(row) { return this.table[row].text || ""; }

  rowAt(file, line) { return this.call.files[file].first + line - 1; }

  row(row) {
    const {head, line, text, paint, time} = this.table[row];
    if (head !== undefined) return this.dress(make("div", "row head", head), row, false);
    const node = make("div", "row");
    const gutter = make("span", "gutter");
    this.share(gutter, time, this.shareWidth, true);
    const number = make("span", "num", String(line));
    number.style.width = `${this.digits}ch`;
    gutter.append(number);
    const marks = this.marks.get(row);
    node.append(gutter, this.code(text, paint, marks));
    this.dress(node, row, false);
    if (marks && marks.some(each => each[2] === "mark")) gutter.style.borderLeftColor = "var(--amber)";
    return node;
  }

  selections(row) {
    const {id, line} = this.table[row];
    const found = this.call.places.filter(place => place.file === id && place.line === line);
    return found.sort((one, other) => one.start - other.start || other.end - one.end);
  }

  sideways(step) {
    const found = this.selections(this.cursor);
    const next = this.expression + step;
    if (!found.length || next < 0 || next > found.length) return false;
    this.expression = next;
    this.page.pinned = false;
    this.follow();
    return true;
  }

  targetAt(row, column = 0) {
    const {id, line, head} = this.table[row] || {head: ""};
    if (head !== undefined) return null;
    if (this.expression && !column && row === this.cursor) {
      const place = this.selections(row)[this.expression - 1];
      if (place) return {places: [place], exact: false, file: id, line};
    }
    const found = column ? this.call.at(id, line, column) : {places: []};
    return found.places.length ? found : this.call.at(id, line);
  }

  columnOf(event) {
    const code = this.rows.querySelector(".code");
    if (!code) return 0;
    const at = (event.clientX - code.getBoundingClientRect().left) / this.page.cell;
    return at >= 0 ? Math.floor(at) + 1 : 0;
  }

  light(target) {
    this.marks = new Map();
    for (const [places, tag] of target ? [[target.callers || [], "u"], [target.places, "mark"]] : []) {
      for (const place of places) {
        for (let line = place.line; line <= place.endLine; line++) {
          const row = this.rowAt(place.file, line), {text} = this.table[row] || {};
          if (text === undefined) continue;
          const start = line === place.line ? place.column - 1 : text.length - text.trimStart().length;
          const end = line === place.endLine ? Math.min(place.endColumn - 1, text.length) : text.length;
          const from = place.id < 0 ? text.length - text.trimStart().length : start;
          if (end > from) this.marks.set(row, [[from, end, tag], ...(this.marks.get(row) || [])]);
        }
      }
    }
  }

  litRows() {
    return [...this.marks.keys()].filter(row => this.marks.get(row).some(each => each[2] === "mark"))
      .sort((one, other) => one - other);
  }
}

class StagePane extends Pane {
  constructor(page, call, stage, number) {
    super(page, stage.name, stage.facts || "", number);
    this.call = call;
    this.stage = stage;
    if (stage.error) {
      this.count = this.gutter = 0;
      this.scroll.replaceChildren(make("div", "none", `not available: ${stage.error}`));
      return;
    }
    const widths = stage.origins.map(origin => this.where(origin).length);
    this.placeWidth = Math.min(16, Math.max(0, ...widths));
    this.shareWidth = Math.max(0, ...Object.values(stage.time).map(time => time[1].length));
    this.gutter = this.placeWidth + 3 + (this.shareWidth ? this.shareWidth + 1 : 0) + 2;
    this.sized(stage.lines.length, stage.lines.reduce((most, line) => Math.max(most, line.length), 0));
  }

  where(origin) {
    const [own] = origin;
    return own.length ? this.call.place(this.call.places[own[0]]) + (own.length > 1 ? "+" : "") : "";
  }

  text(row) { return this.stage.lines[row]; }

  row(row) {
    const {stage} = this;
    const node = make("div", "row");
    const gutter = make("span", "gutter");
    const origin = stage.origins[stage.ids[row]], head = stage.isHead[row];
    this.share(gutter, stage.time[row], this.shareWidth, false);
    const place = make("span", "num", head ? this.where(origin).slice(0, this.placeWidth) : "");
    place.style.width = `${this.placeWidth}ch`;
    gutter.append(place, make("span", "sign", head ? ` ${this.call.words[origin[5]]}` : ""));
    node.append(gutter, this.code(stage.lines[row], stage.paint[row]));
    return this.dress(node, row, this.lit[row]);
  }

  targetAt(row) { return this.stage.error ? null : this.call.target(this.stage, row); }

  light(target) {
    this.lit = this.stage.error ? new Uint8Array(0) : this.call.lines(this.stage, target && target.places.length ? target : null);
  }

  draw(again) { if (!this.stage.error) super.draw(again); }

  relight() {
    this.draw();
    for (const node of this.rows.children) {
      if (node.dataset.row) this.dress(node, Number(node.dataset.row), this.lit[node.dataset.row]);
    }
  }

  rule() { if (!this.stage.error) super.rule(); }

  key(event) { if (!this.stage.error) super.key(event); }

  follow(reveal) { if (!this.stage.error) super.follow(reveal); }
}
