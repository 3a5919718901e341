// Cycles in a graph of files.

/** Cycles as lists of arrows: the shortest through each file, unless the file is on one already. */
export function cycles(arrows) {
  const outgoing = new Map();
  for (const arrow of arrows) {
    if (arrow.from === arrow.to) continue;
    if (!outgoing.has(arrow.from)) outgoing.set(arrow.from, []);
    outgoing.get(arrow.from).push(arrow);
  }
  const found = [];
  const reported = new Set();
  for (const start of [...outgoing.keys()].sort()) {
    const cycle = reported.has(start) ? undefined : shortest(start, outgoing);
    if (!cycle) continue;
    found.push(cycle);
    for (const { from } of cycle) reported.add(from);
  }
  return found;
}

/** The shortest way from `start` back to it, or nothing. */
function shortest(start, outgoing) {
  const ways = [[start, []]];
  const seen = new Set();
  for (const [file, way] of ways) {
    for (const arrow of outgoing.get(file) ?? []) {
      if (arrow.to === start) return [...way, arrow];
      if (seen.has(arrow.to)) continue;
      seen.add(arrow.to);
      ways.push([arrow.to, [...way, arrow]]);
    }
  }
  return undefined;
}
