// Draws one node of a tree at a time; clicking a rectangle goes into it.

const HUES = [250, 60, 150, 20, 305, 105, 200, 345];
const HELP = "Click a rectangle to go into it, or use the arrow keys, Enter and Escape.";
const LABEL = [52, 20]; // pixels of a rectangle that a name fits into
const INNER = [40, 30]; // of one that shows what is in it
const NAME = [64, 20]; // and of one of these with its name

class Treemap {
  constructor(data, elements, changed) {
    Object.assign(this, { data, ...elements, changed });
    this.byLayer = colouredByLayer(data);
    this.mode = "package";
    this.map.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.map);
    for (const [mode, [label]] of Object.entries(MODES)) this.addMode(mode, label);
    this.show("package");
  }

  addMode(mode, label) {
    const button = make("button", { type: "button", textContent: label });
    button.dataset.mode = mode;
    button.addEventListener("click", () => this.show(mode));
    this.modes.append(button);
  }

  show(mode) {
    this.mode = mode;
    for (const button of this.modes.children) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    const root = node(this.data.name || "image", MODES[mode][1](this.data));
    root.children.forEach((child, index) => hue(child, this.byLayer ? null : index));
    this.path = [root];
    this.draw();
    this.detail.textContent = HELP;
  }

  // Go into the package of that index.
  open(index) {
    this.show("package");
    const path = find(this.path[0], index);
    if (path) this.zoom([this.path[0], ...path]);
  }

  zoom(path) {
    this.path = path;
    this.draw();
    this.tell(path[path.length - 1]);
  }

  out() {
    if (this.path.length > 1) this.zoom(this.path.slice(0, -1));
    this.focus(0);
  }

  key(event) {
    const cells = this.cells();
    const at = cells.indexOf(document.activeElement);
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -at, End: cells.length - 1 - at };
    if (event.key in steps) this.focus(at + steps[event.key]);
    else if (event.key === "Escape" || event.key === "Backspace") this.out();
    else return;
    event.preventDefault();
  }

  cells() {
    return [...this.map.querySelectorAll(".cell")];
  }

  focus(index) {
    const cells = this.cells();
    const cell = cells[Math.max(0, Math.min(index, cells.length - 1))];
    if (!cell) return;
    for (const other of cells) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }

  draw() {
    const top = this.path[this.path.length - 1];
    const { clientWidth: width, clientHeight: height } = this.map;
    const inside = this.map.contains(document.activeElement);
    const children = top.children || [top];
    const cells = squarify(children, 0, 0, width, height).map((cell, index) => this.cell(cell, index, width, height));
    this.map.replaceChildren(...cells);
    this.crumbs();
    if (inside) this.focus(0);
  }

  cell([child, x, y, w, h], index, width, height) {
    const cell = make("button", { type: "button", className: "cell", tabIndex: index ? -1 : 0 });
    place(cell, x / width, y / height, w / width, h / height);
    cell.style.setProperty("--hue", this.hueOf(child));
    cell.setAttribute("aria-label", `${child.name}, ${human(child.size)}${this.isChanged(child) ? ", changed" : ""}`);
    cell.dataset.size = child.size;
    cell.classList.toggle("leaf", !child.children);
    cell.classList.toggle("changed", this.isChanged(child));
    for (const [node, cx, cy, cw, ch, plain] of within(child, 0, 0, w, h)) {
      const inner = make("i", {});
      place(inner, cx / w, cy / h, cw / w, ch / h);
      if (plain && cw > NAME[0] && ch > NAME[1] && (cx || cy)) inner.textContent = short(node);
      cell.append(inner);
    }
    if (w > LABEL[0] && h > LABEL[1]) cell.append(label(child, h));
    cell.addEventListener("click", () => (child.children ? this.zoom([...this.path, child]) : this.tell(child)));
    cell.addEventListener("mouseenter", () => this.tell(child));
    cell.addEventListener("focus", () => this.tell(child));
    return cell;
  }

  hueOf(child) {
    return this.byLayer ? HUES[child.layer % HUES.length] : child.hue;
  }

  isChanged(child) {
    return Boolean(child.group) && this.changed.has(child.name);
  }

  crumbs() {
    const last = this.path.length - 1;
    this.trail.replaceChildren(
      ...this.path.map((each, index) => {
        if (index === last) return make("span", { textContent: `${each.name}  ${human(each.size)}` });
        const button = make("button", { type: "button", textContent: each.name });
        button.addEventListener("click", () => this.zoom(this.path.slice(0, index + 1)));
        return button;
      }),
    );
  }

  tell(child) {
    const parts = [child.name, human(child.size)];
    if (child.count > 1) parts.push(`${child.count} files`);
    const owner = child.owner !== undefined && child.owner !== NOBODY ? this.data.packages[child.owner] : null;
    if (owner && owner[0] !== child.name) parts.push(`of ${owner[0]}`);
    if (owner) parts.push(reason(this.data, owner));
    if (!child.children) parts.push(`in layer ${child.layer + 1}`);
    this.detail.textContent = parts.join(" · ");
  }
}

// Whether a colour can stand for a layer: not for one alone, and not for more than there are colours.
function colouredByLayer(data) {
  return data.layers.length > 1 && data.layers.length <= HUES.length;
}

function hue(child, index) {
  child.hue = HUES[(index === null ? 0 : index) % HUES.length];
  for (const inner of child.children || []) {
    inner.hue = child.hue;
    if (inner.children) hue(inner, index);
  }
}

// What is in a node, and in what is in it, as far as it can be seen.
function within(top, x, y, width, height) {
  if (!top.children || width < INNER[0] || height < INNER[1]) return [];
  return squarify(top.children, x, y, width, height)
    .filter(([, , , w, h]) => w > 3 && h > 3)
    .flatMap((cell) => {
      const below = within(...cell);
      return [[...cell, !below.length], ...below];
    });
}

// The way below a node to the package of that index.
function find(top, index) {
  for (const child of top.children || []) {
    if (child.group && child.owner === index) return [child];
    const below = child.group ? null : find(child, index);
    if (below) return [child, ...below];
  }
  return null;
}

function place(element, x, y, width, height) {
  const values = { left: x, top: y, width, height };
  for (const [name, value] of Object.entries(values)) element.style[name] = `${value * 100}%`;
}

// The last part of a path.
function short(child) {
  return child.name.startsWith("/") ? child.name.slice(child.name.lastIndexOf("/") + 1) : child.name;
}

function label(child, height) {
  const text = make("b", { textContent: child.file ? short(child) : child.name });
  if (height > 38) text.append(make("small", { textContent: human(child.size) }));
  return text;
}
