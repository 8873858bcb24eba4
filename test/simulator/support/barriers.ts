/** Runs in the page: controls without a name, texts too faint for their ground (WCAG AA), and the landmarks. */
export function lookForBarriers() {
  type Colour = [number, number, number, number];
  const colourOf = (text: string): Colour => {
    const [a = 0, b = 0, c = 0, d = 1] = (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    return text.startsWith("color(srgb") ? [a * 255, b * 255, c * 255, d] : [a, b, c, d];
  };
  const over = (top: Colour, under: Colour): Colour =>
    [0, 1, 2].map((i) => top[i]! * top[3] + under[i]! * (1 - top[3])).concat(1) as Colour;
  const luminance = (colour: Colour): number => {
    const [r, g, b] = colour.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const groundOf = (element: Element): Colour => {
    const grounds: Colour[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const ground = colourOf(getComputedStyle(at).backgroundColor);
      grounds.push(ground);
      if (ground[3] === 1) break;
    }
    return grounds.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const isSeen = (element: Element): boolean => element.checkVisibility() && element.getClientRects().length > 0;
  for (const animation of document.getAnimations()) animation.finish();

  const nameOf = (element: Element): string => {
    const labels = "labels" in element ? [...((element.labels as NodeListOf<Element> | null) ?? [])] : [];
    return [
      element.getAttribute("aria-label"),
      ...labels.map((label) => label.textContent),
      element.tagName === "BUTTON" ? element.textContent : "",
    ]
      .join("")
      .trim();
  };
  const nameless = [...document.querySelectorAll("button, input, select, [role=region], section")]
    .filter((element) => isSeen(element) && nameOf(element) === "")
    .map((element) => element.outerHTML.slice(0, 120));

  const faint = [...document.querySelectorAll("body *")]
    .filter(
      (element) =>
        isSeen(element) &&
        !element.closest(":disabled, .hidden") &&
        [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
    )
    .flatMap((element) => {
      const ground = groundOf(element);
      const [a, b] = [luminance(over(colourOf(getComputedStyle(element).color), ground)), luminance(ground)].sort(
        (x, y) => y - x,
      ) as [number, number];
      const ratio = (a + 0.05) / (b + 0.05);
      return ratio >= 4.5 ? [] : [`${element.className} "${element.textContent.slice(0, 30)}" ${ratio.toFixed(2)}`];
    });
  const count = (selector: string): number => document.querySelectorAll(selector).length;
  return {
    nameless,
    faint: [...new Set(faint)],
    landmarks: { h1: count("h1"), main: count("main"), header: count("header"), aside: count("aside") },
  };
}
