import { ExternalLink, Image } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { API_BASE_URL } from "../../settings.ts";
import { Button } from "../../ui/button.tsx";
import styles from "./markdown.module.css";

/**
 * An image of another host. To load it would tell that host who reads this, and in its address
 * whatever a model was made to write there: so it is a link until one asks for this very image.
 */
export function RemoteImage({ source, alt }: { readonly source: string; readonly alt: string }) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  if (!/^https?:/i.test(source) || !URL.canParse(source)) return <span>{alt}</span>;
  const url = new URL(source);
  const name = alt || t("markdown.image");
  if (isShown)
    return (
      <iframe
        className={styles.frame}
        title={name}
        src={`${API_BASE_URL}/app/image?src=${encodeURIComponent(url.href)}`}
        sandbox=""
        referrerPolicy="no-referrer"
      />
    );
  return (
    <span className={styles.image}>
      <Image size={16} aria-hidden />
      <a href={url.href} target="_blank" rel="noopener noreferrer nofollow">
        {name} <ExternalLink size={12} aria-hidden />
      </a>
      <Button look="outlined" className={styles.show} onClick={() => setShown(true)}>
        {t("markdown.showImage", { host: url.host })}
      </Button>
    </span>
  );
}
