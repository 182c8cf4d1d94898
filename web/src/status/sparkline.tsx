import styles from "./sparkline.module.css";

export type Line = {
  /** In order of time; null: nothing to show at that moment. */
  readonly values: readonly (number | null)[];
  readonly look: "first" | "second" | "danger";
};

const WIDTH = 240;
const HEIGHT = 56;
const MARGIN = 3;

/** A small chart of how figures went. The words beside it say what it shows: `label` is its summary. */
export function Sparkline({
  lines,
  label,
  least = 1,
}: {
  readonly lines: readonly Line[];
  readonly label: string;
  /** The top of the scale where all values are below it. */
  readonly least?: number;
}) {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const highest = Math.max(least, ...values);
  return (
    <svg
      className={styles.chart}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line className={styles.ground} x1={0} x2={WIDTH} y1={HEIGHT - MARGIN} y2={HEIGHT - MARGIN} />
      {lines.map(({ values: of, look }) => (
        <path key={look} className={styles[look]} d={pathOf(of, highest)} />
      ))}
    </svg>
  );
}

/** A gap where a value is missing; a dot where it stands alone. */
function pathOf(values: readonly (number | null)[], highest: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  const height = HEIGHT - 2 * MARGIN;
  let isDrawing = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDrawing = false;
        return "";
      }
      const point = `${(index * step).toFixed(1)} ${(HEIGHT - MARGIN - (value / highest) * height).toFixed(1)}`;
      const command = isDrawing ? `L${point}` : `M${point}h0.1`;
      isDrawing = true;
      return command;
    })
    .join("");
}
