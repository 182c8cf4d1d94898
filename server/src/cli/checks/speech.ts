import { INSTALL_POCKETSPHINX } from "../../adapters/speech/pocketsphinx/find.ts";
import type { Config } from "../../config/config.ts";
import { chooseSpeech } from "../../wiring/speech.ts";
import { type Finding, failure, fine, warning, wordsOf } from "./finding.ts";

const CHECK = "speech";

/** Checks which speech engines are used, and whether they start. */
export async function checkSpeech(config: Config): Promise<Finding[]> {
  const speech = await chooseSpeech(config, () => {});
  try {
    const { transcriber, synthesizer } = speech;
    const hears = transcriber
      ? await works(transcriber, `speech is understood by ${transcriber.name}`)
      : warning(
          CHECK,
          "no recogniser is installed: typed text is answered, speech is not understood",
          `${INSTALL_POCKETSPHINX} (English; its accuracy is basic), or set STT_BASE_URL or STT_MODEL_DIR`,
        );
    const speaks =
      synthesizer && (await works(synthesizer, `replies are spoken by ${synthesizer.name}`));
    return speaks ? [hears, speaks] : [hears];
  } finally {
    await speech.close();
  }
}

const works = (engine: { ready(): Promise<void> }, message: string): Promise<Finding> =>
  engine.ready().then(
    () => fine(CHECK, message),
    (error) => failure(CHECK, wordsOf(error), "see what the message says"),
  );
