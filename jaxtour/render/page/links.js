const ROW = 19, SPARE = 12, MOST_PRINTED = 3000, LINE_END = 999999;
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const by = id => document.getElementById(id);

function make(tag, name = "", text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}

// Columns count characters; a JavaScript string counts some of them twice.
const characters = text => /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
const cut = (found, start, end) => typeof found === "string" ? found.slice(start, end) : found.slice(start, end).join("");
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/* Links: the rules of the tour itself, on the origins of each stage. */

class Call {
  constructor(given) {
    this.files = given.files;
    this.words = given.words;
    this.places = given.places.map(([file, line, column, endLine, endColumn], id) => ({
      id, file, line, column, endLine, endColumn, start: line * 1e6 + column, end: endLine * 1e6 + endColumn,
    }));
    this.stages = given.stages;
    for (const stage of this.stages.filter(each => !each.error)) {
      stage.lines = stage.text.split("\n");
      stage.paint = stage.styles.split("\n");
      stage.isHead = new Uint8Array(stage.lines.length);
      let at = 0;
      for (const step of stage.heads) stage.isHead[at += step] = 1;
      stage.own = new Map();
      stage.around = new Map();
      stage.origins.forEach((origin, id) => [stage.own, stage.around].forEach((index, side) => {
        for (const place of origin[side]) index.has(place) ? index.get(place).push(id) : index.set(place, [id]);
      }));
    }
  }

  smallest(places) {
    return places.reduce((best, each) => !best || each.start > best.start
      || (each.start === best.start && each.end < best.end) ? each : best, null);
  }

  /* What a place in the source stands for: the smallest expression there, or everything that begins on the line. */
  at(file, line, column = 0) {
    const places = this.places.filter(each => each.file === file);
    const one = found => ({places: found ? [found] : [], exact: false, file, line});
    if (column) {
      const here = line * 1e6 + column;
      return one(this.smallest(places.filter(each => each.start <= here && here < each.end)));
    }
    const begin = places.filter(each => each.line === line);
    if (!begin.length) {
      return one(this.smallest(places.filter(each => each.start < line * 1e6 && each.end > line * 1e6 + 1)));
    }
    const whole = {id: -1, file, line, column: 1, endLine: line, endColumn: LINE_END,
      start: line * 1e6 + 1, end: line * 1e6 + LINE_END};
    return {places: [whole, ...begin.filter(each => each.endLine > line)], exact: false, file, line};
  }

  target(stage, row) {
    const [own, callers, path, many] = stage.origins[stage.ids[row]];
    return {places: own.map(id => this.places[id]), callers: callers.map(id => this.places[id]),
      path: many ? 0 : path, exact: true, stage, row};
  }

  origins(stage, target) {
    const found = new Set();
    const add = ids => ids && ids.forEach(id => found.add(id));
    if (target.exact) {
      for (const place of target.places) add(this.narrowed(stage, stage.own.get(place.id) || [], target.path));
      if (!found.size) for (const place of target.places) add(stage.around.get(place.id));
      return found;
    }
    for (const wanted of target.places) {
      for (const place of this.places) {
        if (place.file === wanted.file && place.start >= wanted.start && place.start < wanted.end
            && place.end <= wanted.end) {
          add(stage.own.get(place.id));
          add(stage.around.get(place.id));
        }
      }
    }
    return found;
  }

  narrowed(stage, ids, path) {
    const word = this.words[path];
    const same = id => stage.origins[id][2] === path;
    if (!word || !ids.some(same)) return ids;
    return ids.filter(id => same(id) || stage.origins[id][3]);
  }

  lines(stage, target) {
    const lit = new Uint8Array(stage.ids.length);
    if (target) {
      const origins = this.origins(stage, target);
      if (origins.size) stage.ids.forEach((id, row) => { if (origins.has(id)) lit[row] = 1; });
    }
    return lit;
  }

  place(place) {
    const name = place.file ? `${this.files[place.file].name} ` : "";
    return `${name}${place.line}:${place.column}`;
  }
}
