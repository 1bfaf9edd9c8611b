// Rows of files become trees: by package, by layer, or by directory.

const NOBODY = -1;
const MANY = 40; // files of a node from which on directories make them easier to read
const MOST = 500; // rectangles drawn at once; the smallest become one that can be zoomed into

const MODES = {
  package: ["Package", (data) => byPackage(data, data.tree)],
  layer: ["Layer", (data) => byLayer(data)],
  directory: ["Directory", (data) => byDirectory(data.tree)],
};

function node(name, children, more) {
  if (children.length === 1 && children[0].children) children = children[0].children;
  const size = children.reduce((sum, child) => sum + child.size, 0);
  const count = children.reduce((sum, child) => sum + child.count, 0);
  children.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  return { name, size, count, layer: dominant(children), children: capped(children), ...more };
}

function leaf([path, size, owner, layer, count]) {
  const name = count ? `${count} smaller files${path ? ` in /${path}` : ""}` : `/${path}`;
  return { name, size, layer, owner, count: count || 1, file: !count };
}

// The layer that most bytes are in.
function dominant(children) {
  const sizes = new Map();
  for (const child of children) sizes.set(child.layer, (sizes.get(child.layer) || 0) + child.size);
  return [...sizes].reduce((best, each) => (each[1] > best[1] ? each : best), [0, -1])[0];
}

function capped(children) {
  if (children.length <= MOST) return children;
  const rest = children.slice(MOST - 1);
  return [...children.slice(0, MOST - 1), node(`${rest.length} smaller`, rest)];
}

function grouped(rows, key) {
  const found = new Map();
  for (const row of rows) {
    if (!found.has(key(row))) found.set(key(row), []);
    found.get(key(row)).push(row);
  }
  return [...found];
}

function byPackage(data, rows) {
  return grouped(rows, (row) => row[2]).map(([index, own]) =>
    node(index === NOBODY ? "no package" : data.packages[index][0], inside(own), { owner: index, group: true }),
  );
}

function byLayer(data) {
  return grouped(data.tree, (row) => row[3]).map(([index, own]) =>
    node(`layer ${index + 1}: ${data.layers[index][4] || data.layers[index][0].slice(7, 19)}`, byPackage(data, own)),
  );
}

function inside(rows) {
  return rows.length < MANY ? rows.map(leaf) : byDirectory(rows);
}

function byDirectory(rows) {
  return directory(rows, 0, "");
}

// What lies in the directory whose name takes the first start letters; directories with one child are skipped.
function directory(rows, start, above) {
  const nodes = [];
  const firstOf = (row) => (row[4] ? row[0] + "/" : row[0]).slice(start).split("/", 1)[0];
  const deeper = rows.filter((row) => !row[4] && row[0].indexOf("/", start) >= 0);
  const here = rows.filter((row) => row[4] || row[0].indexOf("/", start) < 0);
  if (start) nodes.push(...here.map(leaf));
  else nodes.push(...here.filter((row) => !row[4] || !row[0]).map(leaf));
  const small = start ? [] : here.filter((row) => row[4] && row[0]);
  for (const [name, own] of grouped([...deeper, ...small], firstOf)) {
    const path = `${above}/${name}`;
    const plain = own.filter((row) => !row[4]);
    const children = [
      ...directory(plain, start + name.length + 1, path),
      ...own.filter((row) => row[4]).map((row) => leaf(["", ...row.slice(1)])),
    ];
    nodes.push(children.length === 1 && !children[0].file ? children[0] : node(path, children));
  }
  return nodes;
}
