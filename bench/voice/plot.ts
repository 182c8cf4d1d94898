/* The trade-off as a picture. */
import type { Point, TradeOff } from "./trade-off.ts";

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 56;
const BOTTOM = 56;
const MAX_MS = 1200;
const TARGET_SHARE = 0.1;
const FIXED = "#8a8f98";
const OURS = "#1565c0";

export function plot({ turns, fixed, adaptive }: TradeOff): string {
  const x = (ms: number) => LEFT + (ms / MAX_MS) * (WIDTH - LEFT - RIGHT);
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const shown = (points: readonly Point[]) =>
    points.filter((point) => point.fluentMs <= MAX_MS && point.cutShare <= 1);
  const text = (atX: number, atY: number, words: string, more = "") =>
    `<text x="${atX.toFixed(0)}" y="${atY.toFixed(0)}" ${more}>${words}</text>`;
  const series = (points: readonly Point[], colour: string, label: (point: Point) => string) => {
    const places = shown(points).map((point) => ({
      point,
      at: [x(point.fluentMs), y(point.cutShare)] as const,
    }));
    const line = places.map(({ at }) => at.map((value) => value.toFixed(1)).join(",")).join(" ");
    return [
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...places.flatMap(({ point, at }) => [
        `<circle cx="${at[0].toFixed(1)}" cy="${at[1].toFixed(1)}" r="4" fill="${colour}"/>`,
        text(at[0] + 8, at[1] - 6, label(point), `fill="${colour}"`),
      ]),
    ];
  };
  const lines = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}" stroke="#e3e5e8"/>`,
    text(LEFT - 8, y(share) + 4, `${share * 100}%`, 'text-anchor="end"'),
  ]);
  const marks = [0, 200, 400, 600, 800, 1000, 1200].map((ms) =>
    text(x(ms), HEIGHT - BOTTOM + 20, String(ms), 'text-anchor="middle"'),
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#3c4149">`,
    `<title>Turns cut off against the wait at the end of a turn</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(
      LEFT,
      24,
      `Turns cut off in a pause of 200 to 800 ms (${turns} turns)`,
      'font-size="14" font-weight="600"',
    ),
    text(LEFT, 42, "a fixed silence", `fill="${FIXED}"`),
    text(LEFT + 110, 42, "by the words (1× is what is built in)", `fill="${OURS}"`),
    ...lines,
    ...marks,
    text(
      (WIDTH + LEFT - RIGHT) / 2,
      HEIGHT - 14,
      "mean wait after a sentence without pauses, ms",
      'text-anchor="middle"',
    ),
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(TARGET_SHARE)}" y2="${y(TARGET_SHARE)}" stroke="#c62828" stroke-dasharray="5 4"/>`,
    text(WIDTH - RIGHT, y(TARGET_SHARE) - 5, "at most 10%", 'text-anchor="end" fill="#c62828"'),
    ...series(fixed, FIXED, (point) => `${point.setting} ms`),
    ...series(adaptive, OURS, (point) => `${point.setting}×`),
    "</svg>",
  ].join("\n")}\n`;
}
