// Tables, and the small things that all of them need. Text only ever goes in as text.

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function human(count) {
  for (const unit of ["B", "KB", "MB"]) {
    if (count < 1000) return `${unit === "B" || count >= 100 ? Math.round(count) : count.toFixed(1)} ${unit}`;
    count /= 1000;
  }
  return `${count.toFixed(2)} GB`;
}

function signed(count) {
  return count ? `${count > 0 ? "+" : "\u2212"}${human(Math.abs(count))}` : "0 B";
}

function plural(count, name) {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

// Why a package is there, in words.
function reason(data, row) {
  const above = row[11].map((index) => data.packages[index][0]);
  if (above.length) return `${above.join(" \u203A ")} needs it`;
  return row[10] ? "asked for" : "nothing needs it";
}

function cell(value, className) {
  const element = make("td", { className: className || "" });
  element.append(value instanceof Node ? value : String(value));
  return element;
}

function meter(size, most) {
  const bar = make("i", {});
  bar.style.width = `${most ? (100 * size) / most : 0}%`;
  return make("span", {}, human(size), make("span", { className: "meter", ariaHidden: "true" }, bar));
}

// A long text in two lines; all of it when the mouse is over it.
function clamped(text) {
  return make("span", { className: "clamped", textContent: text || "-", title: text });
}

function delta(count) {
  return make("span", { className: count > 0 ? "more" : count < 0 ? "less" : "", textContent: signed(count) });
}

// A table that is not sorted; columns are [title, class].
function fill(table, columns, rows) {
  const head = columns.map(([title, className]) => make("th", { textContent: title, className, scope: "col" }));
  const body = rows.map((row) => make("tr", {}, ...row.map((value, at) => cell(value, columns[at][1]))));
  table.append(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  return table;
}

function captioned(text, columns, rows) {
  const table = make("table", {}, make("caption", { textContent: text }));
  return make("div", { className: "wide" }, fill(table, columns, rows));
}

// A table whose headings sort it, and that shows what is searched for.
// columns are [title, class, what to sort by, what to show]; rows are packages as page/__init__.py has them.
class Searchable {
  constructor(table, columns, rows, text) {
    this.columns = columns;
    this.rows = rows.map((row) => ({ row, text: text(row).toLowerCase(), line: this.line(row) }));
    this.headings = columns.map(([title, className], at) => this.heading(title, className, at));
    this.body = make("tbody", {});
    table.append(make("thead", {}, make("tr", {}, ...this.headings)), this.body);
  }

  line(row) {
    return make("tr", {}, ...this.columns.map(([, className, , show]) => cell(show(row), className)));
  }

  heading(title, className, at) {
    const button = make("button", { type: "button", textContent: title });
    button.addEventListener("click", () => this.sort(at));
    return make("th", { scope: "col", className }, button);
  }

  sort(at, descending) {
    const heading = this.headings[at];
    const down = descending ?? heading.getAttribute("aria-sort") === "ascending";
    for (const other of this.headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = this.columns[at][2];
    const compare = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
    this.rows.sort((a, b) => (down ? -1 : 1) * compare(a.row, b.row));
    this.body.replaceChildren(...this.rows.map((each) => each.line));
  }

  // Hide what has not every word of query; gives how many rows are left.
  search(query) {
    const words = query.toLowerCase().split(/\s+/);
    for (const each of this.rows) each.line.hidden = !words.every((word) => each.text.includes(word));
    return this.rows.filter((each) => !each.line.hidden).length;
  }
}
