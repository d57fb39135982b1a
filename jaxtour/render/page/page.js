/* The page: which call it shows, which panes, and what is highlighted. */

class Page {
  constructor() {
    this.hidden = new Set();
    this.pinned = false;
    this.printing = false;
    this.calls = [];
    this.probe = {};
    for (const name of ["--amber", "--primary"]) {
      this.probe[name] = document.body.appendChild(make("i"));
      this.probe[name].style.color = `var(${name})`;
    }
    const measured = document.body.appendChild(make("span", "", "0".repeat(100)));
    measured.style.position = "absolute";
    this.cell = measured.getBoundingClientRect().width / 100;
    measured.remove();
    by("choose").hidden = data.calls.length < 2;
    by("choose").style.display = data.calls.length < 2 ? "none" : "";
    by("call").addEventListener("change", () => this.open(by("call").selectedIndex));
    by("theme").addEventListener("click", () => this.theme());
    by("find").addEventListener("input", () => this.find());
    by("find").addEventListener("keydown", event => {
      if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") { by("find").value = ""; this.find(); by("find").blur(); }
    });
    document.addEventListener("keydown", event => this.key(event));
    window.addEventListener("resize", () => this.arrange());
    window.addEventListener("beforeprint", () => this.print(true));
    window.addEventListener("afterprint", () => this.print(false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.panes.forEach(each => each.rule()));
    for (const [name, pins] of [["mouseover", false], ["focusin", false], ["click", true]]) {
      by("more").addEventListener(name, event => this.link(event.target.closest("[data-link]"), pins));
    }
    by("more").addEventListener("mouseleave", () => this.pinned || this.show(null));
    by("more").addEventListener("keydown", event => {
      const node = event.target.closest("[data-link]");
      if (node && event.key === "Enter") this.link(node, true);
    });
    document.querySelectorAll("svg.memory").forEach(picture => this.picture(picture));
    this.open(0);
  }

  open(at) {
    this.call = this.calls[at] ||= new Call(data.calls[at] || {files: [], words: [], places: [], stages: []});
    this.panes = [];
    if (this.call.files.length) this.panes.push(new SourcePane(this, this.call, 1));
    for (const stage of this.call.stages) this.panes.push(new StagePane(this, this.call, stage, this.panes.length + 1));
    by("panes").replaceChildren(...this.panes.map(each => each.root));
    document.querySelectorAll("#more .call").forEach((each, place) => each.classList.toggle("shown", place === at));
    this.pinned = false;
    this.arrange();
    this.find();
  }

  arrange() {
    const shown = this.panes.filter(each => !this.hidden.has(each.name));
    this.panes.forEach(each => { each.root.style.display = this.hidden.has(each.name) ? "none" : ""; });
    const fits = Math.max(1, Math.floor(window.innerWidth / 370));
    const columns = shown.length > fits ? Math.min(fits, Math.ceil(shown.length / 2)) : Math.max(1, shown.length);
    by("panes").style.setProperty("--columns", columns);
    const lines = Math.max(3, ...shown.map(each => each.count || 0)) * ROW + 24;
    const most = window.innerHeight * (columns < shown.length ? 0.4 : 0.64);
    by("panes").style.setProperty("--tall", `${Math.round(Math.min(lines, most))}px`);
    this.show(this.target || null, this.from);
    this.panes.forEach(each => each.draw(true));
  }

  show(target, from = null, reveal = false) {
    [this.target, this.from] = [target, from];
    for (const pane of this.panes) {
      pane.light(target);
      pane.relight();
      pane.rule();
      const lit = reveal && pane !== from ? pane.litRows() : [];
      const top = pane.scroll.scrollTop / ROW, bottom = top + pane.scroll.clientHeight / ROW - 1;
      if (lit.length && !lit.some(row => row >= top && row <= bottom)) pane.see(lit[0], true);
    }
    const hlo = this.panes.find(each => each.name === "HLO"), source = this.panes.find(each => each.name === "source");
    for (const node of document.querySelectorAll("#more .shown [data-link]")) {
      const [kind, one, other] = node.dataset.link.split(":");
      const lit = kind === "hlo" ? hlo?.lit[one] : source?.litRows().includes(source.rowAt(Number(one), Number(other)));
      node.classList.toggle("lit", Boolean(target && lit));
    }
    this.say(target);
    by("said").classList.toggle("pinned", this.pinned);
  }

  pin(target, from) {
    this.pinned = Boolean(target);
    this.show(target, from, true);
  }

  say(target) {
    const said = [];
    const parts = make("span");
    if (target) {
      const source = target.places[0];
      const here = source && source.id >= 0 ? this.call.place(source) : target.line ? `line ${target.line}` : "";
      if (here) parts.append(make("b", "", here), "  ");
      if (source && source.id >= 0 && source.line === source.endLine) {
        const line = characters(this.call.files[source.file].lines[source.line - 1] || "");
        said.push(cut(line, source.column - 1, source.endColumn - 1));
      }
      if (target.stage) {
        const origin = target.stage.origins[target.stage.ids[target.row]];
        if (origin[0].length > 1) said.push(`from ${count(origin[0].length, "expression")}`);
        if (this.call.words[origin[6]]) said.push(this.call.words[origin[6]]);
        if (!target.places.length) {
          said.push(`no source: ${this.call.words[origin[4]] || "this line is not an instruction of its own"}`);
        }
        const time = target.stage.time[target.row];
        if (time) said.push(time[2]);
      } else {
        const time = this.call.files[target.file].time[target.line - 1];
        if (!target.places.length) said.push("nothing in the stages comes from this line");
        if (time && parts.firstChild && here.startsWith("line")) parts.replaceChildren();
        if (time) said.push(time[2]);
      }
      const numbers = this.panes.filter(each => each.stage && !each.stage.error)
        .map(each => [each.litRows().filter(row => each.stage.isHead[row]).length, each.stage.name]);
      if (target.places.length) said.push(`→ ${numbers.map(([number, name]) => `${number} in ${name}`).join(", ")}`);
      parts.append(said.join("   "));
    } else {
      parts.append(make("span", "muted", "Point at an expression or a line: what belongs to it lights up in every pane."));
    }
    by("said").replaceChildren(parts);
  }

  link(node, pins) {
    if (!node || (this.pinned && !pins)) return;
    const [kind, one, other] = node.dataset.link.split(":");
    const pane = this.panes.find(each => each.name === (kind === "hlo" ? "HLO" : "source"));
    if (!pane) return;
    const row = kind === "hlo" ? Number(one) : pane.rowAt(Number(one), Number(other));
    pane.expression = 0;
    const target = pane.targetAt(row);
    if (!pins) { this.show(target); return; }
    pane.cursor = row;
    this.pin(target, pane);
    pane.see(row, true);
    pane.scroll.focus({preventScroll: true});
    by("panes").scrollIntoView({block: "nearest"});
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
    if (event.key === "Escape") {
      this.pinned = false;
      this.show(null);
    } else if (event.key === "/") {
      by("find").focus();
    } else if (/^[1-9]$/.test(event.key) && this.panes[event.key - 1]) {
      const {name} = this.panes[event.key - 1];
      this.hidden.has(name) ? this.hidden.delete(name) : this.hidden.add(name);
      this.arrange();
    } else return;
    event.preventDefault();
  }

  find() {
    const wanted = by("find").value.toLowerCase();
    this.found = [];
    for (const pane of this.panes) {
      pane.hits = new Set();
      for (let row = 0; wanted && row < pane.count; row++) {
        if (pane.text(row).toLowerCase().includes(wanted)) {
          pane.hits.add(row);
          this.found.push([pane, row]);
        }
      }
      pane.draw(true);
      pane.rule();
    }
    this.place = -1;
    by("found").textContent = wanted ? count(this.found.length, "line") : "";
  }

  next(step) {
    if (!this.found.length) return;
    this.place = (this.place + step + this.found.length) % this.found.length;
    const [pane, row] = this.found[this.place];
    this.hidden.delete(pane.name);
    this.arrange();
    pane.expression = 0;
    pane.see(row, true);
    pane.go(row);
    by("found").textContent = `${this.place + 1} of ${count(this.found.length, "line")}`;
  }

  theme() {
    const every = ["auto", "dark", "light"];
    const next = every[(every.indexOf(root.dataset.theme || "auto") + 1) % every.length];
    root.dataset.theme = next;
    by("theme").textContent = next;
    this.panes.forEach(each => each.rule());
  }

  print(now) {
    this.printing = now;
    this.panes.forEach(each => each.draw(true));
  }

  picture(picture) {
    const lines = picture.dataset.lines.split(","), bytes = picture.dataset.bytes.split(";");
    const left = Number(picture.dataset.left), cell = Number(picture.dataset.cell);
    const here = picture.querySelector(".here"), readout = picture.querySelector(".readout"), rest = readout.textContent;
    const at = event => {
      const box = picture.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * picture.viewBox.baseVal.width - left;
      return x >= 0 ? Math.min(lines.length - 1, Math.floor(x / cell)) : -1;
    };
    picture.addEventListener("mousemove", event => {
      const column = at(event);
      here.classList.toggle("on", column >= 0);
      if (column < 0) return;
      here.setAttribute("transform", `translate(${left + (column + 0.5) * cell} 0)`);
      const hlo = this.panes.find(each => each.name === "HLO");
      const text = hlo && !hlo.stage.error ? (hlo.text(Number(lines[column])) || "").trim().split(" = ")[0] : "";
      readout.textContent = `${bytes[column]} at ${text}`;
    });
    picture.addEventListener("mouseleave", () => {
      here.classList.remove("on");
      readout.textContent = rest;
    });
  }
}

window.jaxtour = new Page();
