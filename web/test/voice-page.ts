// What a page that speaks does: the messages of its socket, and the sounds that it plays.
import type { Page } from "playwright-core";

type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** Both ways of the page's voice sockets, from now on. */
export function watchSocket(page: Page) {
  const addresses: string[] = [];
  const sent: Message[] = [];
  const received: Message[] = [];
  let changed = Promise.withResolvers<void>();
  const take = (list: Message[]) => (frame: { payload: string | Buffer }) => {
    list.push(JSON.parse(String(frame.payload)));
    changed.resolve();
    changed = Promise.withResolvers();
  };
  page.on("websocket", (socket) => {
    addresses.push(socket.url());
    socket.on("framesent", take(sent));
    socket.on("framereceived", take(received));
  });
  const of = (list: readonly Message[], type: string) =>
    list.filter((message) => message.type === type);
  const until = async (list: readonly Message[], type: string, count: number) => {
    while (of(list, type).length < count) await changed.promise;
  };
  return {
    addresses: () => addresses,
    sent: (type: string) => of(sent, type),
    received: () => received,
    /** The sentences that came as sound, each once, and how long each is, in milliseconds. */
    sentences: (): Record<string, number> =>
      Object.fromEntries(
        of(received, "ai_response")
          .filter(({ audio_data }) => audio_data !== "")
          .map(({ text, audio_data }) => [text, (atob(String(audio_data)).length - 44) / 32]),
      ),
    until: (type: string, count = 1) => until(received, type, count),
    untilSent: (type: string, count = 1) => until(sent, type, count),
  };
}

type Sounds = { startsAt: number; durationMs: number; isStopped: boolean; context: AudioContext }[];
declare const sounds: Sounds;

/** Notes every sound that the page plays from now on. */
export const recordSound = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const noted: Sounds = [];
    Object.assign(globalThis, { sounds: noted });
    const { start, stop } = AudioBufferSourceNode.prototype;
    const notes = new WeakMap<AudioBufferSourceNode, Sounds[number]>();
    AudioBufferSourceNode.prototype.start = function (when = 0) {
      const note = {
        startsAt: when,
        durationMs: (this.buffer?.duration ?? 0) * 1000,
        isStopped: false,
        context: this.context as AudioContext,
      };
      notes.set(this, note);
      noted.push(note);
      start.call(this, when);
    };
    AudioBufferSourceNode.prototype.stop = function () {
      const note = notes.get(this);
      if (note) note.isStopped = true;
      stop.call(this);
    };
  });

/** Those sounds; over is what has been played to its end. */
export const soundsOf = (page: Page) =>
  page.evaluate(() =>
    sounds.map(({ startsAt, durationMs, isStopped, context }) => ({
      durationMs,
      isStopped,
      isOver: startsAt + durationMs / 1000 <= context.currentTime,
    })),
  );
