/**
 * The answer, if it comes in that time. What came while this process itself was busy is read before it is given up:
 * a process without a free moment is no reason to take Redis for one that is away.
 * @throws Error when there is none; whatever the answer throws
 */
export function answeredWithin<Answer>(
  answer: Promise<Answer>,
  timeoutMs: number,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const giveUp = () => reject(new Error(`No answer within ${timeoutMs} ms`));
  // Between a timer and the second of these all connections are read.
  const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), timeoutMs);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
