import { useMedia } from "./use-media.ts";

const PHONE = "(max-width: 48rem)";

const AT_THE_FOOT = {
  wrapperProps: { style: { top: "auto", bottom: 0, width: "100%" } },
  updatePosition: () => {},
} as const;

/** What makes a menu or a list a sheet at the foot of a phone's page, rather than something beside its button. */
export const useSheet = () => (useMedia(PHONE) ? AT_THE_FOOT : {});
