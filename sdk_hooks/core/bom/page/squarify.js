"use strict";

// Squarified treemaps (Bruls, Huizing, van Wijk 2000): areas are exactly as the sizes, rectangles near squares.
// Gives [node, x, y, width, height] for each of nodes, which have sizes above 0 and come largest first.
function squarify(nodes, x, y, width, height) {
  const out = [];
  let total = nodes.reduce((sum, node) => sum + node.size, 0);
  let start = 0;
  while (start < nodes.length) {
    const side = Math.min(width, height);
    const scale = (width * height) / total;
    let end = start;
    let sum = 0;
    let worst = Infinity;
    while (end < nodes.length) {
      const next = sum + nodes[end].size;
      const ratio = worstRatio(nodes[start].size * scale, nodes[end].size * scale, next * scale, side);
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      end += 1;
    }
    const thick = (sum * scale) / side || 0;
    let along = 0;
    for (const node of nodes.slice(start, end)) {
      const length = (node.size / sum) * side;
      out.push(width >= height ? [node, x, y + along, thick, length] : [node, x + along, y, length, thick]);
      along += length;
    }
    if (width >= height) {
      x += thick;
      width -= thick;
    } else {
      y += thick;
      height -= thick;
    }
    total -= sum;
    start = end;
  }
  return out;
}

// The worst ratio of sides in a row whose largest and smallest areas and sum are given.
function worstRatio(largest, smallest, sum, side) {
  const squared = (sum / side) ** 2;
  return Math.max(largest / squared, squared / smallest);
}
