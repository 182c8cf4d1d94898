/** What one utterance may hold at 16 kHz: two minutes. */
export const MAX_UTTERANCE_SAMPLES = 16_000 * 120;

/** In words for the speaker. */
export const UTTERANCE_TOO_LONG = "That was more than two minutes without a pause";
