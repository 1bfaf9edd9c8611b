// Puts it all on the page.

function byId(id) {
  return document.getElementById(id);
}

function tiles(list, entries) {
  for (const [title, value, more] of entries) {
    const text = make("dd", {}, value, ...(more ? [make("small", { textContent: ` ${more}` })] : []));
    list.append(make("div", {}, make("dt", { textContent: title }), text));
  }
}

function chip(layer) {
  const mark = make("span", { className: "chip" });
  mark.style.setProperty("--hue", HUES[layer % HUES.length]);
  return mark;
}

function head(data) {
  byId("name").textContent = data.name || "image";
  byId("digest").textContent = data.digest;
  tiles(byId("tiles"), [
    ["Size", human(data.size), plural(data.files, "file")],
    ["Packages", String(data.packages.length)],
    ["Layers", String(data.layers.length)],
    ["Of no package", human(data.unowned[1]), plural(data.unowned[0], "file")],
    ["Hidden", human(data.wasted)],
    ["Platform", data.platform],
  ]);
  byId("remarks").hidden = !data.remarks.length;
  byId("remarks").append(...data.remarks.map((text) => make("li", { textContent: text })));
}

function packages(data, open) {
  const most = Math.max(...data.packages.map((row) => row[3]), 0);
  const places = new Map(data.packages.map((row, index) => [row, index]));
  const name = (row) => {
    const button = make("button", { type: "button", className: "link", textContent: row[0], title: "Show in the treemap" });
    button.addEventListener("click", () => open(places.get(row)));
    return make("span", {}, button, ...(row[9] ? [make("small", { textContent: row[9] })] : []));
  };
  const columns = [
    ["Package", "name text", (row) => row[0], name],
    ["Version", "version", (row) => row[1], (row) => row[1] || "-"],
    ["Size", "size", (row) => row[3], (row) => meter(row[3], most)],
    ["Files", "number", (row) => row[4], (row) => row[4]],
    ["Layer", "number", (row) => row[5][0] ?? -1, (row) => row[5].map((layer) => layer + 1).join(", ") || "-"],
    ["Licence", "text", (row) => row[6], (row) => clamped(row[6])],
    ["Recipe", "text", (row) => row[7], (row) => row[7] || "-"],
    ["Why", "text", (row) => row[11].length, (row) => reason(data, row)],
  ];
  const text = (row) => [row[0], row[1], row[2], row[6], row[7], row[8], row[9], reason(data, row)].join(" ");
  const table = new Searchable(byId("packages"), columns, data.packages, text);
  table.sort(2, true);
  const find = () => {
    const count = table.search(byId("search").value);
    byId("found").textContent = `${count} of ${plural(data.packages.length, "package")}`;
  };
  byId("search").addEventListener("input", find);
  find();
}

function layers(data) {
  const most = Math.max(...data.layers.map((layer) => layer[1]), 0);
  const sent = new Set(data.difference ? data.difference.sent : []);
  const rows = data.layers.map(([digest, size, files, hidden, comment], index) => [
    make("span", {}, ...(colouredByLayer(data) ? [chip(index)] : []), String(index + 1)),
    make("span", { className: "mono", textContent: digest.slice(7, 19), title: digest }),
    meter(size, most),
    files,
    hidden ? human(hidden) : "-",
    comment || "-",
    ...(data.difference ? [sent.has(digest) ? "new" : "shared"] : []),
  ]);
  const columns = [["Layer", ""], ["Digest", ""], ["Size", "size"], ["Files", "number"], ["Hidden", "number"], ["What", "text"]];
  if (data.difference) columns.push(["Redeploy", ""]);
  fill(byId("layers"), columns, rows.reverse());
  if (!data.hidden.length) return;
  const count = data.hidden.length + data.moreHidden;
  const more = data.moreHidden ? `, the largest ${data.hidden.length} of them` : "";
  byId("hidden-details").hidden = false;
  byId("hidden-details").firstElementChild.textContent = `${plural(count, "hidden file")}, ${human(data.wasted)}${more}`;
  const lines = data.hidden.map(([path, size, layer, by]) => [path, human(size), layer + 1, by + 1]);
  fill(byId("hidden"), [["Path", "text"], ["Size", "number"], ["In layer", "number"], ["Hidden by", "number"]], lines);
}

function difference(data) {
  const found = data.difference;
  byId("difference").hidden = false;
  const size = data.layers.filter((layer) => found.sent.includes(layer[0])).reduce((sum, layer) => sum + layer[1], 0);
  tiles(byId("difference-tiles"), [
    ["From", found.old.name || found.old.digest.slice(0, 19)],
    ["Size", delta(data.size - found.old.size), `${human(found.old.size)} \u2192 ${human(data.size)}`],
    ["Shared layers", String(found.shared[0]), human(found.shared[1])],
    ["Sent by a redeploy", plural(found.sent.length, "layer"), `${human(size)} before compression`],
    ["Files", Object.entries(found.counts).map(([change, count]) => `${count} ${change}`).join(", ") || "the same"],
  ]);
  const tables = byId("difference-tables");
  const add = (title, columns, rows) => rows.length && tables.append(captioned(title, columns, rows));
  const or = (text) => text || "-";
  add("Settings", [["Setting", ""], ["Old", "text"], ["New", "text"]], found.settings.map((row) => row.map(or)));
  add(
    "Packages",
    [["Package", ""], ["Change", ""], ["Old", "text"], ["New", "text"], ["Size", "number"]],
    found.packages.map(([name, change, old, now, more]) => [name, change, or(old), or(now), delta(more)]),
  );
  if (!found.files.length) return;
  const total = Object.values(found.counts).reduce((sum, count) => sum + count, 0);
  const title = plural(total, "changed file") + (total > found.files.length ? `, ${found.files.length} of them` : "");
  const rows = found.files.map(([path, change, more]) => [path, change, delta(more)]);
  const table = captioned("Files", [["File", "text"], ["Change", ""], ["Size", "number"]], rows);
  table.querySelector("caption").hidden = true;
  tables.append(make("details", { open: total <= 10 }, make("summary", { textContent: title }), table));
}

function legend(data, changed) {
  if (colouredByLayer(data)) {
    data.layers.forEach((layer, index) => {
      byId("legend").append(make("li", {}, chip(index), `${index + 1} ${layer[4].slice(0, 40)}`));
    });
  }
  if (changed.size) byId("legend").append(make("li", {}, make("span", { className: "chip mark" }), "changed"));
}

function main() {
  const data = JSON.parse(byId("data").textContent);
  const changed = new Set(data.difference ? data.difference.packages.map((row) => row[0]) : []);
  head(data);
  if (data.difference) difference(data);
  const elements = { map: byId("map"), modes: byId("modes"), trail: byId("trail"), detail: byId("detail") };
  const map = new Treemap(data, elements, changed);
  legend(data, changed);
  packages(data, (index) => {
    map.open(index);
    byId("map-title").scrollIntoView({ block: "start" });
    map.focus(0);
  });
  byId("packages-section").hidden = !data.packages.length;
  layers(data);
  fill(byId("config"), [["Setting", ""], ["Value", "text"]], data.config);
}

main();
