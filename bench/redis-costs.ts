import { Redis } from "ioredis";
import { createConversations } from "./conversation-pool.ts";

/** What Redis does, for one turn or one token. */
export type RedisCosts = {
  readonly commands: number;
  readonly bytesThere: number;
  readonly bytesBack: number;
  readonly cpuMicroseconds: number;
};

type Counted = { readonly [Name in keyof RedisCosts]: number } & { readonly atMs: number };

const IDLE_MS = 3000;
const PER_CONVERSATION = 4;
const TOKENS = 400;
const TOKEN_GAP_MS = 5;

const HEADERS = { authorization: "Bearer bench", "content-type": "application/json" };

/** Counts at Redis. What is done by the clock (signs of life) is counted alone, and taken off. */
export async function measureRedisCosts(
  redisUrl: string,
  here: number,
  elsewhere: number,
  turns: number,
): Promise<{ turn: RedisCosts; watchedToken: RedisCosts; idleCommandsPerSecond: number }> {
  const redis = new Redis(redisUrl);
  const read = async (): Promise<Counted> => {
    const text = await redis.info();
    const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "mu").exec(text)?.[1]);
    return {
      commands: number("total_commands_processed"),
      bytesThere: number("total_net_input_bytes"),
      bytesBack: number("total_net_output_bytes"),
      cpuMicroseconds: 1e6 * (number("used_cpu_user") + number("used_cpu_sys")),
      atMs: performance.now(),
    };
  };
  const pause = () => new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleFrom = await read();
  await pause();
  const idleTo = await read();
  const per = (from: Counted, to: Counted, count: number): RedisCosts => {
    const share = (to.atMs - from.atMs) / (idleTo.atMs - idleFrom.atMs);
    const cost = (name: keyof RedisCosts) =>
      (to[name] - from[name] - share * (idleTo[name] - idleFrom[name])) / count;
    return {
      commands: cost("commands"),
      bytesThere: cost("bytesThere"),
      bytesBack: cost("bytesBack"),
      cpuMicroseconds: cost("cpuMicroseconds"),
    };
  };
  const url = (port: number, path: string) => `http://127.0.0.1:${port}/v1/chat${path}`;
  const say = (port: number, path: string, content: string) =>
    fetch(url(port, path), {
      method: "POST",
      headers: HEADERS,
      body: JSON.stringify({ content, model: "mock" }),
    });

  const ids = await createConversations(here, turns / PER_CONVERSATION);
  const before = await read();
  for (let turn = 0; turn < turns; turn++) {
    const answer = await say(here, `/conversations/${ids[turn % ids.length]}/messages`, "Hello");
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  const after = await read();

  const content = `[[mock n=${TOKENS} gap=${TOKEN_GAP_MS} ttft=500 bytes=4]]`;
  const path = `/conversations/${ids[0]}/messages/stream`;
  const streamed = await say(here, path, content);
  const watchedFrom = await read();
  const watched = await fetch(url(elsewhere, path), { headers: HEADERS });
  await Promise.all([streamed.text(), watched.text()]);
  const watchedTo = await read();
  redis.disconnect();
  return {
    turn: per(before, after, turns),
    watchedToken: per(watchedFrom, watchedTo, TOKENS),
    idleCommandsPerSecond:
      (idleTo.commands - idleFrom.commands) / ((idleTo.atMs - idleFrom.atMs) / 1000),
  };
}
