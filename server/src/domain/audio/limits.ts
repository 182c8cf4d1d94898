/** The maximum length of one utterance: two minutes at 16 kHz. */
export const MAX_UTTERANCE_SAMPLES = 16_000 * 120;

/** The same limit in words for the speaker. */
export const UTTERANCE_TOO_LONG = "That was more than two minutes without a pause";
