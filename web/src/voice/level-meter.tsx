import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import styles from "./level-meter.module.css";
import type { VoiceTalk } from "./voice-talk.ts";

const BAR_PIXELS = 3;
const GAP_PIXELS = 3;
const BARS_PER_SECOND = 24;
const CALM_PER_SECOND = 4;
/** Speech is far from full scale; what is as loud as this fills the meter. */
const LOUDEST = 0.7;
/** Ears hear loudness rather by its ratios. */
const EXPONENT = 0.6;

type Bar = { readonly level: number; readonly of: "microphone" | "reply" };

/** How loud it is now, and was in the last seconds. With reduced motion, only how loud it is now. */
export function LevelMeter({ talk }: { readonly talk: VoiceTalk }) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const meter = useRef<HTMLMeterElement>(null);

  useEffect(() => {
    const surface = canvas.current;
    const drawing = surface?.getContext("2d");
    if (!surface || !drawing) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const bars: Bar[] = [];
    let loudest = 0;
    let nextAt = 0;
    let frame = 0;

    const draw = (now: number) => {
      frame = requestAnimationFrame(draw);
      const { value, of } = talk.level();
      loudest = Math.max(loudest, Math.min(1, (value / LOUDEST) ** EXPONENT));
      if (now < nextAt) return;
      nextAt = now + 1000 / (calm.matches ? CALM_PER_SECOND : BARS_PER_SECOND);
      bars.push({ level: loudest, of });
      if (meter.current) meter.current.value = loudest;
      loudest = 0;
      paint(surface, drawing, bars, calm.matches);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [talk]);

  return (
    <div className={styles.meter}>
      <meter ref={meter} className="visually-hidden" aria-label={t("voice.level")} value={0} />
      <canvas ref={canvas} className={styles.canvas} aria-hidden />
    </div>
  );
}

const SILENT: Bar = { level: 0, of: "microphone" };

function paint(
  surface: HTMLCanvasElement,
  drawing: CanvasRenderingContext2D,
  bars: Bar[],
  isCalm: boolean,
): void {
  const { clientWidth: width, clientHeight: height } = surface;
  const scale = devicePixelRatio;
  if (surface.width !== width * scale || surface.height !== height * scale) {
    surface.width = width * scale;
    surface.height = height * scale;
  }
  drawing.setTransform(scale, 0, 0, scale, 0, 0);
  drawing.clearRect(0, 0, width, height);
  const style = getComputedStyle(surface);
  const pitch = BAR_PIXELS + GAP_PIXELS;
  const count = Math.floor(width / pitch);
  bars.splice(0, bars.length - count);
  for (let place = 0; place < count; place++) {
    const { level, of } = (isCalm ? bars.at(-1) : bars[bars.length - count + place]) ?? SILENT;
    const isLit = !isCalm || place < level * count;
    const barHeight = isCalm ? height / 2 : Math.max(BAR_PIXELS, level * height);
    drawing.fillStyle = of === "reply" ? style.outlineColor : style.color;
    drawing.globalAlpha = isLit ? 0.35 + 0.65 * level : 0.15;
    drawing.beginPath();
    drawing.roundRect(place * pitch, (height - barHeight) / 2, BAR_PIXELS, barHeight, BAR_PIXELS);
    drawing.fill();
  }
}
