// The picture of an authenticator's secret, as the server has drawn it. Its document is not parsed, so that nothing in it can become
// code: of what the server writes, the size and the path are read, and the picture is built anew.

const SVG = 'http://www.w3.org/2000/svg';
const DRAWN = /^<svg [^>]*viewBox="0 0 (\d+) (\d+)"[^>]*>.*<path d="([Mhvz\d .-]+)"\/><\/svg>$/s;

/** The picture, which `label` names; `undefined` if it is drawn in another way. */
export function qrCode(drawn: string, label: string): SVGSVGElement | undefined {
  const [, width, height, modules] = DRAWN.exec(drawn) ?? [];
  if (width === undefined || height === undefined || modules === undefined) return undefined;
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, 'shape-rendering': 'crispEdges', class: 'qr', role: 'img', 'aria-label': label });
  // White around it in the dark too: many cameras read no light modules on a dark page.
  svg.append(shape('path', { fill: '#fff', d: `M0 0h${width}v${height}H0z` }), shape('path', { fill: '#000', d: modules }));
  return svg;
}

function shape<Name extends 'svg' | 'path'>(name: Name, attributes: Record<string, string>): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name) as SVGElementTagNameMap[Name];
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
